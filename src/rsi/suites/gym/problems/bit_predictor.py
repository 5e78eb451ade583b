"""An online predictor of bits from sources with memory."""

import math
import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.bit_predictor import LEAST
from rsi.suites.gym.problem import Problem, millionths

__all__ = ["PROBLEM"]

_BITS = 320

START = """\
ORDER = 1
PRIOR = 4.0
SHRINK = 0.6


def share(zeros, ones):
    return (ones + PRIOR) / (zeros + ones + 2 * PRIOR)


def tame(chance):
    return 0.5 + SHRINK * (chance - 0.5)


def guess(zeros, ones):
    return tame(share(zeros[ORDER], ones[ORDER]))
"""

EXPERT = """\
def guess(zeros, ones):
    chance = 0.5
    for k in range(5):
        seen = zeros[k] + ones[k]
        chance = (ones[k] + 1.6 * chance) / (seen + 1.6)
    return chance
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """Bits of a source that looks back 2 to 4 bits, and the code length (bits) of one who knows it."""
    order = rng.randint(2, 4)
    ones = {context: rng.choice((0.03, 0.1, 0.2, 0.8, 0.9, 0.97)) for context in range(1 << order)}
    bits: list[int] = []
    past, ideal = rng.randrange(1 << order), 0.0
    for _ in range(_BITS):
        bit = int(rng.random() < ones[past])
        ideal -= math.log2(ones[past] if bit else 1 - ones[past])
        past = (past << 1 | bit) & ((1 << order) - 1)
        bits.append(bit)
    return {"bits": list(bits), "ideal": round(ideal, 2)}


def _measure(instance: Any, transcript: Any) -> float:
    given = millionths(transcript, _BITS, LEAST, 1 - LEAST)
    spent = -sum(math.log2(p if bit else 1 - p) for bit, p in zip(instance["bits"], given, strict=True))
    return float((_BITS - spent) / (_BITS - instance["ideal"]))


PROBLEM = Problem(
    name="bit_predictor",
    group=Pool.PRACTICE,
    text="An online predictor: guess(zeros, ones) gives the chance of a one before each bit is revealed; both are lists of how "
    "often either came after the same last 0, 1, 2, 3, 4 bits. Fewer bits of code length score higher.",
    source="Sequential coding with context mixing: PPM (Moffat 1990), CTW (Willems 1995)",
    entry="guess",
    start=START,
    knobs={"PRIOR": (2.5, 6.0), "SHRINK": (0.4, 0.6)},
    expert=EXPERT,
    measured="bits saved as a share of what one saves who knows the source",
    floor=0.0,
    level=0.8,
    rounds=4,
    draw=_draw,
    measure=_measure,
)
"""An online predictor."""
