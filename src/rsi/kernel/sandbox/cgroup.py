"""A control group for each warm jail, where the machine's kernel lets us make one: the same limits once more, over all its processes.

Covers (control groups v2 in which this process may make groups, as root or because systemd delegated a part of the tree): memory with what
is swapped out and what lies in memory file systems, processes and threads, and an end that no fork outruns. Found by trying: below
our own group, where processes must not lie beside groups with limits, else beside it. What cannot be had is not claimed.
Does not cover: control groups v1; S4, whose command sets limits of its own; CPU time and disks (other limits hold them).
"""

import contextlib
import fcntl
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Group", "best_parent", "clear_leftovers", "joining", "own_groups", "parent_group"]

_NAME = "rsi-jail-"
_CONTROLLERS = ("memory", "pids")
_OWN_PROCESSES = 96
"""Processes of a jail itself, and those that a call of the function profile may have at S1."""
_OWN_BYTES = 256_000_000
"""What the processes of a jail may need beside its zygote and what a call was promised."""
_END_S, _LOOK_S = 0.5, 0.002
_JOIN = 'echo 0 2>/dev/null >"$0"; exec "$@"'
_numbers = itertools.count()
_choosing = threading.Lock()


@dataclass(slots=True, kw_only=True)
class Group:
    """One group: a folder of the machine's kernel, and the lock that says that its owner lives.

    Attributes:
        folder: where its files are.
        lock: descriptor of the folder, locked; the machine's kernel lets go of it when we end, however we end.
        holds: what it can do: some of `memory`, `swap`, `processes`, `end`.
    """

    folder: Path
    lock: int
    holds: tuple[str, ...]

    @classmethod
    def make(cls, parent: Path, make: Callable[[Path], None] = os.mkdir) -> "Group":
        """A new group below `parent` that lets nothing be swapped out.

        Raises:
            OSError: none can be made there.
        """
        folder = parent / f"{_NAME}{os.getpid()}-{next(_numbers)}"
        make(folder)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        files = {"memory": "memory.max", "swap": "memory.swap.max", "processes": "pids.max", "end": "cgroup.kill"}
        group = cls(folder=folder, lock=lock, holds=tuple(word for word, name in files.items() if (folder / name).exists()))
        if "swap" in group.holds:
            group._write("memory.swap.max", 0)
        return group

    def allow(self, *, memory_bytes: int, processes: int) -> None:
        """Limit all its processes together to this much, and what a jail needs for itself.

        Raises:
            OSError: the group is gone.
        """
        if "memory" in self.holds:
            self._write("memory.max", memory_bytes + _OWN_BYTES)
        if "processes" in self.holds:
            self._write("pids.max", processes + _OWN_PROCESSES)

    def has(self, pid: int) -> bool:
        """Whether a process is in it."""
        return pid in self._members()

    def kill(self) -> None:
        """End all its processes at once; harmless where it is gone or cannot do that."""
        with contextlib.suppress(OSError):
            self._write("cgroup.kill", 1)

    def remove(self) -> None:
        """End all its processes and remove it; what does not end in time is left to the next start."""
        self.kill()
        until = time.monotonic() + _END_S
        while not _removed(self.folder) and time.monotonic() < until:
            self._strike()
            time.sleep(_LOOK_S)
        os.close(self.lock)

    def _strike(self) -> None:
        """Kill one by one, for kernels before 5.14."""
        if "end" not in self.holds:
            for pid in self._members():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def _members(self) -> list[int]:
        with contextlib.suppress(OSError):
            return [int(word) for word in (self.folder / "cgroup.procs").read_text(encoding="ascii").split() if word != "0"]
        return []

    def _write(self, name: str, value: int) -> None:
        _put(self.folder / name, str(value))


def joining(group: Group, command: tuple[str, ...]) -> tuple[str, ...]:
    """The command, begun inside the group: before its first process could have a child outside."""
    return ("/bin/sh", "-c", _JOIN, str(group.folder / "cgroup.procs"), *command)


def parent_group() -> Path | None:
    """Where groups can be made on this machine, None where they cannot; what a killed judge left there is removed first."""
    with _choosing:
        return _parent_group()


@cache
def _parent_group() -> Path | None:
    try:
        mounts, own = (Path(f"/proc/self/{name}").read_text(encoding="utf-8") for name in ("mountinfo", "cgroup"))
    except OSError:  # no Linux
        return None
    groups = own_groups(mounts, own)
    for group in groups:
        clear_leftovers(group)
    return best_parent(groups)


def own_groups(mounts: str, own: str) -> list[Path]:
    """Folders of our own control group (v2) and of the one above it.

    Args:
        mounts: text of /proc/self/mountinfo.
        own: text of /proc/self/cgroup.
    """
    here = next((line[3:] for line in own.splitlines() if line.startswith("0::/")), None)
    lines = [line.split(" - ") for line in mounts.splitlines() if " - cgroup2 " in line]
    places = [(fields[3], fields[4]) for fields in (line[0].split() for line in lines)]
    for root, place in places:
        if here is not None and ".." not in here and Path(here).is_relative_to(root):
            inner = Path(here).relative_to(root)
            return [Path(place) / part for part in (inner, inner.parent)][: 1 if inner == Path() else 2]
    return []


def best_parent(groups: list[Path], make: Callable[[Path], None] = os.mkdir) -> Path | None:
    """The first of the groups below which one can be made that limits the most; None if there can be none."""
    able = {parent: len(_able(parent, make)) for parent in groups}
    return max((parent for parent in groups if able[parent]), key=lambda parent: able[parent], default=None)


def _able(parent: Path, make: Callable[[Path], None]) -> tuple[str, ...]:
    """What a group below `parent` can hold, found by making one; nothing where we may not make one or move processes there."""
    if not os.access(parent / "cgroup.procs", os.W_OK):
        return ()
    for controller in _CONTROLLERS:
        with contextlib.suppress(OSError):  # not offered, or (the rule of inner groups) processes are in the way
            _put(parent / "cgroup.subtree_control", f"+{controller}")
    try:
        group = Group.make(parent, make)
    except OSError:
        return ()
    group.remove()
    return group.holds


def clear_leftovers(parent: Path) -> None:
    """End and remove groups whose owner is gone: nobody holds their lock."""
    for folder in parent.glob(f"{_NAME}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # somebody holds it
                os.close(lock)
                continue
            Group(folder=folder, lock=lock, holds=("end",) if (folder / "cgroup.kill").exists() else ()).remove()


def _removed(folder: Path) -> bool:
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _put(path: Path, text: str) -> None:
    """Write to a file that is there; never make one."""
    file = os.open(path, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)
