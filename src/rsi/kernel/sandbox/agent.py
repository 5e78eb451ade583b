"""What the *agent* profile does inside: it may start processes, and none of them outlives, outgrows or leaves its call. Guest side: text.

A call is a family of processes with a PID namespace, a mount namespace and a memory file system of its own. Its process 1 is ours: it
reaps, it cannot be signalled from inside, and when it goes the machine's kernel kills all the others before anybody hears of the end.

Covers: system calls that a program on files needs, without ptrace, mounts, namespaces, keyring, bpf, perf, io_uring, userfaultfd, shared
memory that outlives a process, handles, clocks, modules; sockets other than AF_UNIX; writing anywhere but in its own file system; the sum
of processes and threads, of memory and of CPU time over the family; bytes and inodes of all its files together.
Does not cover: what is taken and given back between two looks of the watch (30 ms; `RLIMIT_NPROC` and cgroups, where they hold, have no
such gap); memory of the machine's kernel (pipes, sockets), bounded only by the number of descriptors and processes.
"""

import ctypes
import os
import platform
import re
import resource
import signal
import struct
import time
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rsi.kernel.sandbox.confine import drop_privileges, fence_files, filter_calls

__all__ = [
    "Audit",
    "dissolve",
    "found_family",
    "furnish",
    "give_up_as_agent",
    "own_mounts",
    "program_filter",
    "room_for_processes",
    "settle",
]

_SCRATCH = (("tmp", "/tmp"), ("shm", "/dev/shm"))
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm")
_OUR_ENTRIES, _ABOVE = 2 + len(_SCRATCH), 16
_NEWNS, _NEWPID, _ANY_NAMESPACE = 0x20000, 0x20000000, 0x7E020000
_PRIVATE, _BIND, _PLAIN, _DETACH = 0x44000, 0x1000, 0x6, 2
_PR_SET_DUMPABLE = 4

# What is left out of the calls up to `top`; of later ones only those of `_RECENT` pass. Then socket, socketpair, clone, prlimit64.
_LEFT_OUT = {
    "x86_64": (
        0xC000003E,
        334,
        "29-31 64-71 101 103 134-136 139 142 144 153-156 159 161 163-185 205-212 220 227 236-246 248-250 253-256 272 279 294 298 300-301 "
        "303-305 308 310-314 317 319-321 323 333",
        (41, 53, 56, 302),
    ),
    "aarch64": (
        0xC00000B7,
        293,
        "0-4 18 26-28 39-42 51 58 60 89 92 97 104-106 112 116-119 142 161-162 170-171 180-197 217-219 224-225 235-239 241 262-266 268 "
        "270-274 277 279-280 282 292",
        (198, 199, 220, 261),
    ),
}
_RECENT = "424 434 436-437 439 441 449 452"
_FIRST_LATE = 424


def give_up_as_agent(box: str, fence: bool) -> None:
    """Keep the right to read and execute all that the namespace shows, and to write the family's own file system."""
    if fence:
        fence_files([], [box, "/tmp", *_DEVICES], programs=("/",))
    filter_calls(program_filter())


def program_filter(machine: str = "") -> bytes:
    """The filter of system calls for programs on a processor (this one, if none is named), as BPF instructions.

    Raises:
        OSError: no table for this processor.
    """
    machine = machine or platform.machine()
    if machine not in _LEFT_OUT:
        raise OSError(f"no table of system calls for {machine}")
    arch, top, text, special = _LEFT_OUT[machine]
    load, equal, at_least, above, any_bit, give = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
    allow, refuse, unknown = (give, 0, 0, 0x7FFF0000), (give, 0, 0, 0x00050001), (give, 0, 0, 0x00050026)
    local = [(load, 0, 0, 16), (equal, 0, 1, 1), allow, refuse]
    plain = [(load, 0, 0, 16), (any_bit, 1, 0, _ANY_NAMESPACE), allow, refuse]
    own = [(load, 0, 0, 16), (equal, 4, 0, 0), (load, 0, 0, 32), (equal, 0, 3, 0), (load, 0, 0, 36), (equal, 0, 1, 0), allow, refuse]
    lines = [(load, 0, 0, 4), (equal, 1, 0, arch), refuse, (load, 0, 0, 0)]
    for number, body in zip(special, (local, local, plain, own), strict=True):
        lines += [(equal, 0, len(body), number), *body]
    for low, high in [*_gaps(_spans(text), top), *_spans(_RECENT)]:
        lines += [(at_least, 0, 2, low), (above, 1, 0, high), allow]
    lines += [(at_least, 0, 1, _FIRST_LATE), unknown, refuse]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _spans(text: str) -> list[tuple[int, int]]:
    return [(int(part.split("-")[0]), int(part.split("-")[-1])) for part in text.split()]


def _gaps(spans: list[tuple[int, int]], top: int) -> list[tuple[int, int]]:
    """What lies between spans, from 0 to `top`."""
    edges = [-1, *(edge for span in spans for edge in span), top + 1]
    return [(low + 1, high - 1) for low, high in zip(edges[::2], edges[1::2], strict=True) if low + 1 < high]


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def own_mounts() -> None:
    """Take a mount namespace of one's own, in which file systems can be put up and taken down.

    Raises:
        OSError: the right to do so is missing.
    """
    libc = _libc()
    _checked(libc.unshare(_NEWNS))
    _checked(libc.mount(None, b"/", None, _PRIVATE, None))


