"""Attackers who work with the bare kernel: every public function of their source is one way, tried in a call of its own.

A jail may end a call at the first step that it does not allow, so no two ways share one.
"""

import re
from collections.abc import Callable, Sequence

from rsi.attacks.model import Finding
from rsi.attacks.scene import Scene
from rsi.core.errors import JailError
from rsi.core.protocols import Limits, Reply
from rsi.core.records import Json, Outcome

__all__ = ["attempts", "one_way", "says_so", "told", "ways_in"]

_BARE = """
import ctypes, os, platform, resource, signal, socket, struct, sys, time
X86 = platform.machine() == "x86_64"
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long


def kernel(x86, arm, *arguments):
    number = x86 if X86 else arm
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    got = LIBC.syscall(ctypes.c_long(number), *words)
    if number is None or got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got


def name_it(mark):
    LIBC.prctl(15, mark[-12:].encode(), 0, 0, 0)


def f(x):
    try:
        return globals()[x[0]](x[1])
    except (OSError, ValueError, RuntimeError, AttributeError, TypeError, OverflowError):
        return None
"""
"""System calls by number (x86-64, aarch64), the mark as a process's name, and the entry, which is told the way and its payload."""
_HELPERS = frozenset({"kernel", "name_it", "f"})


def ways_in(source: str) -> list[str]:
    """Names of the public functions of a source, in their order."""
    return [name for name in re.findall(r"^def ([a-z]\w*)\(", source, re.MULTILINE) if name not in _HELPERS]


def says_so(reply: Reply) -> bool:
    """Whether the attacker itself claims success; only for what cannot be seen from outside, such as a descriptor that the kernel gave."""
    return reply.outcome is Outcome.ANSWERED and bool(reply.value)


def one_way(scene: Scene, source: str, way: str, payload: Json = None, *, limits: Limits | None = None, profile: str = "function") -> Reply:
    """The reply to one way of a source.

    Raises:
        JailError: it broke the jail.
    """
    return scene.ask(_BARE + source, [way, payload], limits=limits, profile=profile)


def attempts(
    scene: Scene,
    source: str,
    payload: Json = None,
    *,
    what: str,
    through: Callable[[Reply], bool] = says_so,
    limits: Limits | None = None,
    profile: str = "function",
    may_break: bool = False,
) -> Finding:
    """Try every way of a source; held if `through` is true of no reply and the jail stands.

    Args:
        scene: whose jail is attacked.
        source: its functions are the ways, each with the payload as its argument.
        payload: what every way is told.
        what: what happened if one got through.
        through: looks at the host or at what came out after one way.
        limits: of each call.
        profile: of the jail.
        may_break: ending the jail is a way of holding this attack: no answer comes out and the next call gets a fresh one.
    """
    got, ended = [], 0
    ways = ways_in(source)
    for way in ways:
        try:
            reply = one_way(scene, source, way, payload, limits=limits, profile=profile)
        except JailError:
            ended += may_break
            got += [] if may_break else [f"{way} (broke the jail)"]
            continue
        ended += reply.outcome is Outcome.VIOLATION
        if through(reply):
            got.append(way)
    return told(len(ways), got, what, f"; {ended} ended at once" if ended else "")


def told(ways: int, through: Sequence[str], what: str, more: str = "") -> Finding:
    """Held if nothing got through; one line about it."""
    if through:
        return Finding(held=False, seen=f"{what}: {', '.join(name.replace('_', ' ') for name in through)}{more}")
    return Finding(held=True, seen=f"{ways} ways, none got through{more}")
