"""Programs of the gym: source text in a small subset of Python that ends by steps and cannot look outside itself.

What a program means is what it means in Python, but that comprehensions in brackets of calls, `enumerate` and `zip` are lists at once and
that `*=` makes a new list.

Functions, assignments, `if`, `for`, `while`, comprehensions, lambdas, numbers, lists, tuples, dicts, a few builtins and functions of
`math`; see `grammar` for what is left out and `guards` for what is bounded.

Covers: reaching the harness or the interpreter (no import, attribute, text, exception, generator or name with an underscore at an end);
endless loops, recursion without end, numbers, lists and tuples that explode, comparisons and hashes of nested structures that double;
state that outlives an evaluation (each has a fresh module). All of these end by a count: no result hangs on the speed of the machine.
Does not cover: keys of dicts chosen to collide, which are slow (the jail's limit of CPU time ends those); objects that are handed in (a
play hands copies to a program, or checks afterwards); faults of the interpreter itself, which the jail is for; the exact depth of recursion
that another version of Python allows.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType, FrameType, FunctionType
from typing import Any

from rsi.suites.gym.guest.grammar import Refused, admit
from rsi.suites.gym.guest.guards import Spent, guards

__all__ = ["FAULTS", "Fault", "compiled", "shallow", "started"]

DEPTH = 150


class Fault(Exception):
    """What a program gave is no valid move."""


FAULTS = (
    *(Refused, Spent, Fault, ArithmeticError, AttributeError, LookupError, MemoryError, NameError, RuntimeError, TypeError, ValueError),
)
"""Everything that ends a program and is its own affair."""


@lru_cache(maxsize=64)
def compiled(source: str) -> CodeType:
    """A program's code, with steps and guards in it.

    Raises:
        Refused: see `admit`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(admit(source), "<program>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise Refused(f"no Python: {type(error).__name__}") from None


def started(code: CodeType, entry: str, steps: int) -> Callable[..., Any]:
    """The program's entry function in a fresh module of its own, with so many steps to spend."""
    space = guards(steps)
    exec(code, space)  # noqa: S102 - a program of the dialect, which cannot leave it
    function = space.get(entry)
    if type(function) is not FunctionType or function.__code__.co_filename != "<program>":
        raise Refused(f"it defines no function {entry}")
    return function


@contextmanager
def shallow() -> Iterator[None]:
    """Let programs call so many functions deep from here, wherever here is."""
    before, depth = sys.getrecursionlimit(), 0
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + DEPTH)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
