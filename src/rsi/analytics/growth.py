"""Which law the gains of a run follow, if that can be told at all: linear, power, exponential or saturating growth.

Laws are fitted by least squares on an unbounded scale (logits of the score, say) and compared by AICc (Hurvich and Tsai 1989). Fitted laws
invite talk of take-off, so the bar is high: growth is called accelerating only if the power or the exponential law beats both the linear
and the saturating one by 6 in AICc *and* the exponent of the power law lies above 1 with its whole interval. With fewer than 25 points
nothing is said.

What was measured decides which of the two functions is right. Cumulative gains that were each measured for themselves, on cases of their
own: `growth_of`, which weighs them by 1/s.e.². A sum that grows by one change after another: `growth_of_gains`. When a change comes is a
matter of luck, and the sum carries that luck on: taken for independent points, every fourth run in which gains come at a constant rate
looks accelerating. So what is fitted there are the gains of equal stretches of cost, whose spread is estimated from themselves.

Covers: laws with an intercept, gains of unequal certainty; changes that come by luck. Does not cover: errors of `growth_of`'s points that
depend on one another, growth that changes its law half-way, and any forecast: alarms belong on rates, not on fitted laws.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import mul

__all__ = ["ENOUGH", "MARGIN", "Gain", "Growth", "Law", "Point", "Trend", "growth_of", "growth_of_gains"]

ENOUGH = 25
"""With fewer points no law is identifiable."""
MARGIN = 6.0
"""By how much in AICc one law must beat another."""

_CHANGE = 3.841
"""Rise of χ² at the ends of a 95 % interval of one parameter (profile likelihood)."""
_EXPONENTS = tuple(0.1 * 1.04**k for k in range(100))
_RATES = tuple(0.05 * 1.09**k for k in range(70))
_NOTHING = 1e-300
"""A sum of squares below which a law fits exactly."""

_Misfit = Callable[[Sequence[float]], float]
"""How badly the best multiple of a shape fits: twice its log-likelihood, negative, but for a constant."""


class Law(StrEnum):
    """A law of growth over cost t, scaled to [0, 1]."""

    LINEAR = "linear"
    POWER = "power"
    EXPONENTIAL = "exponential"
    SATURATING = "saturating"


class Trend(StrEnum):
    """What may be said of the growth."""

    UNKNOWN = "not identifiable yet"
    ACCELERATING = "accelerating"
    SATURATING = "saturating"
    OPEN = "several laws fit"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A cumulative gain (unbounded scale, higher is better) after a cost, with its standard error."""

    cost: float
    gain: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What one change added (unbounded scale), and the cost after which it was kept."""

    cost: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What the points say.

    Attributes:
        points: how many.
        trend: what may be said.
        aicc: of each law, lower is better; empty where nothing may be said.
        exponent: of the power law, with its 95 % interval; 0, 0, 0 where nothing may be said.
    """

    points: int
    trend: Trend
    aicc: dict[Law, float]
    exponent: tuple[float, float, float]


def growth_of(points: Sequence[Point]) -> Growth:
    """The growth that these points show, each of which was measured for itself.

    Raises:
        ValueError: a standard error is not above 0, or all points have one cost.
    """
    if any(not point.error > 0 for point in points):
        raise ValueError("every point needs a standard error above 0")
    if len(points) < ENOUGH:
        return _unknown(len(points))
    return _growth(len(points), _scaled(points), _weighted(points))


def growth_of_gains(gains: Sequence[Gain], until: float) -> Growth:
    """The growth of a sum to which each of these gains was added, from cost 0 `until` the end.

    As many equal stretches of cost as there are gains; what a stretch gained is one point.

    Raises:
        ValueError: a gain lies outside of that time.
    """
    if not all(0 <= gain.cost <= until for gain in gains):
        raise ValueError("every gain needs a cost from 0 to the end")
    if len(gains) < ENOUGH or not until > 0:
        return _unknown(len(gains))
    stretches = [0.0] * len(gains)
    for gain in gains:
        stretches[min(len(gains) - 1, int(len(gains) * gain.cost / until))] += gain.size
    return _growth(len(gains), [k / len(gains) for k in range(len(gains) + 1)], _by_stretch(stretches))


