"""The statistics of `benchmarks.seed`: means over run seeds with intervals, paired differences, the mean of step curves."""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CurvePoint", "Estimate", "bootstrap_over_cases", "mean_curve", "step_at", "t_estimate", "t_quantile"]

Steps = Sequence[tuple[float, float]]
"""A step curve: (from where on, value), by where; it stays at a value until the next."""

_T_975 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)
_Z_975 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean of `n` values with a 95 % interval; `low` and `high` are None where one value says nothing of its spread."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """From `x` on, until the next point, the mean curve stands at `value`."""

    x: float
    value: Estimate


def t_quantile(degrees: int) -> float:
    """The 97.5 % quantile of Student's t: a table up to 10 degrees of freedom, above it Fisher's expansion (error below 0.001).

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.5.
    """
    if degrees <= len(_T_975):
        return _T_975[degrees - 1]
    z = _Z_975
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


def t_estimate(values: Sequence[float]) -> Estimate:
    """Mean of independent values (one per run seed, or one difference per run seed) with Student's 95 % interval.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("an estimate needs at least one value")
    mean, n = statistics.fmean(values), len(values)
    if n == 1:
        return Estimate(mean=mean, low=None, high=None, n=1)
    half = t_quantile(n - 1) * statistics.stdev(values) / math.sqrt(n)
    return Estimate(mean=mean, low=mean - half, high=mean + half, n=n)


def bootstrap_over_cases(differences: Sequence[Sequence[float]], rng: random.Random, *, rounds: int = 2_000) -> Estimate:
    """Mean over seeds of the sum of paired differences per case, with a 95 % percentile interval from resampled cases.

    Cases are resampled within their seed, so the interval says what other cases would show of *these* runs; what other runs would
    show is `t_estimate`'s to say.

    Args:
        differences: for each run seed one difference per case.
        rng: draws the cases.
        rounds: resamples.

    Raises:
        ValueError: there are no differences.
    """
    if not differences or not all(differences):
        raise ValueError("a bootstrap needs at least one case of every seed")
    sums = sorted(statistics.fmean(sum(rng.choices(row, k=len(row))) for row in differences) for _ in range(rounds))
    return Estimate(
        mean=statistics.fmean(sum(row) for row in differences),
        low=sums[int(0.025 * rounds)],
        high=sums[min(rounds - 1, int(0.975 * rounds))],
        n=sum(map(len, differences)),
    )


def step_at(steps: Steps, x: float) -> float:
    """The value of a step curve at `x`; before its first step the first value."""
    value = steps[0][1]
    for start, later in steps:
        if start > x:
            break
        value = later
    return value


def mean_curve(curves: Sequence[Steps], end: float) -> list[CurvePoint]:
    """The mean over run seeds of their step curves, with an interval at every place where any of them changes, and at `end`."""
    places = sorted({start for steps in curves for start, _ in steps if start < end} | {end})
    return [CurvePoint(x=x, value=t_estimate([step_at(steps, x) for steps in curves])) for x in places]
