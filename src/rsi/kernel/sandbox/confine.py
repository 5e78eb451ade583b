"""What a jailed process gives up for good before the first line of a candidate runs. Guest side: read as text, never imported.

Covers:
    `limit`: CPU seconds, address space, size of files, open descriptors, new processes (binds everybody but real root), no core files.
    `filter_calls` (seccomp, x86-64 and aarch64): only the system calls that a single-threaded computation on files needs, recorded from
    CPython and numpy. No new process or thread, exec, socket, signal to anybody, change of mode, owner or limits, shared memory: these
    fail, for an honest program may stumble over them. What no honest program does ends the process: ptrace, memory of other processes,
    mounts, namespaces, keyrings, bpf, perf, userfaultfd, io_uring, files by handle, modules, clocks, calls of another processor or of x32.
    `fence_files` (Landlock): files outside the given paths can be neither read nor written.
    `drop_privileges`: every capability of a process that root started.
Does not cover:
    Side channels through timing, caches and load; faults of the machine's own kernel behind the calls that are allowed; `stat` on paths
    outside (Landlock lets it pass); GPUs (no device is reachable, so none is judged); other processors (`filter_calls` says so by
    raising OSError); the sum of a call's files (`guest` watches it).
"""

import contextlib
import ctypes
import dataclasses
import functools
import os
import platform
import resource
import struct
import sys

__all__ = ["Calls", "drop_privileges", "fence_files", "filter_calls", "landlock_version", "limit", "program"]

