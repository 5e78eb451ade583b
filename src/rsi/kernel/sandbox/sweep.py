"""Killing whatever a call left behind. Guest side: read as text by the zygote.

Covers: groups, sessions, double forks (orphans are handed to the zygote, their subreaper), everything in a PID namespace at once.
Does not cover: a process of another user, and one that forks faster than it is killed; the kernel then ends the whole jail.
"""

import os
import signal
import time

__all__ = ["sweep"]


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
        targets = targets[:1] + ([] if alone else _children())
        time.sleep(0.001)
    return False


def _strike(targets: list[int]) -> None:
    """SIGKILL to processes (positive), groups (negative) or everything in the namespace (-1)."""
    for target in targets:
        try:
            os.kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def _children() -> list[int]:
    """Processes whose parent is this one (orphans of a call are handed to it: it is their subreaper)."""
    me = str(os.getpid())
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    if file.read().rpartition(b")")[2].split()[1].decode() == me:
                        found.append(int(name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    return found
