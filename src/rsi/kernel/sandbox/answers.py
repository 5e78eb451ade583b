"""Runs answers, each on its own probes. Guest side: sent into a jail as a file, imported only there.

An answer is Python source that defines `f` with one argument. Each runs in a namespace of its own, with a limit of CPU time of its own;
what it gives counts only if it is exactly int, bool, or a list of such (of lists of such …); everything else is null.

Covers: answers that do not compile, raise, exit, loop, give objects that only look like numbers, or give too much.
Does not cover: an answer that changes the interpreter for those after it (they are of the same candidate), or that catches its own time
limit (the call's own limit ends it; the kernel then runs each answer alone).
"""

import contextlib
import signal
from typing import Any

__all__ = ["run"]

_ITEMS = 10_000
_DEPTH = 4
_LARGEST = 10**30
_COMPILED_AS = "<answer>"


def run(payload: dict[str, Any]) -> dict[str, Any]:
    """Outputs of all answers: `{"answers": [{"source", "probes"}…], "seconds"}` → `{"outputs": [[output or null…] or null…]}`.

    An answer whose source does not even give an `f` has null in place of its list.
    """
    signal.signal(signal.SIGPROF, _late)
    return {"outputs": [_one(item["source"], item["probes"], payload["seconds"]) for item in payload["answers"]]}


def _late(number: int, frame: object) -> None:
    raise KeyboardInterrupt("more than its time")


def _one(source: str, probes: list[object], seconds: float) -> list[object] | None:
    outputs: list[object] | None = None
    with contextlib.suppress(BaseException):
        signal.setitimer(signal.ITIMER_PROF, seconds)
        space: dict[str, Any] = {"__name__": "answer"}
        exec(compile(source, _COMPILED_AS, "exec", dont_inherit=True), space)  # noqa: S102 - inside a jail, this is its purpose
        f = space["f"]
        outputs = [None] * len(probes)
        for index, probe in enumerate(probes):
            with contextlib.suppress(Exception):
                outputs[index] = _plain(f(probe), [_ITEMS], _DEPTH)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return outputs


def _plain(value: object, left: list[int], depth: int) -> object:
    """The value if it is of the exact types and small enough; raises ValueError if not."""
    if type(value) is bool or (type(value) is int and -_LARGEST < value < _LARGEST):
        return value
    if type(value) is list and depth and len(value) <= left[0]:
        left[0] -= len(value)
        return [_plain(item, left, depth - 1) for item in value]
    raise ValueError
