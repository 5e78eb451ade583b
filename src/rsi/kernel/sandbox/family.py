"""Which processes stand where in the tree of processes, as the host sees it (Linux; elsewhere nothing is seen)."""

import contextlib
import os
from pathlib import Path

__all__ = ["below", "running", "state_and_parent"]


def below(root: int) -> set[int]:
    """Processes that descend from `root`, without itself; those that only wait to be reaped do not count."""
    parents = {pid: state_and_parent(pid)[1] for pid in running()}
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def running() -> list[int]:
    """Processes that are there and not only waiting to be reaped; none where there is no /proc."""
    if not os.path.isdir("/proc/self"):
        return []
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and state_and_parent(int(name))[0] not in ("", "Z", "X")]


def state_and_parent(pid: int) -> tuple[str, int]:
    """State letter and parent of a process; empty and 0 if it is gone."""
    with contextlib.suppress(OSError):
        state, parent = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:2]
        return state.decode(), int(parent)
    return "", 0
