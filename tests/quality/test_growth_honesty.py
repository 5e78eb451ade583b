"""What is said of growth, in worlds whose law is known: acceleration is not seen where there is none, and is seen where it is plain."""

import math
import random
from collections.abc import Callable

import pytest

from rsi.analytics.growth import Growth, Law, Point, Trend, growth_of

pytestmark = [pytest.mark.statistical, pytest.mark.timeout(300)]

Shape = Callable[[float], float]
WORLDS: dict[str, Shape] = {
    "linear": lambda t: 2 * t,
    "square root": lambda t: 2 * math.sqrt(t),
    "saturating": lambda t: 2 * (1 - math.exp(-4 * t)),
    "nothing": lambda t: 0.0,
    "square": lambda t: 2 * t * t,
    "exponential": lambda t: 2 * math.expm1(3 * t) / math.expm1(3),
}


def seen(shape: Shape, rng: random.Random, points: int = 40, error: float = 0.1) -> Growth:
    return growth_of([Point(cost=1000.0 * k, gain=shape(k / (points - 1)) + rng.gauss(0, error), error=error) for k in range(points)])


def share(name: str, trend: Trend, runs: int, seed: int) -> float:
    rng = random.Random(seed)
    return sum(seen(WORLDS[name], rng).trend is trend for _ in range(runs)) / runs


@pytest.mark.parametrize("name", ["linear", "square root", "saturating", "nothing"])
def test_growth_that_does_not_accelerate_is_practically_never_called_accelerating(name: str, repetitions: Callable[..., int]) -> None:
    assert share(name, Trend.ACCELERATING, repetitions(150, least=60), 41) <= 0.01


@pytest.mark.parametrize("name", ["square", "exponential"])
def test_plain_acceleration_is_seen(name: str) -> None:
    assert share(name, Trend.ACCELERATING, 40, 42) >= 0.9


def test_saturation_is_seen_and_a_straight_line_is_one() -> None:
    assert share("saturating", Trend.SATURATING, 40, 43) >= 0.9
    assert share("linear", Trend.LINEAR, 40, 44) >= 0.6
    assert share("linear", Trend.SATURATING, 40, 44) <= 0.05
    assert share("square root", Trend.LINEAR, 40, 44) == 0


def test_the_interval_of_the_exponent_covers_it(repetitions: Callable[..., int]) -> None:
    rng, runs, inside = random.Random(45), repetitions(100, least=60), 0
    for _ in range(runs):
        _, low, high = seen(WORLDS["square"], rng).exponent
        inside += low <= 2 <= high
    assert inside / runs >= 0.88


def test_before_25_points_nothing_is_said_however_plain_it_looks() -> None:
    found = seen(WORLDS["exponential"], random.Random(46), points=24, error=0.01)
    assert (found.trend, found.aicc) == (Trend.UNKNOWN, {})
    assert seen(WORLDS["exponential"], random.Random(46), points=25, error=0.01).trend is Trend.ACCELERATING


def test_uncertain_points_weigh_little() -> None:
    certain = [Point(cost=float(k), gain=2.0 * k / 39, error=0.05) for k in range(40)]
    wild = [Point(cost=20.0 + k / 10, gain=9.0, error=50.0) for k in range(5)]
    found = growth_of([*certain, *wild])
    assert found.trend is Trend.LINEAR
    assert min(found.aicc, key=lambda law: found.aicc[law]) is Law.LINEAR


@pytest.mark.parametrize("points", [[Point(cost=1.0, gain=1.0, error=0.0)], [Point(cost=1.0, gain=1.0, error=1.0)] * 30])
def test_points_that_cannot_be_weighed_or_told_apart_are_refused(points: list[Point]) -> None:
    with pytest.raises(ValueError, match="standard error|same cost"):
        growth_of(points)
