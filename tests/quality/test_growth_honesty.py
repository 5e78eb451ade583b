"""What is said of growth, in worlds whose law is known: acceleration is not seen where there is none, and is seen where it is plain."""

import math
import random
from collections.abc import Callable

import pytest

from rsi.analytics.growth import Gain, Growth, Law, Point, Trend, growth_of, growth_of_gains

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


# When the next change is found is a matter of luck: by which share of a run a change has come, from how many of them have come by then.
ARRIVALS: dict[str, Shape] = {
    "linear": lambda u: u,
    "square root": lambda u: u**2,
    "saturating": lambda u: -math.log(1 - u * (1 - math.exp(-4))) / 4,
    "cube": lambda u: u ** (1 / 3),
}


def found_by_luck(name: str, rng: random.Random, changes: int = 40) -> list[Gain]:
    """Changes that come by luck, whose gains differ by luck too."""
    times = sorted(ARRIVALS[name](rng.random()) for _ in range(changes))
    return [Gain(cost=1000.0 * time, size=0.05 * rng.expovariate(1.0)) for time in times]


def as_points(gains: list[Gain]) -> list[Point]:
    """The running sum, as if each of its values had been measured for itself."""
    return [Point(cost=g.cost, gain=sum(x.size for x in gains[: n + 1]), error=0.03 * (n + 1) ** 0.5) for n, g in enumerate(gains)]


@pytest.mark.parametrize("name", ["linear", "square root", "saturating"])
def test_changes_that_come_by_luck_are_practically_never_called_accelerating(name: str, repetitions: Callable[..., int]) -> None:
    rng, runs = random.Random(47), repetitions(300, least=60)
    assert sum(growth_of_gains(found_by_luck(name, rng), 1000.0).trend is Trend.ACCELERATING for _ in range(runs)) <= 0.02 * runs


def test_their_running_sum_taken_for_independent_points_is_caught_by_the_same_simulation() -> None:
    rng = random.Random(47)
    assert sum(growth_of(as_points(found_by_luck("linear", rng))).trend is Trend.ACCELERATING for _ in range(60)) > 0.1 * 60


def test_changes_that_come_faster_and_faster_or_dry_up_are_seen() -> None:
    rng = random.Random(48)
    assert sum(growth_of_gains(found_by_luck("cube", rng), 1000.0).trend is Trend.ACCELERATING for _ in range(40)) >= 0.75 * 40
    assert sum(growth_of_gains(found_by_luck("saturating", rng), 1000.0).trend is Trend.SATURATING for _ in range(40)) >= 0.75 * 40


def test_of_24_changes_nothing_is_said_and_a_change_from_behind_the_end_is_refused() -> None:
    gains = found_by_luck("cube", random.Random(49), changes=24)
    assert growth_of_gains(gains, 1000.0).trend is Trend.UNKNOWN
    assert growth_of_gains(gains + gains[:1], 1000.0).aicc
    with pytest.raises(ValueError, match="from 0 to the end"):
        growth_of_gains(gains, 500.0)


@pytest.mark.parametrize("points", [[Point(cost=1.0, gain=1.0, error=0.0)], [Point(cost=1.0, gain=1.0, error=1.0)] * 30])
def test_points_that_cannot_be_weighed_or_told_apart_are_refused(points: list[Point]) -> None:
    with pytest.raises(ValueError, match="standard error|same cost"):
        growth_of(points)
