"""Online bin packing of items of all sizes."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_CAPACITY = 100
_ITEMS = 80

START = """\
OLD = 7.0
WASTE = 0.4
LATE = 4


def waste(item, room):
    return room - item


def age(newer):
    return min(newer, LATE)


def rate(item, room, newer):
    return 20 - OLD * age(newer) + WASTE * waste(item, room)
"""

EXPERT = """\
def rate(item, room, newer):
    return 100 - (room - item) + 0.01 * newer
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    return {"capacity": _CAPACITY, "items": [rng.randint(3, 97) for _ in range(_ITEMS)]}


def _measure(instance: Any, transcript: Any) -> float:
    rooms: list[int] = []
    for item, place in zip(instance["items"], wholes(transcript, _ITEMS, 0, _ITEMS - 1), strict=True):
        if place == len(rooms):
            rooms.append(_CAPACITY)
        if place > len(rooms) or rooms[place] < item:
            raise ValueError("that bin has no room")
        rooms[place] -= item
    return float(len(rooms) * _CAPACITY / sum(instance["items"]))


PROBLEM = Problem(
    name="bin_packing",
    group=Pool.PRACTICE,
    text="Online bin packing: rate(item, room, newer) rates an open bin for the next item; the item goes to the best bin rated "
    "above 0 that has room for it, else into a new bin. Fewer bins score higher.",
    source="Uniform sizes; best fit (Johnson et al. 1974), learned rates (FunSearch, Romera-Paredes et al. 2024)",
    entry="rate",
    start=START,
    knobs={"OLD": (6.0, 9.0), "WASTE": (0.3, 0.5)},
    expert=EXPERT,
    measured="bins for each bin's worth of items",
    floor=1.26,
    level=1.07,
    rounds=12,
    draw=_draw,
    measure=_measure,
)
"""Online bin packing."""
