"""An online predictor: the program says how likely a one is before each bit is revealed."""

from functools import lru_cache
from typing import Any

from rsi.suites.gym.guest.moves import millionths

__all__ = ["LEAST", "play"]

LEAST = 0.001
"""No bit is given less than this chance: what is said for certain and is wrong costs a bounded number of bits."""
_ORDERS = 5


def play(begin: Any, instance: Any) -> list[int]:
    """The probability given to a one, bit by bit, in millionths; `call(zeros, ones)` sees how often either came in the same context.

    Both are lists over contexts of the last 0, 1, 2, 3 and 4 bits.
    """
    call = begin()
    return [millionths(call(list(zeros), list(ones)), LEAST, 1.0 - LEAST) for zeros, ones in _counts(tuple(instance["bits"]))]


@lru_cache(maxsize=64)
def _counts(bits: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """What is seen before each bit: the same for every program."""
    counts: list[dict[int, list[int]]] = [{} for _ in range(_ORDERS)]
    past = 1
    found = []
    for bit in bits:
        seen = [counts[order].setdefault(past & ((1 << order) - 1), [0, 0]) for order in range(_ORDERS)]
        found.append((tuple(zeros for zeros, _ in seen), tuple(ones for _, ones in seen)))
        for pair in seen:
            pair[bit] += 1
        past = (past << 1 | bit) & 0xFF
    return found
