"""What a jailed process gives up for good before the first line of a candidate runs. Guest side: read as text, never imported.

Covers:
    `limit`: CPU seconds, address space, size of files, open descriptors, new processes (binds everybody but real root), no core files.
    `filter_calls` (seccomp, x86-64 and aarch64): only the system calls that a single-threaded computation on files needs. No new process
    or thread, exec, socket, signal to anybody, ptrace, mount, namespace, change of mode, owner or limits, shared memory, keyring.
    `fence_files` (Landlock): files outside the given paths can be neither read nor written.
    `drop_privileges`: every capability of a process that root started.
Does not cover:
    Side channels through timing and load; faults of the machine's own kernel; `stat` on paths outside (Landlock lets it pass); other
    processors (`filter_calls` says so by raising OSError).
"""

import ctypes
import os
import platform
import resource
import struct

__all__ = ["drop_privileges", "fence_files", "filter_calls", "landlock_version", "limit"]

_LIBC = ctypes.CDLL(None, use_errno=True)
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2

# Ranges of allowed call numbers: own memory, own files, clocks, and ending; the module's docstring lists what is left out.
_CALLS = {
    "x86_64": (
        0xC000003E,
        302,
        "0-28 32-40 60-61 63 72-80 82-85 87 89 95-100 102 104 107-108 110-111 115 118 120-121 124-125 127-128 130-131 135 137-138 140 "
        "149-150 158 186 201-202 204 213 217-219 221 228-233 247 257-258 262-264 267 269-271 273-274 281 285 290-293 309 316 318 324 "
        "326 332 334 436 439",
    ),
    "aarch64": (
        0xC00000B7,
        261,
        "17 19-25 29 32 34-35 38 43-50 56-57 59 61-68 71-73 78-80 82-83 90 92-96 98-103 113-115 123-124 128 132-137 139 141 148 150 153 "
        "155-156 158 160 163 165-166 168-169 172-179 214-216 222-223 226-229 232-233 260 276 278 283 285 291 293 436 439",
    ),
}
_FIRST_RECENT_CALL = 424
"""glibc falls back to an older call only on ENOSYS; calls from this number on are answered so, older ones with EPERM."""

_READ_FILE, _READ_DIR, _WRITE_FILE, _TRUNCATE = 1 << 2, 1 << 3, 1 << 1, 1 << 14


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
        resource.setrlimit(what, (soft, hard))


def drop_privileges() -> None:
    """Give up every capability (effective, permitted, inheritable) and the right to gain any."""
    _checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = struct.pack("Ii", 0x20080522, 0)
    _checked(_LIBC.capset(header, bytes(24)))


def filter_calls() -> None:
    """Let only the allowed system calls pass from here on.

    Raises:
        OSError: no table for this processor, or a kernel without seccomp.
    """
    program = _program()
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_LIBC.prctl(_PR_SET_SECCOMP, _FILTER, header, 0, 0))


def _program() -> bytes:
    """The filter: BPF instructions (code, jump if true, jump if false, constant) of 8 bytes each."""
    if platform.machine() not in _CALLS:
        raise OSError(f"no table of system calls for {platform.machine()}")
    arch, prlimit, text = _CALLS[platform.machine()]
    load, equal, at_least, above, give = 0x20, 0x15, 0x35, 0x25, 0x06
    ranges = [(int(part.split("-")[0]), int(part.split("-")[-1])) for part in text.split()]
    lines = [(load, 0, 0, 4), (equal, 1, 0, arch), (give, 0, 0, _EPERM), (load, 0, 0, 0)]
    # prlimit64 may only ask: its third argument (new limits) must be null.
    lines += [(equal, 0, 6, prlimit), (load, 0, 0, 32), (equal, 0, 3, 0), (load, 0, 0, 36), (equal, 0, 1, 0), (give, 0, 0, _ALLOW)]
    lines += [(give, 0, 0, _EPERM)]
    for index, (low, high) in enumerate(ranges):
        behind = 2 * (len(ranges) - index - 1)
        lines += [(at_least, 0, 1, low), (above, 0, behind + 3, high)]
    lines += [(at_least, 0, 1, _FIRST_RECENT_CALL), (give, 0, 0, _ENOSYS), (give, 0, 0, _EPERM), (give, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def landlock_version() -> int:
    """Version of the kernel's Landlock interface; 0 where there is none."""
    return max(0, int(_LIBC.syscall(444, None, ctypes.c_size_t(0), 1)))


def fence_files(readable: list[str], writable: list[str]) -> None:
    """Let only files below `readable` be read and below `writable` be changed; no TCP, where this kernel's Landlock knows it.

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
