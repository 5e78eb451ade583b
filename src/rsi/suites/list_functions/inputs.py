"""Random input lists: short lists of small ints with repeats, of varied length."""

import random

from rsi.suites.list_functions.functions import Ints

__all__ = ["draw_inputs"]

_CEILINGS = (5, 9, 12, 16)
_LONGEST = 10


def draw_inputs(rng: random.Random, count: int, *, shortest: int) -> list[Ints]:
    """`count` different lists of `shortest` … 10 values from 0 to a common ceiling of 5, 9, 12 or 16."""
    values = range(rng.choice(_CEILINGS) + 1)
    found: dict[tuple[int, ...], Ints] = {}
    while len(found) < count:
        xs = rng.choices(values, k=rng.randint(shortest, _LONGEST))
        found[tuple(xs)] = xs
    return list(found.values())
