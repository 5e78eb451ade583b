"""Regression through noisy points of an unknown formula."""

import math
import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.problem import Problem, millionths

__all__ = ["PROBLEM"]

_POINTS = 24
_ASKED = 12

START = """\
NEAR = 0.8
FLAT = 0.7
POWER = 1


def weight(gap):
    return 1 / (NEAR + abs(gap)) ** POWER


def mean(values, weights):
    return sum(v * w for v, w in zip(values, weights)) / sum(weights)


def value(xs, ys, x):
    weights = [weight(p - x) for p in xs]
    return FLAT * mean(ys, weights)
"""

EXPERT = """\
def value(xs, ys, x):
    gaps = [p - x for p in xs]
    ws = [exp(-0.5 * (g / 0.24) ** 2) + 0.0005 for g in gaps]
    s0 = sum(ws)
    s1 = sum(w * g for w, g in zip(ws, gaps))
    s2 = sum(w * g * g for w, g in zip(ws, gaps))
    t0 = sum(w * y for w, y in zip(ws, ys))
    t1 = sum(w * g * y for w, g, y in zip(ws, gaps, ys))
    return (s2 * t0 - s1 * t1) / (s0 * s2 - s1 * s1 + 0.002)
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """Points from −1.5 to 1.5 of a random sum of powers and waves, scaled to a spread of 1; noise 0.15."""
    c0, c1, c2, c3 = (rng.gauss(0, 0.8 / (k + 1)) for k in range(4))
    (a0, f0, p0), (a1, f1, p1) = ((rng.gauss(0, 0.7), rng.uniform(1.5, 4.0), rng.uniform(0, 6.3)) for _ in range(2))

    def curve(x: float) -> float:
        return c0 + c1 * x + c2 * x**2 + c3 * x**3 + (a0 * math.sin(f0 * x + p0) + a1 * math.sin(f1 * x + p1))

    grid = [curve(i / 20 - 1.5) for i in range(61)]
    centre = sum(grid) / len(grid)
    spread = math.sqrt(sum((y - centre) ** 2 for y in grid) / len(grid))
    xs = sorted(round(rng.uniform(-1.5, 1.5), 3) for _ in range(_POINTS))
    at = [round(rng.uniform(-1.4, 1.4), 3) for _ in range(_ASKED)]
    lift = rng.uniform(-0.5, 0.5)
    return {
        "xs": list(xs),
        "ys": [round((curve(x) - centre) / spread + lift + rng.gauss(0, 0.15), 4) for x in xs],
        "at": list(at),
        "true": [round((curve(x) - centre) / spread + lift, 4) for x in at],
    }


def _measure(instance: Any, transcript: Any) -> float:
    given = millionths(transcript, _ASKED, -1e9, 1e9)
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(given, instance["true"], strict=True)) / _ASKED)


PROBLEM = Problem(
    name="regression",
    group=Pool.JUDGE,
    text="Regression: value(xs, ys, x) says where an unknown curve is at x, from noisy points of it. A smaller error scores higher.",
    source="Random formulas as in symbolic-regression suites (Nguyen, Keijzer); local linear regression (Cleveland 1979)",
    entry="value",
    start=START,
    knobs={"NEAR": (0.6, 1.0), "FLAT": (0.6, 0.8)},
    expert=EXPERT,
    measured="root mean square error, where the curve has a spread of 1",
    floor=1.2,
    level=0.12,
    rounds=8,
    draw=_draw,
    measure=_measure,
)
"""Regression."""
