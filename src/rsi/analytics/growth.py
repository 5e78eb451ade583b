"""Which law the gains of a run follow, if that can be told at all: linear, power, exponential or saturating growth.

Each law is fitted by weighted least squares (weights 1/s.e.²) to cumulative gains on an unbounded scale (logits of the score, say), and
laws are compared by AICc (Hurvich and Tsai 1989). Fitted laws invite talk of take-off, so the bar is high: growth is called accelerating
only if the power or the exponential law beats both the linear and the saturating one by 6 in AICc *and* the exponent of the
power law lies above 1 with its whole interval. With fewer than 25 points nothing is said.

Covers: laws with an intercept, gains of unequal certainty. Does not cover: errors that depend on one another (give certified gains of
separate cases), growth that changes its law half-way, and any forecast: alarms belong on rates, not on fitted laws.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ENOUGH", "MARGIN", "Growth", "Law", "Point", "Trend", "growth_of"]

ENOUGH = 25
"""With fewer points no law is identifiable."""
MARGIN = 6.0
"""By how much in AICc one law must beat another."""

_CHANGE = 3.841
"""Rise of χ² at the ends of a 95 % interval of one parameter (profile likelihood)."""
_EXPONENTS = tuple(0.1 * 1.04**k for k in range(100))
_RATES = tuple(0.05 * 1.09**k for k in range(70))


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
    """The growth that these points show.

    Raises:
        ValueError: a standard error is not above 0, or all points have one cost.
    """
    if any(not point.error > 0 for point in points):
        raise ValueError("every point needs a standard error above 0")
    if len(points) < ENOUGH:
        return Growth(points=len(points), trend=Trend.UNKNOWN, aicc={}, exponent=(0.0, 0.0, 0.0))
    times = _scaled(points)
    powers = [(p, _misfit(points, [t**p for t in times])) for p in _EXPONENTS]
    fits = {
        Law.LINEAR: (_misfit(points, times), 2),
        Law.POWER: (min(misfit for _, misfit in powers), 3),
        Law.EXPONENTIAL: (_best(points, times, math.expm1), 3),
        Law.SATURATING: (_best(points, times, lambda x: -math.expm1(-x)), 3),
    }
    aicc = {law: misfit + _penalty(parameters, len(points)) for law, (misfit, parameters) in fits.items()}
    exponent = _exponent(powers)
    return Growth(points=len(points), trend=_trend(aicc, exponent), aicc=aicc, exponent=exponent)


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


def _best(points: Sequence[Point], times: Sequence[float], shape: Callable[[float], float]) -> float:
    return min(_misfit(points, [shape(rate * t) for t in times]) for rate in _RATES)


def _exponent(powers: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    best, least = min(powers, key=lambda row: row[1])
    inside = [p for p, misfit in powers if misfit - least <= _CHANGE]
    return best, min(inside), max(inside)


def _misfit(points: Sequence[Point], shape: Sequence[float]) -> float:
    """χ² of the best a + b · shape with b ≥ 0: growth that falls is no growth."""
    weights = [1 / point.error**2 for point in points]
    total = math.fsum(weights)
    x = math.fsum(w * s for w, s in zip(weights, shape, strict=True)) / total
    y = math.fsum(w * point.gain for w, point in zip(weights, points, strict=True)) / total
    spread = math.fsum(w * (s - x) ** 2 for w, s in zip(weights, shape, strict=True))
    along = math.fsum(w * (s - x) * (point.gain - y) for w, s, point in zip(weights, shape, points, strict=True))
    slope = max(0.0, along / spread) if spread > 0 else 0.0
    return math.fsum(w * (point.gain - y - slope * (s - x)) ** 2 for w, s, point in zip(weights, shape, points, strict=True))