def _unknown(points: int) -> Growth:
    return Growth(points=points, trend=Trend.UNKNOWN, aicc={}, exponent=(0.0, 0.0, 0.0))


def _growth(points: int, times: Sequence[float], misfit: _Misfit) -> Growth:
    powers = [(p, misfit([t**p for t in times])) for p in _EXPONENTS]
    fits = {
        Law.LINEAR: (misfit(times), 2),
        Law.POWER: (min(found for _, found in powers), 3),
        Law.EXPONENTIAL: (min(map(misfit, _shapes(times, math.expm1))), 3),
        Law.SATURATING: (min(map(misfit, _shapes(times, lambda x: -math.expm1(-x)))), 3),
    }
    aicc = {law: found + _penalty(parameters, points) for law, (found, parameters) in fits.items()}
    exponent = _exponent(powers)
    return Growth(points=points, trend=_trend(aicc, exponent), aicc=aicc, exponent=exponent)


def _trend(aicc: dict[Law, float], exponent: tuple[float, float, float]) -> Trend:
    rising = min(aicc[Law.POWER], aicc[Law.EXPONENTIAL])
    if exponent[1] > 1 and all(aicc[law] - rising >= MARGIN for law in (Law.LINEAR, Law.SATURATING)):
        return Trend.ACCELERATING
    # A power law with an exponent below 1 flattens too: it is no rival of the word.
    if exponent[2] < 1 and all(aicc[law] - aicc[Law.SATURATING] >= MARGIN for law in (Law.LINEAR, Law.EXPONENTIAL)):
        return Trend.SATURATING
    # Only an interval that is narrow around 1 says that it is a straight line, and not just that nothing else was shown.
    return Trend.LINEAR if exponent[1] > 0.8 and exponent[2] < 1.25 else Trend.OPEN


def _scaled(points: Sequence[Point]) -> list[float]:
    first, last = min(point.cost for point in points), max(point.cost for point in points)
    if not last > first:
        raise ValueError("all points have the same cost")
    return [(point.cost - first) / (last - first) for point in points]


def _penalty(parameters: int, points: int) -> float:
    return 2 * parameters + 2 * parameters * (parameters + 1) / (points - parameters - 1)


def _shapes(times: Sequence[float], shape: Callable[[float], float]) -> Iterator[list[float]]:
    return ([shape(rate * t) for t in times] for rate in _RATES)


def _exponent(powers: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    best, least = min(powers, key=lambda row: row[1])
    inside = [p for p, misfit in powers if misfit - least <= _CHANGE]
    return best, min(inside), max(inside)


def _weighted(points: Sequence[Point]) -> _Misfit:
    """χ² of the best a + b · shape with b ≥ 0: growth that falls is no growth."""
    raw = [1 / point.error**2 for point in points]
    total = math.fsum(raw)
    weights = [weight / total for weight in raw]
    middle = math.fsum(w * point.gain for w, point in zip(weights, points, strict=True))
    gains = [point.gain - middle for point in points]
    weighed = list(map(mul, weights, gains))
    square = math.fsum(map(mul, weighed, gains))

    def misfit(shape: Sequence[float]) -> float:
        mean = math.fsum(map(mul, weights, shape))
        around = [s - mean for s in shape]
        spread = math.fsum(map(mul, weights, map(mul, around, around)))
        return total * _left(square, math.fsum(map(mul, weighed, around)), spread)

    return misfit


def _by_stretch(gains: Sequence[float]) -> _Misfit:
    """n·log of the squares left by the best b · (rise of the shape) with b ≥ 0, for gains whose spread nobody knows."""
    square = math.fsum(map(mul, gains, gains))

    def misfit(shape: Sequence[float]) -> float:
        rises = [after - before for before, after in zip(shape, shape[1:], strict=False)]
        left = _left(square, math.fsum(map(mul, gains, rises)), math.fsum(map(mul, rises, rises)))
        return len(gains) * math.log(max(left, _NOTHING))

    return misfit


def _left(square: float, along: float, spread: float) -> float:
    """What remains of a sum of squares behind the best slope that does not fall."""
    return max(0.0, square - max(0.0, along) ** 2 / spread) if spread > 0 else square
