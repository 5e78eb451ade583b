"""Tracking of something that moves and is seen through noise."""

import math
import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.problem import Problem, millionths

__all__ = ["PROBLEM"]

_SIGHTINGS = 120

START = """\
CATCH = 0.9
DRIFT = 0.02
FADE = 0.7


def blend(old, new, share):
    return old + share * (new - old)


def foretell(seen, memory):
    miss = seen - memory[0]
    place = blend(memory[0], seen, CATCH)
    memory[1] = FADE * memory[1] + DRIFT * miss
    memory[0] = place + memory[1]
    return memory[0]
"""

EXPERT = """\
def foretell(seen, memory):
    memory[2] = memory[2] + 1
    miss = seen - memory[0]
    if memory[2] < 2:
        memory[0] = seen
        return seen
    memory[1] = memory[1] + 0.37 * miss
    memory[0] = memory[0] + 0.68 * miss + memory[1]
    return memory[0]
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """A walk at a speed that wanders and sometimes changes at once."""
    place, speed = rng.uniform(-5, 5), rng.choice((-1, 1)) * rng.uniform(0.5, 1.5)
    places = []
    for _ in range(_SIGHTINGS + 1):
        speed += rng.gauss(0, 0.08)
        if rng.random() < 0.05:
            speed = rng.choice((-1, 1)) * rng.uniform(0.5, 1.5)
        place += speed
        places.append(round(place, 4))
    return {"seen": [round(p + rng.gauss(0, 0.5), 3) for p in places[:-1]], "places": list(places)}


def _measure(instance: Any, transcript: Any) -> float:
    given = millionths(transcript, _SIGHTINGS, -1e9, 1e9)
    misses = [a - b for a, b in zip(given, instance["places"][1:], strict=True)]
    return math.sqrt(sum(miss * miss for miss in misses) / len(misses))


PROBLEM = Problem(
    name="tracking",
    group=Pool.SEALED,
    text="Tracking: foretell(seen, memory) says where something will be next, from a noisy sighting of where it is now; memory are "
    "three numbers that it may keep. Smaller errors score higher.",
    source="Manoeuvring targets; alpha-beta filter (Benedict and Bordner 1962), Kalman 1960",
    entry="foretell",
    start=START,
    knobs={"CATCH": (0.8, 0.98), "FADE": (0.6, 0.8)},
    expert=EXPERT,
    measured="root mean square error, where sightings have one of 0.5",
    floor=1.4,
    level=0.7,
    rounds=12,
    draw=_draw,
    measure=_measure,
)
"""Tracking."""
