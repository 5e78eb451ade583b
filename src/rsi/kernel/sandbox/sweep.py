"""Killing whatever a call left behind. Guest side: read as text by the zygote.

Covers: groups, sessions, double forks (orphans are handed to the zygote, their subreaper), everything in a PID namespace at once.
Does not cover: a process of another user, and, without a PID namespace, a bomb that forks faster than it is killed (`guest` looks at the
number of processes where no limit binds them).
"""

import os
import signal
import time

__all__ = ["family", "sweep"]


def sweep(child: int, alone: bool) -> bool:
    """Kill and reap whatever a call left behind; False if something is still there. `alone`: in a PID namespace of its own."""
    until = time.monotonic() + 0.3
    targets = [-1 if alone else -child]
    while time.monotonic() < until:
        _strike(targets)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        targets = targets[:1] + ([] if alone else family())
        time.sleep(0.001)
    return False


def _strike(targets: list[int]) -> None:
    """SIGKILL to processes (positive), groups (negative) or everything in the namespace (-1)."""
    for target in targets:
        try:
            os.kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def family() -> list[int]:
    """Processes that descend from this one (orphans of a call are handed to it: it is their subreaper)."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {os.getpid()})
