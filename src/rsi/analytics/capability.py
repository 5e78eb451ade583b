"""How capable a version is: the mean score on cases that had no part in choosing it, with an interval."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rsi.core.records import CaseId
from rsi.kernel.judge import wilson

__all__ = ["Capability", "FreshScores", "capability_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """A mean score in [0, 1] (higher is better) with Wilson's 95 % interval at this number of cases.

    The interval is for reading a curve, looked at one point at a time; what a run claims is its certificate.
    """

    mean: float
    low: float
    high: float
    cases: int


def capability_of(scores: Iterable[float]) -> Capability | None:
    """The capability that these scores in [0, 1] show; None if there are none."""
    values = list(scores)
    if not values:
        return None
    low, high = wilson(sum(values), len(values))
    return Capability(mean=sum(values) / len(values), low=low, high=high, cases=len(values))


@dataclass(slots=True, kw_only=True)
class FreshScores:
    """Scores of one version on judge cases that nobody had opened when it became the incumbent: never those it was chosen by.

    Attributes:
        since: sequence number of the entry by which it became the incumbent.
        scores: case → family and score.
    """

    since: int
    scores: dict[CaseId, tuple[str, float]]

    def overall(self) -> Capability | None:
        """Over all families."""
        return capability_of(score for _, score in self.scores.values())

    def families(self) -> Mapping[str, Capability]:
        """By family, in order of name."""
        found: dict[str, list[float]] = {}
        for family, score in self.scores.values():
            found.setdefault(family, []).append(score)
        measured = {family: capability_of(found[family]) for family in sorted(found)}
        return {family: capability for family, capability in measured.items() if capability is not None}
