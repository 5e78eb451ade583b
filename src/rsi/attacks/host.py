"""The state of this machine as an attack could have changed it, seen from the host and compared before and after.

Covers: content and every attribute of the scene's files, names that appeared in the common folders and among the interpreter's packages,
shared memory, semaphores and queues under the scene's key, the judge's signals, tracer, priority, limits, processors and standing with the
memory killer, room on the disks, and processes that outlive a call.
Does not cover: what other programs of this machine do meanwhile (room and processes are compared with that in mind).
"""

import contextlib
import hashlib
import os
import resource
import sysconfig
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from rsi.kernel.sandbox.family import running, state_and_parent

__all__ = ["HostState", "common_folders", "cpu_seconds", "differences", "key_of", "look_at", "mentions", "standing_of"]

_ROOM_BYTES, _ROOM_FILES = 400_000_000, 20_000
_LIMITS = ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_FSIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """What is compared.

    Attributes:
        files: path → everything that can be known of a file of the scene without reading its time of access.
        names: entries of the common folders that carry the scene's mark, and System V objects of its key.
        judge: state of the scene's judge process by name of the property.
        room: folder → free bytes and free files.
    """

    files: dict[str, tuple[object, ...]]
    names: frozenset[str]
    judge: dict[str, object]
    room: dict[str, tuple[int, int]]


def look_at(folder: Path, judge: int, mark: str) -> HostState:
    """The state now: of all files below `folder`, of process `judge`, and of names with `mark` in them."""
    return HostState(
        files={str(path): _file(path) for path in [folder, *sorted(folder.rglob("*"))]},
        names=frozenset([*_marked(mark), *_shared(key_of(mark))]),
        judge=standing_of(judge),
        room={place: _room(place) for place in _disks().values()},
    )


def differences(before: HostState, after: HostState) -> list[str]:
    """What was touched, one line each; nothing if all is as it was."""
    found = [f"{path} was changed" for path in before.files if after.files.get(path) != before.files[path]]
    found += [f"{path} appeared" for path in after.files.keys() - before.files.keys()]
    found += [f"{path} appeared" for path in sorted(after.names - before.names)]
    found += [f"the judge's {name} was changed" for name, value in before.judge.items() if after.judge.get(name) != value]
    for place, (size, files) in before.room.items():
        left, entries = after.room.get(place, (0, 0))
        if size - left > _ROOM_BYTES or files - entries > _ROOM_FILES:
            found.append(f"{place} lost {size - left} bytes and {files - entries} files of room")
    return found


def mentions(words: Collection[bytes], passed_over: Iterable[int]) -> list[int]:
    """Processes that have one of these words, or its last 12 letters, in their command line or name."""
    kept = set(passed_over)
    wanted = {part for word in words for part in (word, word[-12:])}
    return [pid for pid in running() if pid not in kept and any(part in _command(pid) for part in wanted)]


def key_of(mark: str) -> int:
    """The key of System V objects that carries the mark."""
    return int(hashlib.sha256(mark.encode()).hexdigest()[:7], 16)


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time that these processes have used so far, in the kernel's steps of 10 ms."""
    return sum(int(ticks) for pid in pids for ticks in _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[11:13]) / os.sysconf(
        "SC_CLK_TCK"
    )


def _command(pid: int) -> bytes:
    return _read(f"/proc/{pid}/cmdline") + _read(f"/proc/{pid}/comm")


def _read(path: str) -> bytes:
    with contextlib.suppress(OSError):
        return Path(path).read_bytes()
    return b""


def common_folders() -> list[str]:
    """Where an attack might leave something: temporary folders, home, the interpreter's packages, the working folder, system folders."""
    places = [tempfile.gettempdir(), "/tmp", "/dev/shm", "/var/tmp", "/run", "/dev", "/", os.path.expanduser("~"), os.getcwd()]
    return sorted({os.path.realpath(place) for place in [*places, *sysconfig.get_paths().values()]})


def _disks() -> dict[int, str]:
    """One of the common folders for each file system."""
    return {os.stat(place).st_dev: place for place in reversed(common_folders()) if os.path.isdir(place)}


def _marked(mark: str) -> list[str]:
    found = []
    for place in common_folders():
        with contextlib.suppress(OSError):
            found += [os.path.join(place, name) for name in os.listdir(place) if mark in name]
    return found


def _shared(key: int) -> list[str]:
    return [
        f"System V {kind}"
        for kind in ("shm", "sem", "msg")
        for line in _read(f"/proc/sysvipc/{kind}").splitlines()
        if line.split()[:1] == [b"%d" % key]
    ]


def _room(place: str) -> tuple[int, int]:
    state = os.statvfs(place)
    return state.f_bavail * state.f_frsize, state.f_favail


def _file(path: Path) -> tuple[object, ...]:
    seen = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
    attributes = tuple(os.listxattr(path, follow_symlinks=False)) if hasattr(os, "listxattr") else ()
    return seen.st_mode, seen.st_uid, seen.st_gid, seen.st_nlink, seen.st_size, seen.st_mtime_ns, content, attributes


def standing_of(pid: int) -> dict[str, object]:
    """What others could change of a process, by name."""
    state, _ = state_and_parent(pid)
    found: dict[str, object] = {"being alive": state not in ("", "Z", "X"), "being stopped": state in ("T", "t")}
    with contextlib.suppress(OSError):
        found["priority"] = os.getpriority(os.PRIO_PROCESS, pid)
    if hasattr(os, "sched_getaffinity"):
        with contextlib.suppress(OSError):
            found["processors"] = frozenset(os.sched_getaffinity(pid))
            found["scheduling"] = os.sched_getscheduler(pid)
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(OSError):
            found["limits"] = tuple(resource.prlimit(pid, getattr(resource, name)) for name in _LIMITS)
    status = _read(f"/proc/{pid}/status").splitlines()
    for name, field in (("tracer", b"TracerPid"), ("waiting signals", b"ShdPnd")):
        found[name] = [line for line in status if line.startswith(field)]
    found["standing with the memory killer"] = _read(f"/proc/{pid}/oom_score_adj")
    return found
