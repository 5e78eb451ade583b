"""The statistics of `benchmarks.scratch`: what each way of learning solves over the seeds, and its gain by that of the first way.

A *gain* is what a way solves after learning from scratch, less what version 0 solves before it learned anything. The unit is the seed:
practice tasks, random choices and fresh held-out tasks of their own, the same for every way, so all comparisons are paired by seed.

The interval of a ratio is Fieller's (1954), "Some problems in interval estimation": all ρ for which the mean of ours − ρ · theirs, one
difference per seed, is not told from 0 by Student's t at 5 %. It supposes differences that are nearly normal. The anytime-valid interval
of `rsi bench improver` supposes nothing, and says nothing either before there are dozens of pairs; seeds are few here.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.seed_stats import Estimate, t_estimate, t_quantile

__all__ = ["Quotient", "Row", "quotient", "rows_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotient:
    """A ratio of mean gains with a 95 % interval; None where there is no ratio, or nothing bounds it on that side."""

    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way of learning on one set of held-out tasks.

    Attributes:
        solved: tasks solved after learning, mean over seeds.
        lead: over the first way, paired by seed; None for the first way itself.
        gain: by that of the first way; None for the first way itself.
    """

    way: str
    solved: Estimate
    lead: Estimate | None
    gain: Quotient | None


def rows_of(start: Sequence[int], solved: Mapping[str, Sequence[int]]) -> list[Row]:
    """A row per way, the first one being what the others are compared with.

    Args:
        start: tasks that version 0 solves before it learns, by seed.
        solved: tasks solved by each way after it learned, by seed in the same order.

    Raises:
        ValueError: a way has another number of seeds.
    """
    first = next(iter(solved))
    theirs = [after - before for after, before in zip(solved[first], start, strict=True)]
    rows = []
    for way, counts in solved.items():
        ours = [after - before for after, before in zip(counts, start, strict=True)]
        lead = None if way == first else t_estimate([a - b for a, b in zip(ours, theirs, strict=True)])
        gain = None if way == first else quotient(ours, theirs)
        rows.append(Row(way=way, solved=t_estimate(list(counts)), lead=lead, gain=gain))
    return rows


def quotient(ours: Sequence[float], theirs: Sequence[float]) -> Quotient:
    """Mean of ours by mean of theirs, paired, with Fieller's interval; no interval from one pair.

    Raises:
        ValueError: there are no pairs, or not all have two sides.
    """
    if not ours or len(ours) != len(theirs):
        raise ValueError("a ratio needs at least one pair")
    a, b, n = statistics.fmean(ours), statistics.fmean(theirs), len(ours)
    ratio = a / b if b > 0 else None
    if n == 1:
        return Quotient(ratio=ratio, low=None, high=None)
    width = t_quantile(n - 1) ** 2 / n
    squares = b * b - width * statistics.variance(theirs)
    middle = a * b - width * statistics.covariance(ours, theirs)
    rest = a * a - width * statistics.variance(ours)
    # squares · ρ² − 2 middle · ρ + rest ≤ 0; if theirs is not told from 0, what solves it is not an interval.
    if b <= 0 or squares <= 0:
        return Quotient(ratio=ratio, low=None, high=None)
    half = math.sqrt(max(0.0, middle * middle - squares * rest))
    return Quotient(ratio=ratio, low=(middle - half) / squares, high=(middle + half) / squares)
