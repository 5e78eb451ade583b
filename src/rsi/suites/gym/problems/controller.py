"""A controller for small plants of the second order."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.controller import STRONGEST, simulate
from rsi.suites.gym.problem import Problem, millionths

__all__ = ["PROBLEM"]

_TICKS = 80

START = """\
PULL = 1.2
DAMP = 0.15
LEAN = 0.05
DEAD = 0.1


def calm(error):
    if error > -DEAD and error < DEAD:
        return 0.0
    return error


def force(error, slope, total):
    return PULL * calm(error) + DAMP * slope + LEAN * total
"""

EXPERT = """\
def force(error, slope, total):
    if abs(slope) > 8:
        slope = 0
    held = max(-2.5, min(2.5, total))
    return 5.5 * error + 2.6 * slope + 1.5 * held
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    goal: list[Json] = []
    while len(goal) < _TICKS:
        goal.extend([round(rng.uniform(-2, 2), 3)] * rng.randint(25, 45))
    return {
        "mass": round(rng.uniform(0.6, 1.6), 3),
        "drag": round(rng.uniform(0.1, 0.8), 3),
        "spring": round(rng.uniform(0.0, 1.5), 3),
        "motor": round(rng.uniform(0.5, 0.9), 3),
        "push": round(rng.uniform(-1, 1), 3),
        "goal": goal[:_TICKS],
        "noise": [round(rng.gauss(0, 0.015), 4) for _ in range(_TICKS)],
    }


def _measure(instance: Any, transcript: Any) -> float:
    forces = millionths(transcript, _TICKS, -STRONGEST, STRONGEST)
    given = iter(forces)
    errors = simulate(instance, lambda error, slope, total: next(given))
    jumps = sum(abs(a - b) for a, b in zip(forces, forces[1:], strict=False))
    return (sum(min(abs(error), 9.0) for error in errors) + 0.03 * jumps) / _TICKS


PROBLEM = Problem(
    name="controller",
    group=Pool.PRACTICE,
    text="A controller: force(error, slope, total) pushes a mass on a spring towards a goal that jumps; it sees the error, its "
    "change per second and its sum over time. Smaller errors and smoother forces score higher.",
    source="PID control of second-order plants; tuning as in Ziegler and Nichols 1942, Åström and Hägglund 2006",
    entry="force",
    start=START,
    knobs={"PULL": (0.9, 1.5), "DAMP": (0.1, 0.25)},
    expert=EXPERT,
    measured="mean error, with a fee for jumps of the force",
    floor=0.95,
    level=0.3,
    rounds=12,
    draw=_draw,
    measure=_measure,
)
"""A controller."""
