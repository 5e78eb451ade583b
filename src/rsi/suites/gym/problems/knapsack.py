"""A knapsack with three limits."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_ITEMS = 22
_LIMITS = 3

START = """\
WORTH = 0.25
LOAD = 0.5
FIRST = 1.0


def load(weight):
    return FIRST * weight[0] + LOAD * weight[1]


def rank(value, weight, left):
    return WORTH * value - load(weight)
"""

EXPERT = """\
def rank(value, weight, left):
    load = sum(w / (r + 5) for w, r in zip(weight, left))
    return value / (load + 0.02)
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """Items worth about their weights; the limits differ in how tight they are."""
    weights = [[rng.randint(5, 60) for _ in range(_LIMITS)] for _ in range(_ITEMS)]
    items: list[Json] = [[round(sum(w) / _LIMITS + rng.uniform(-10, 25), 1), list(w)] for w in weights]
    room: list[Json] = [round(sum(w[k] for w in weights) * rng.uniform(0.25, 0.6)) for k in range(_LIMITS)]
    return {"items": items, "room": room, "bound": _bound(items, room)}


def _measure(instance: Any, transcript: Any) -> float:
    items, room = instance["items"], instance["room"]
    taken = wholes(transcript, None, 0, _ITEMS - 1)
    if len(set(taken)) != len(taken) or any(sum(items[i][1][k] for i in taken) > room[k] for k in range(_LIMITS)):
        raise ValueError("that does not fit")
    return float(sum(items[i][0] for i in taken) / instance["bound"])


def _bound(items: Any, room: Any) -> float:
    """No more than this can be had: the least of the fractional knapsacks (Dantzig 1957) of each limit alone and of their mean."""
    values = [value for value, _ in items]
    alone = [[weight[k] / room[k] for _, weight in items] for k in range(_LIMITS)]
    together = [sum(loads) for loads in zip(*alone, strict=True)]
    return min(*(_fractional(values, loads, 1.0) for loads in alone), _fractional(values, together, float(_LIMITS)))


def _fractional(values: list[float], loads: list[float], left: float) -> float:
    found = 0.0
    for value, load in sorted(zip(values, loads, strict=True), key=lambda one: -one[0] / one[1]):
        part = min(1.0, left / load)
        found += part * max(value, 0.0)
        left -= part * load
        if left <= 0:
            break
    return found


PROBLEM = Problem(
    name="knapsack",
    group=Pool.JUDGE,
    text="A knapsack with three limits: rank(value, weight, left) of an item that still fits (weight and left have a number for "
    "each limit); the highest goes in, until none fits. More value scores higher.",
    source="Multidimensional knapsack (Chu and Beasley 1998); effective-gradient greedy (Toyoda 1975)",
    entry="rank",
    start=START,
    knobs={"WORTH": (0.15, 0.35), "LOAD": (0.3, 0.7)},
    expert=EXPERT,
    measured="value over an upper bound",
    floor=0.5,
    level=0.95,
    rounds=12,
    draw=_draw,
    measure=_measure,
)
"""A knapsack with several limits."""
