"""A45 and A47: rare calls of the kernel, and higher limits."""

import ctypes
import platform
import struct

from rsi.attacks.model import EVERY_TIER, Attack, Finding
from rsi.attacks.raw import attempts, says_so
from rsi.attacks.scene import Scene
from rsi.core.protocols import Limits
from rsi.core.records import Json

__all__ = ["ATTACKS"]

_FAMILY = "escape"

_RARE = """
def io_uring(_):
    return kernel(425, 425, 4, bytes(120)) >= 0


def bpf_map(_):
    return kernel(321, 280, 0, struct.pack("=IIIII", 2, 4, 4, 1, 0) + bytes(100), 72) >= 0


def bpf_program(_):
    code = ctypes.create_string_buffer(struct.pack("=BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0))
    license = ctypes.create_string_buffer(b"GPL")
    return kernel(321, 280, 5, struct.pack("=IIQQ", 1, 2, ctypes.addressof(code), ctypes.addressof(license)) + bytes(96), 72) >= 0


def _perf(pid):
    return kernel(298, 241, struct.pack("=IIQQQQQ", 1, 112, 0, 0, 0, 0, 0x61) + bytes(64), pid, -1, -1, 0) >= 0


def perf_of_itself(_):
    return _perf(0)


def perf_of_the_judge(at):
    return _perf(at["judge"])


def userfaultfd(_):
    return kernel(323, 282, 1) >= 0


def userfaultfd_by_its_device(_):
    return os.open("/dev/userfaultfd", os.O_RDWR) >= 0


def a_key(_):
    return kernel(248, 217, b"user", b"rsi-attack", b"x", 1, -2) > 0


def a_key_of_the_user(_):
    return kernel(250, 219, 0, -4, 1) > 0


def the_keyring_of_the_session(_):
    return kernel(250, 219, 0, -3, 1) > 0


def a_file_by_its_handle(at):
    mine = os.open(".", os.O_RDONLY)
    for place in (mine, os.open("/", os.O_RDONLY)):
        try:
            file = kernel(304, 265, place, bytes.fromhex(at["handle"]), os.O_RDONLY)
            return os.read(file, 1000).decode()
        except OSError:
            pass


def the_handle_of_a_file(_):
    return kernel(303, 264, -100, b"/", struct.pack("=II", 128, 0) + bytes(128), bytes(4), 0) == 0


def _of_the_judge(at, number):
    return os.pread(kernel(438, 438, kernel(434, 434, at["judge"], 0), number, 0), 1000, 0).decode()


def a_descriptor_of_the_judge(at):
    for number in range(3, 8):
        try:
            return _of_the_judge(at, number)
        except OSError:
            pass


def memory_of_the_judge(at):
    return kernel(310, 270, at["judge"], struct.pack("=PN", id(at), 8), 1, struct.pack("=PN", id(at), 8), 1, 0) > 0


def comparing_with_the_judge(at):
    return kernel(312, 272, at["judge"], os.getpid(), 1, 0, 0) >= 0


def fanotify(_):
    return kernel(300, 262, 0, 0) >= 0


def the_log_of_the_kernel(_):
    return kernel(103, 116, 3, ctypes.create_string_buffer(4096), 4096) > 0


def the_clock_of_the_machine(_):
    return kernel(227, 112, 0, struct.pack("=qq", *divmod(time.time_ns(), 10**9))) == 0


def a_local_descriptor_table(_):
    return kernel(154, None, 0, ctypes.create_string_buffer(64), 64) >= 0


def ports_of_the_machine(_):
    return kernel(172, None, 3) == 0


def secret_memory(_):
    return kernel(447, 447, 0) >= 0


def a_filter_that_asks_back(_):
    code = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
    return kernel(317, 277, 1, 8, struct.pack("=HxxxxxxP", 1, ctypes.addressof(code))) >= 0


def typing_into_the_terminal(_):
    import fcntl
    for fd in (0, 1, 2, 3):
        try:
            fcntl.ioctl(fd, 0x5412, b"x")
            return True
        except OSError:
            pass
    return os.open("/dev/tty", os.O_RDWR) >= 0


def calls_of_x32(_):
    return kernel(0x40000000 + 39, None) == os.getpid()


def calls_of_the_32_bit_table(_):
    if not X86:
        return None
    import mmap
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(bytes.fromhex("53b814000000cd805bc3"))
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() == os.getpid()
"""

_HIGHER = """
def _raise(name):
    what, most = getattr(resource, name), resource.RLIM_INFINITY
    words = struct.pack("=QQ", 1 << 40, 1 << 40)
    for act in (lambda: resource.setrlimit(what, (most, most)), lambda: resource.prlimit(0, what, (1 << 20, 1 << 40)),
                lambda: resource.prlimit(os.getpid(), what, (most, most)), lambda: kernel(160, 164, what, words),
                lambda: kernel(302, 261, 0, what, words, 0)):
        try:
            act()
        except (OSError, ValueError):
            pass


def descriptors(_):
    _raise("RLIMIT_NOFILE")
    return len([os.dup(0) for _ in range(100)]) == 100


def memory(_):
    _raise("RLIMIT_AS")
    return len(bytearray(600_000_000)) > 0


def the_size_of_a_file(_):
    _raise("RLIMIT_FSIZE")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open("big", "wb") as file:
        for _ in range(8):
            file.write(bytes(1_000_000))
            file.flush()
    return os.stat("big").st_size > 4_000_000


def processes(_):
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    _raise("RLIMIT_NPROC")
    return resource.getrlimit(resource.RLIMIT_NPROC) != before


def core_files(_):
    _raise("RLIMIT_CORE")
    return resource.getrlimit(resource.RLIMIT_CORE)[0] != 0


def priority(_):
    return os.nice(-5) < 0


def real_time(_):
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    return os.sched_getscheduler(0) == os.SCHED_FIFO


def cpu(_):
    _raise("RLIMIT_CPU")
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while time.process_time() < 2.6:
        pass
    return True
"""


def _rare(scene: Scene) -> Finding:
    told: Json = {"judge": scene.judge, "handle": _handle(str(scene.folder / "answers.json")).hex()}
    return attempts(scene, _RARE, told, what="the kernel gave what it must not", through=lambda reply: scene.knows(reply) or says_so(reply))


def _handle(path: str) -> bytes:
    """The kernel's own name for a file, with which root could open it from anywhere; empty where there is none."""
    numbers = {"x86_64": 303, "aarch64": 264}
    if platform.machine() not in numbers:
        return b""
    handle = ctypes.create_string_buffer(struct.pack("=II", 128, 0) + bytes(128), 136)
    got = ctypes.CDLL(None).syscall(numbers[platform.machine()], -100, path.encode(), handle, ctypes.create_string_buffer(8), 0)
    return bytes(handle.raw) if got == 0 else b""


def _higher(scene: Scene) -> Finding:
    limits = Limits(wall_s=20.0, cpu_s=1.0, memory_bytes=400_000_000, disk_bytes=1_000_000, files=64)
    return attempts(scene, _HIGHER, what="a limit was raised", limits=limits)


ATTACKS = (
    Attack(
        id="A45",
        name="io_uring, bpf, perf, userfaultfd, keys, handles, descriptors of others",
        family=_FAMILY,
        must="denied",
        run=_rare,
    ),
    Attack(id="A47", name="raise its own limits", family=_FAMILY, must="they stay", run=_higher, tiers=EVERY_TIER),
)
"""In the order of their numbers."""
