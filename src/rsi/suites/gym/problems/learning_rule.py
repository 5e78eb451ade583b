"""An update rule over small learning problems."""

import math
import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.learning_rule import FARTHEST, train
from rsi.suites.gym.problem import Problem, millionths

__all__ = ["PROBLEM"]

_WEIGHTS = 4
_ROUNDS = 40

START = """\
RATE = 0.012
KEEP = 0.5
CLIP = 3.0


def clipped(gradient):
    return max(-CLIP, min(CLIP, gradient))


def pace(turn):
    return RATE / (1 + 0.01 * turn)


def move(gradient, memory, turn):
    memory[0] = KEEP * memory[0] + clipped(gradient)
    return -pace(turn) * memory[0]
"""

EXPERT = """\
def move(gradient, memory, turn):
    memory[0] = 0.7 * memory[0] + 0.3 * gradient
    memory[1] = 0.93 * memory[1] + 0.07 * gradient * gradient
    rate = 0.45 * 0.93 ** turn
    return -rate * memory[0] / (sqrt(memory[1] / (1 - 0.93 ** (turn + 1))) + 0.001)
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """A valley with axes at random and slopes that differ 3- to 30-fold."""
    scales = [10 ** rng.uniform(-0.5, 1.0) for _ in range(_WEIGHTS)]
    axes = _axes(rng)
    valley: list[Json] = [
        [round(sum(s * axis[i] * axis[j] for s, axis in zip(scales, axes, strict=True)), 5) for j in range(_WEIGHTS)]
        for i in range(_WEIGHTS)
    ]
    noise: list[Json] = [[round(rng.gauss(0, 0.3), 3) for _ in range(_WEIGHTS)] for _ in range(_ROUNDS)]
    return {"valley": valley, "start": [round(rng.choice((-1, 1)) * rng.uniform(1, 3), 3) for _ in range(_WEIGHTS)], "noise": noise}


def _axes(rng: random.Random) -> list[list[float]]:
    """Directions at right angles to one another (Gram and Schmidt)."""
    axes: list[list[float]] = []
    while len(axes) < _WEIGHTS:
        axis = [rng.gauss(0, 1) for _ in range(_WEIGHTS)]
        for other in axes:
            along = sum(a * b for a, b in zip(axis, other, strict=True))
            axis = [a - along * b for a, b in zip(axis, other, strict=True)]
        length = math.sqrt(sum(a * a for a in axis))
        axes.append([a / length for a in axis])
    return axes


def _measure(instance: Any, transcript: Any) -> float:
    moves = iter(millionths(transcript, _ROUNDS * _WEIGHTS, -FARTHEST, FARTHEST))
    losses = train(instance, lambda index, gradient, turn: next(moves))
    last = [max(loss / losses[0], 1e-5) for loss in losses[-8:]]
    return sum(map(math.log10, last)) / len(last)


PROBLEM = Problem(
    name="learning_rule",
    group=Pool.PRACTICE,
    text="An update rule: move(gradient, memory, turn) moves one weight of a small learning problem; memory are two numbers of "
    "that weight's own. A lower loss at the end scores higher.",
    source="Noisy quadratic problems (Schaul et al. 2013); momentum (Polyak 1964), Adam (Kingma and Ba 2015)",
    entry="move",
    start=START,
    knobs={"RATE": (0.008, 0.016), "KEEP": (0.3, 0.6)},
    expert=EXPERT,
    measured="log10 of the loss at the end over that at the start",
    floor=0.0,
    level=-3.2,
    rounds=6,
    draw=_draw,
    measure=_measure,
)
"""An update rule."""
