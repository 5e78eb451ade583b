"""Two whole versions against each other, in both directions, looked at after every pair.

Decided by the interval of `rsi.kernel.judge.interval`: it excludes 0 at some time with a probability of at most α if the two are equal, so
what is said and the interval that is shown never contradict each other.
"""

from collections import Counter
from enum import StrEnum

from rsi.core.records import CaseId, Effect
from rsi.kernel.judge.interval import effect_of, lies_above

__all__ = ["Comparison", "Finding"]


class Finding(StrEnum):
    """What a comparison has shown of the second version, B, against the first, A."""

    BETTER = "better"
    WORSE = "worse"
    NOT_WORSE = "not worse"
    NOT_SHOWN = "no difference shown"


class Comparison:
    """Takes pairs of scores and says when enough is known.

    Args:
        alpha: probability, over all looks together, that a difference is reported between two equal versions.
        max_pairs: pairs after which it ends without a finding.
        margin: None, or the loss of B in score that would still be put up with: the comparison then also ends (`NOT_WORSE`) when a larger
            one is excluded.

    Covers: looking after every pair, stopping at any time. Does not cover: cases that a version has seen before; many comparisons, of which
    the most pleasing one is told.
    """

    __slots__ = ("_alpha", "_counts", "_margin", "_max_pairs", "_seen")

    def __init__(self, *, alpha: float, max_pairs: int, margin: float | None = None) -> None:
        if not 0 < alpha < 1 or max_pairs < 1:
            raise ValueError(f"alpha {alpha!r} must lie in (0, 1) and max_pairs {max_pairs!r} be at least 1")
        self._alpha = alpha
        self._max_pairs = max_pairs
        self._margin = margin
        self._counts: Counter[float] = Counter()
        self._seen: set[CaseId] = set()

    @property
    def effect(self) -> Effect:
        """B − A as seen so far, with the anytime-valid (1 − α) interval."""
        return effect_of(self._counts, self._alpha)

    def observe(self, case: CaseId, a: float, b: float) -> None:
        """Add one pair of scores in [0, 1]; each case counts once.

        Raises:
            ValueError: the case was observed before, or a score is outside [0, 1].
        """
        if case in self._seen or not (0.0 <= a <= 1.0 and 0.0 <= b <= 1.0):
            raise ValueError(f"case {case} needs two scores in [0, 1], once, not {a!r} and {b!r}")
        self._seen.add(case)
        self._counts[b - a] += 1

    def finding(self) -> Finding | None:
        """What is shown; None while more pairs are wanted."""
        opposite = Counter({-difference: n for difference, n in self._counts.items()})
        if lies_above(self._counts, 0.0, self._alpha):
            return Finding.BETTER
        if lies_above(opposite, 0.0, self._alpha):
            return Finding.WORSE
        if self._margin is not None and lies_above(self._counts, -self._margin, self._alpha):
            return Finding.NOT_WORSE
        return Finding.NOT_SHOWN if len(self._seen) >= self._max_pairs else None
