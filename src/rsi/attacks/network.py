"""A40–A41: talking to anybody outside, by every kind of socket and through the resolver."""

import socket
import sys
from pathlib import Path

from rsi.attacks.model import Attack, Finding
from rsi.attacks.raw import attempts
from rsi.attacks.scene import Scene
from rsi.core.protocols import Reply
from rsi.core.records import Outcome

__all__ = ["ATTACKS"]

_FAMILY = "escape"
_ECHOES = 64

_SOCKETS = """
def _to(family, kind, address, protocol=0):
    s = socket.socket(family, kind, protocol)
    s.settimeout(1)
    s.connect(address)
    s.send(b"leak")


def tcp(at):
    _to(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", at["tcp"]))


def tcp_on_any_address(at):
    _to(socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", at["tcp"]))


def tcp_as_ipv6(at):
    _to(socket.AF_INET6, socket.SOCK_STREAM, ("::ffff:127.0.0.1", at["tcp"]))


def tcp_without_connect(at):
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).sendto(b"leak", 0x20000000, ("127.0.0.1", at["tcp"]))


def multipath_tcp(at):
    _to(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", at["tcp"]), 262)


def tcp_by_number(at):
    s = kernel(41, 198, 2, 1, 0)
    kernel(42, 203, s, struct.pack("=HH4s8x", 2, socket.htons(at["tcp"]), bytes([127, 0, 0, 1])), 16)


def udp(at):
    _to(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", at["udp"]))


def udp_without_connect(at):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b"leak"], [], 0, ("127.0.0.1", at["udp"]))


def udp_as_ipv6(at):
    _to(socket.AF_INET6, socket.SOCK_DGRAM, ("::ffff:127.0.0.1", at["udp"]))


def udp_in_a_raw_packet(at):
    packet = struct.pack(">HHHH", 4711, at["udp"], 12, 0) + b"leak"
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP).sendto(packet, ("127.0.0.1", 0))


def udp_below_the_network_layer(at):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 32, 0, 0, 64, 17, 0x7CCB, bytes([127, 0, 0, 1]), bytes([127, 0, 0, 1]))
    s.sendto(ip + struct.pack(">HHHH", 4711, at["udp"], 12, 0) + b"leak", ("lo", 0x0800))


def unix_by_name(at):
    _to(socket.AF_UNIX, socket.SOCK_STREAM, at["named"])


def unix_through_a_link(at):
    os.symlink(at["named"], "ear")
    _to(socket.AF_UNIX, socket.SOCK_STREAM, "ear")


def unix_through_root_of_proc(at):
    _to(socket.AF_UNIX, socket.SOCK_STREAM, "/proc/self/root" + at["named"])


def unix_abstract(at):
    _to(socket.AF_UNIX, socket.SOCK_STREAM, chr(0) + at["abstract"])


def vsock_to_the_host(at):
    _to(socket.AF_VSOCK, socket.SOCK_STREAM, (2, at["vsock"]))


def vsock_to_itself(at):
    _to(socket.AF_VSOCK, socket.SOCK_STREAM, (1, at["vsock"]))


def _echo(kind):
    s = socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
    for number in range(64):
        s.sendto(struct.pack(">BBHHH", 8, 0, 0xF7FF - number, 0, number), ("127.0.0.1", 0))


def icmp_raw(at):
    _echo(socket.SOCK_RAW)


def icmp_as_ping(at):
    _echo(socket.SOCK_DGRAM)


def netlink(at):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.settimeout(1)
    s.send(struct.pack("=IHHII", 32, 18, 0x301, 1, 0) + bytes(16))
    return ["found", s.recv(1 << 16).decode("latin-1")]


def names_of_interfaces(at):
    return ["found", " ".join(name for _, name in socket.if_nameindex())]
"""

_NAMES = """
def _query():
    return struct.pack(">HHHHHH", 4711, 256, 1, 0, 0, 0) + b"\\x04leak\\x07example\\x07invalid\\x00\\x00\\x01\\x00\\x01"


def resolver_over_udp(at):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(_query(), ("127.0.0.1", at["udp"]))


def resolver_over_tcp(at):
    s = socket.create_connection(("127.0.0.1", at["tcp"]), 1)
    s.send(struct.pack(">H", len(_query())) + _query())


def the_c_library(at):
    LIBC.__res_init()
    LIBC.__res_state.restype = ctypes.c_void_p
    state = LIBC.__res_state()
    server = struct.pack("=HH4s8x", 2, socket.htons(at["udp"]), bytes([127, 0, 0, 1]))
    ctypes.memmove(state, struct.pack("=ii", 1, 1), 8)
    ctypes.memmove(state + 16, struct.pack("=i", 1) + server, 20)
    try:
        query = LIBC.res_query
    except AttributeError:
        query = ctypes.CDLL("libresolv.so.2").__res_query
    query(b"leak.example.invalid", 1, 1, ctypes.create_string_buffer(512), 512)


def _door(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(1)
    s.connect(path)
    return ["found", "a service"]


def the_name_service_cache(at):
    return _door("/var/run/nscd/socket")


def the_system_resolver(at):
    return _door("/run/systemd/resolve/io.systemd.Resolve")


def the_system_bus(at):
    return _door("/run/dbus/system_bus_socket")
"""


def _sockets(scene: Scene) -> Finding:
    own = {name for _, name in socket.if_nameindex()} - {"lo"} if sys.platform == "linux" else set()
    before = _echoes()

    def through(reply: Reply) -> bool:
        text = str(reply.value) if reply.outcome is Outcome.ANSWERED else ""
        return bool(scene.heard()) or any(name in text for name in own) or _echoes() - before >= _ECHOES

    return attempts(scene, _SOCKETS, scene.addresses(), what="the host was reached", through=through)


def _resolver(scene: Scene) -> Finding:
    def through(reply: Reply) -> bool:
        return bool(scene.heard()) or (reply.outcome is Outcome.ANSWERED and bool(reply.value))

    return attempts(scene, _NAMES, scene.addresses(), what="a resolver was reached", through=through)


def _echoes() -> int:
    """How many pings this machine has received."""
    counters = Path("/proc/net/snmp")
    lines = [line.split() for line in counters.read_text("utf-8").splitlines() if line.startswith("Icmp:")] if counters.exists() else []
    return int(dict(zip(*lines, strict=True))["InEchos"]) if len(lines) == 2 else 0


ATTACKS = (
    Attack(
        id="A40",
        name="TCP, UDP, ICMP, netlink, vsock and unix sockets to a listener",
        family=_FAMILY,
        must="nobody hears it",
        run=_sockets,
        quick=True,
    ),
    Attack(id="A41", name="ask a resolver for names", family=_FAMILY, must="no query arrives", run=_resolver),
)
"""In the order of their numbers."""