_LIBC = ctypes.CDLL(None, use_errno=True)
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The system calls of one processor by number.

    Attributes:
        arch: how seccomp names the processor.
        prlimit: the call that may ask for limits but not set them.
        clone: the call whose flags may not ask for a namespace.
        fcntl: the call that may copy, describe and lock descriptors, but not have signals sent for them.
        allowed: ranges that pass: own memory, own files, clocks, and ending.
        deadly: ranges that no honest program uses: they end the process. All others fail.
    """

    arch: int
    prlimit: int
    clone: int
    fcntl: int
    allowed: str
    deadly: str


_CALLS = {
    "x86_64": Calls(
        arch=0xC000003E,
        prlimit=302,
        clone=56,
        fcntl=72,
        allowed="0-28 32-40 60-61 63 73-80 82-85 87 89 95-100 102 104 107-108 110-111 115 118 120-121 124-125 127-128 130-131 135 137-138 "
        "140 149-150 158 186 201-202 204 213 217-219 221 228-233 247 257-258 262-264 267 269-271 273-274 281 285 290-293 309 316 318 324 "
        "326 332 334 436 439",
        deadly="101 103 134 153 155 161 163-180 212 227 246 248-250 272 298 300-301 304 308 310-313 320-321 323 425-433 438 442-443",
    ),
    "aarch64": Calls(
        arch=0xC00000B7,
        prlimit=261,
        clone=220,
        fcntl=25,
        allowed="17 19-24 29 32 34-35 38 43-49 56-57 59 61-68 71-73 78-80 82-83 90 92-96 98-103 113-115 123-124 128 132-137 139 141 148 "
        "150 153 155-156 158 160 163 165-166 168-169 172-179 214-216 222-223 226-229 232-233 260 276 278 283 285 291 293 436 439",
        deadly="18 39-42 51 58 60 89 97 104-106 112 116-117 142 161-162 170 217-219 224-225 241 262-263 265 268 270-273 280 282 294 "
        "425-433 438 442-443",
    ),
}
_REFUSED = () if sys.platform == "linux" else (ValueError,)
"""What a limit of the address space meets on macOS, which has none; a jail there says so."""
_FIRST_X32_CALL = 0x40000000
_NEW_NAMESPACE = 0x7E020000
"""Flags of `clone` for a namespace of mounts, control groups, host names, IPC, users, processes, network."""
_FIRST_RECENT_CALL = 424
"""glibc falls back to an older call only on ENOSYS; calls from this number on are answered so, older ones with EPERM."""

_EXECUTE, _READ_FILE, _READ_DIR, _WRITE_FILE, _TRUNCATE = 1 << 0, 1 << 2, 1 << 3, 1 << 1, 1 << 14


def limit(cpu_s: float, memory_bytes: int, file_bytes: int, files: int, processes: int) -> None:
    """Set the limits of this process; the soft CPU limit sends SIGXCPU, one second later the hard one kills."""
    seconds = max(1, int(cpu_s + 0.999))
    wanted = {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_AS: (memory_bytes, memory_bytes),
        resource.RLIMIT_FSIZE: (file_bytes, file_bytes),
        resource.RLIMIT_NOFILE: (files, files),
        resource.RLIMIT_NPROC: (processes, processes),
        resource.RLIMIT_CORE: (0, 0),
    }
    for what, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(what)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        with contextlib.suppress(*_REFUSED if what == resource.RLIMIT_AS else ()):
            resource.setrlimit(what, (soft, hard))


def drop_privileges() -> None:
    """Give up every capability (effective, permitted, inheritable) and the right to gain any."""
    _checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = struct.pack("Ii", 0x20080522, 0)
    _checked(_LIBC.capset(header, bytes(24)))


def filter_calls(lines: bytes | None = None) -> None:
    """Let only the allowed system calls pass from here on; others fail, deadly ones end the process with SIGSYS.

    Args:
        lines: the filter as BPF instructions; that of a computation, if none is given.

    Raises:
        OSError: no table for this processor, or a kernel without seccomp.
    """
    lines = lines or program(platform.machine())
    buffer = ctypes.create_string_buffer(lines, len(lines))
    header = struct.pack("HxxxxxxP", len(lines) // 8, ctypes.addressof(buffer))
    _checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_LIBC.prctl(_PR_SET_SECCOMP, _FILTER, header, 0, 0))


@functools.cache
def program(machine: str) -> bytes:
    """The filter for a processor: BPF instructions (code, jump if true, jump if false, constant) of 8 bytes each.

    Raises:
        OSError: no table for this processor.
    """
    if machine not in _CALLS:
        raise OSError(f"no table of system calls for {machine}")
    calls = _CALLS[machine]
    load, equal, at_least, above, any_bit, give = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
    lines = [(load, 0, 0, 4), (equal, 1, 0, calls.arch), (give, 0, 0, _KILL)]
    lines += [(load, 0, 0, 0), (at_least, 0, 1, _FIRST_X32_CALL), (give, 0, 0, _KILL)]
    # Its third argument (new limits) must be null.
    lines += [(equal, 0, 6, calls.prlimit), (load, 0, 0, 32), (equal, 0, 3, 0), (load, 0, 0, 36), (equal, 0, 1, 0), (give, 0, 0, _ALLOW)]
    lines += [(give, 0, 0, _EPERM)]
    lines += [(equal, 0, 4, calls.clone), (load, 0, 0, 16), (any_bit, 0, 1, _NEW_NAMESPACE), (give, 0, 0, _KILL), (give, 0, 0, _EPERM)]
    # Commands up to F_SETLKW, the locks of open files, and copying and sizing; the others are about signals and leases.
    lines += [
        (equal, 0, 8, calls.fcntl),
        (load, 0, 0, 24),
        (above, 0, 4, 7),
        (at_least, 0, 4, 36),
        (above, 0, 2, 38),
        (at_least, 0, 2, 1030),
    ]
    lines += [(above, 1, 0, 1034), (give, 0, 0, _ALLOW), (give, 0, 0, _EPERM)]
    lines += [*_answered(calls.allowed, _ALLOW), *_answered(calls.deadly, _KILL)]
    lines += [(at_least, 0, 1, _FIRST_RECENT_CALL), (give, 0, 0, _ENOSYS), (give, 0, 0, _EPERM)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _answered(ranges: str, answer: int) -> list[tuple[int, int, int, int]]:
    """Give one answer to all calls of some ranges."""
    at_least, above, give = 0x35, 0x25, 0x06
    pairs = [(int(part.split("-")[0]), int(part.split("-")[-1])) for part in ranges.split()]
    return [line for low, high in pairs for line in ((at_least, 0, 2, low), (above, 1, 0, high), (give, 0, 0, answer))]


def landlock_version() -> int:
    """Version of the kernel's Landlock interface; 0 where there is none."""
    return max(0, int(_LIBC.syscall(444, None, ctypes.c_size_t(0), 1)))


def fence_files(readable: list[str], writable: list[str], programs: tuple[str, ...] = ()) -> None:
    """Let only files below `readable` be read, below `programs` also be executed, below `writable` be changed; no TCP, where known.

    Raises:
        OSError: a kernel without Landlock.
    """
    version = landlock_version()
    every = (1 << (13 if version < 2 else 14 if version < 3 else 15 if version < 5 else 16)) - 1
    handled = struct.pack("QQQ", every, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _checked(_LIBC.syscall(444, handled, ctypes.c_size_t(size), 0))
    for path in readable:
        _allow(ruleset, path, every & (_READ_FILE | _READ_DIR))
    for path in programs:
        _allow(ruleset, path, every & (_READ_FILE | _READ_DIR | _EXECUTE))
    for path in writable:
        _allow(ruleset, path, every)
    _checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_LIBC.syscall(446, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    """Allow `access` below `path`; a path that does not exist is passed over, a plain file gets only the rights of files."""
    if not os.path.exists(path):
        return
    if not os.path.isdir(path):
        access &= _READ_FILE | _WRITE_FILE | _TRUNCATE
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    _checked(_LIBC.syscall(445, ruleset, 1, struct.pack("=Qi", access, place), 0))
    os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