def furnish(box: str, most_bytes: int, most_entries: int) -> None:
    """Put up a fresh memory file system for one call, limited in bytes and inodes: a little above what it may have, so that more shows."""
    options = f"size={most_bytes + _ABOVE * os.sysconf('SC_PAGE_SIZE')},nr_inodes={most_entries + _ABOVE},mode=0700"
    _checked(_libc().mount(b"box", box.encode(), b"tmpfs", _PLAIN, options.encode()))
    for name, _ in _SCRATCH:
        os.mkdir(os.path.join(box, name), 0o1777)


def dissolve(box: str) -> bool:
    """Take the file system of a call down, with everything in it."""
    return int(_libc().umount2(box.encode(), _DETACH)) == 0


def found_family(box: str, work: Callable[[], None]) -> tuple[int, int]:
    """Start `work` as process 2 of a family; returns its process 1 and a descriptor that will tell how process 2 ended.

    Raises:
        OSError: no such namespaces, or no process to be had.
    """
    read, write = os.pipe()
    flags = _NEWPID | _NEWNS | signal.SIGCHLD
    first = _checked(_libc().syscall(_LEFT_OUT[platform.machine()][3][2], flags, 0, 0, 0, 0))
    if not first:
        try:
            _head(box, work, write)
        finally:
            os._exit(1)
    os.close(write)
    return first, read


def _head(box: str, work: Callable[[], None], write: int) -> None:
    """The life of process 1: private views of /proc, /tmp and /dev/shm, no rights, one child, everybody's reaper."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    libc = _libc()
    libc.mount(b"proc", b"/proc", b"proc", _PLAIN | 8, None)
    for name, place in _SCRATCH:
        _checked(libc.mount(os.path.join(box, name).encode(), place.encode(), None, _BIND, None))
    drop_privileges()
    second = os.fork()
    if not second:
        libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
        work()
    while True:
        gone, status = os.wait()
        if gone == second:
            os.write(write, str(status).encode())
            os._exit(0)


class Audit:
    """Looks from time to time what a family uses in all: its process 1 and whoever descends from it (orphans are handed to it)."""

    wait_s = 0.03

    def __init__(self, first: int, box: str, space: tuple[int, int], processes: int, memory_bytes: int, cpu_s: float) -> None:
        """Watch the family of process `first` for more than this; `space`: bytes and entries in its file system at `box`."""
        self.first, self.box, self.space = first, box, space
        self.processes, self.memory_bytes, self.ticks = processes, memory_bytes, cpu_s * os.sysconf("SC_CLK_TCK")

    def alarm(self) -> str:
        """Which limit the family is over: `full`, `processes`, `memory`, `cpu`, or an empty word. Shared pages count in each process."""
        if self.full():
            return "full"
        family = _family(self.first)
        if sum(int(fields[17]) for fields in family.values()) > self.processes:
            return "processes"
        if sum(_kilobytes(pid) for pid in family) * 1024 > self.memory_bytes:
            return "memory"
        ticks = sum(int(field) for fields in family.values() for field in fields[11:15])
        return "cpu" if ticks > self.ticks else ""

    def full(self) -> bool:
        """Whether its files are too many or too big."""
        state = os.statvfs(self.box)
        size, entries = (state.f_blocks - state.f_bfree) * state.f_frsize, state.f_files - state.f_ffree
        return size > self.space[0] or entries > self.space[1] + _OUR_ENTRIES


def settle(report: dict[str, object], word: int, audit: Audit) -> dict[str, object]:
    """The report with the end of process 2 in place of the end of process 1, if it got to say so, and a last look at its files."""
    said = os.read(word, 16)
    os.close(word)
    alarm = report["alarm"] or ("full" if audit.full() else "")
    return {**report, "alarm": alarm, **({"status": int(said)} if said else {})}


def _family(first: int) -> dict[int, list[bytes]]:
    """The fields of /proc/PID/stat behind the name, of a process and all that descend from it."""
    states = {int(name): _proc(name, "stat").rpartition(b")")[2].split() for name in os.listdir("/proc") if name.isdigit()}
    seen = {pid: fields for pid, fields in states.items() if fields}
    found = {first}
    while more := {pid for pid, fields in seen.items() if int(fields[1]) in found} - found:
        found |= more
    return {pid: seen[pid] for pid in found if pid in seen}


def _kilobytes(pid: int) -> int:
    """Memory of its own, or shared without a file."""
    return sum(map(int, re.findall(rb"^Rss(?:Anon|Shmem):\s+(\d+)", _proc(str(pid), "status"), re.MULTILINE)))


def _proc(pid: str, name: str) -> bytes:
    """A file of /proc, empty if the process is gone."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def room_for_processes() -> int:
    """The least RLIMIT_NPROC with which process 2 of a family exists but can start nobody; 0 where the limit does not bind."""
    for most in range(1, 12):
        if _can_start(most):
            return most if most > 1 else 0
    return 0


def _can_start(most: int) -> bool:
    """Whether a child of ours can start a child under this limit."""
    child = os.fork()
    if not child:
        try:
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
            inner = os.fork()
            if not inner:
                time.sleep(0)
                os._exit(0)
            os.waitpid(inner, 0)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0
