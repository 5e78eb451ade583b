"""The words of a race: what it is asked to do, what it draws, and what it says of an edit."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from rsi.kernel.judge.eprocess import log_mean_exp
from rsi.kernel.judge.prior import Belief, Estimate, Prior
from rsi.kernel.judge.safety import SafetyEvidence

__all__ = ["STAKES", "Arm", "Closed", "Draw", "Ending", "Rule", "Settings", "Standing", "State"]

STAKES: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Fractions λ of the capital that are bet, equally weighted."""


_LEAST_REACH, _SPARE_REACH, _REACH_KNOWN = 0.25, 1.25, 20
"""A difference counts as whole from a quarter on at the least, and only once so many have told how large they get."""


class Rule(StrEnum):
    """When an edit is accepted.

    Strict: on evidence (false-discovery rate ≤ α, proven). Fast: once P(better) is 0.9 (a belief). Report: never, and none is dropped.
    """

    STRICT = "strict"
    FAST = "fast"
    REPORT = "report"


class Ending(StrEnum):
    """How the test of an edit ended; `WITHDRAWN`: it conflicts with one that was accepted, and may be made anew on top of it."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    VETOED = "vetoed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a race is run.

    Attributes:
        budget: trials in all; dropping is paced so that the edits last as long as it does.
        slots: edits open at a time.
        alpha: false-discovery rate of the whole race.
        horizon: edits that may ever be opened (T), declared before the first.
        rule: when an edit is accepted.
        prior: what is believed of an edit before its first trial; learnt on the way.
        review: trials between two looks at whom to drop.
        fewest: trials that an edit gets before it may be dropped.
        hopeless: dropped when P(better) is below this multiple of the prior's.
        hasty: the same while the race is behind its schedule and an edit could take the free place.
        crowded: so many open edits keep others waiting, in the race's queue or with whoever makes them; None: as many as there are slots.
        confident: P(better) that accepts under the fast rule.
        margin: None, or the loss on safety suites that an edit must be shown to stay above before it is accepted.
        safety_share: with a margin, the share of rounds that are played on safety cases as long as others are of use too.
    """

    budget: int = 18_000
    slots: int = 16
    alpha: float = 0.10
    horizon: int = 300
    rule: Rule = Rule.STRICT
    prior: Prior = Prior()
    review: int = 25
    fewest: int = 50
    hopeless: float = 0.2
    hasty: float = 3.0
    crowded: int | None = None
    confident: float = 0.9
    margin: float | None = None
    safety_share: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What one trial (or one build and its trials) runs: the incumbent with the edits that are `on`.

    Attributes:
        number: 0, 1, 2 …
        drawn: edits whose coin was tossed; all others are off because one of these conflicts with them, and nothing is learnt of them.
        on: those of `drawn` that are on.
    """

    number: int
    drawn: tuple[str, ...]
    on: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of an edit.

    Attributes:
        trials: how many trials tossed its coin.
        level: accepted at an e-value of 1/level.
        log_e: logarithm of its e-value now.
        estimate: plain estimate of its effect; selected for being high if the edit is accepted, so never to be claimed.
        belief: what may be claimed.
        score: mean score of the trials that tossed its coin.
        crashes: trials that crashed while it was on, and while it was off.
        shown: whether it was shown to be better (a removal: to lose less than is tolerated), at any time so far.
        harmless: whether it was shown to do no relevant harm on safety suites; None where there are none.
    """

    edit: str
    trials: int
    level: float
    log_e: float
    estimate: Estimate
    belief: Belief
    score: float
    crashes: tuple[int, int]
    shown: bool
    harmless: bool | None

    @property
    def is_held_up(self) -> bool:
        """Whether only the proof is missing that it does no harm."""
        return self.shown and self.harmless is False


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """An edit's test is over."""

    edit: str
    ending: Ending
    reason: str
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a race stands: trials spent, edits opened so far, the open ones (most promising first), and the prior as learnt."""

    spent: int
    opened: int
    open: tuple[Standing, ...]
    prior: Prior


class Arm:
    """The running sums of one open edit.

    Args:
        edit: its name.
        level: fixed when it opens, for good.
        conflicts: names of the edits that it can never be on with.
        margin: see `Settings`.
        tolerance: None, or the loss that is tolerated of an edit that takes something out.
    """

    __slots__ = (
        "_largest", "_scores", "_seen", "_total", "capitals", "conflicts", "crashed_off", "crashed_on", "edit", "level", "need", "safety",
        "shown", "spared", "square", "trials",
    )  # fmt: skip

    def __init__(self, edit: str, level: float, conflicts: Collection[str], margin: float | None, tolerance: float | None = None) -> None:
        self.edit, self.level, self.need = edit, level, -math.log(level)
        self.spared = None if tolerance is None else SafetyEvidence(tolerance)
        """Evidence on a removal: that it loses less than is tolerated, and that it loses."""
        self.conflicts = set(conflicts)
        self.safety = None if margin is None else SafetyEvidence(margin)
        self.capitals = [0.0] * len(STAKES)
        self.shown = False
        self.trials = self.crashed_on = self.crashed_off = 0
        self._total = self.square = self._scores = 0.0
        self._largest, self._seen = 0.0, 0

    def add(self, surprise: float, rows: int, scores: float, gains: list[float]) -> None:
        """Add a block of `rows` trials: their mean of ±(score − expected), the sum of their scores, and what each stake gained."""
        capitals = self.capitals
        for k, gain in enumerate(gains):
            capitals[k] += gain
        self._total += rows * surprise
        self.square += (rows * surprise) ** 2
        self._scores += scores
        self.trials += rows
        if not self.shown and max(capitals) >= self.need:
            self.shown = log_mean_exp(capitals) >= self.need

    def cut(self, difference: float) -> float:
        """The number in [−1, 1] that is bet on for a difference of one case: in units a bit above the largest so far, cut only at a record.

        Differences of −1, 0 and 1 stay as they are. For scores in between, whose differences are small, evidence grows much faster.
        """
        reach = min(1.0, max(_LEAST_REACH, _SPARE_REACH * self._largest)) if self._seen >= _REACH_KNOWN else 1.0
        self._largest, self._seen = max(self._largest, abs(difference)), self._seen + 1
        return max(-1.0, min(1.0, difference / reach))

    def bet_on_safety(self, differences: Iterable[float]) -> None:
        """Add what a version with the edit scored more than one without it on safety cases, case by case."""
        if self.safety is not None:
            for difference in differences:
                self.safety.add_pair(difference)

    @property
    def is_shown(self) -> bool:
        """Whether it was shown to be better, or, if it takes something out, to lose less than is tolerated."""
        return self.shown if self.spared is None else self.spared.harmless

    def estimate(self) -> Estimate:
        """Effect: twice the mean of ±(score − expected). One imagined trial of variance ¼ keeps the error honest at the start."""
        n = max(self.trials, 1)
        return Estimate(mean=2 * self._total / n, error=2 * math.sqrt(self.square + 0.25) / n)

    def standing(self, prior: Prior) -> Standing:
        """The sums as a record."""
        estimate = self.estimate()
        return Standing(
            edit=self.edit,
            trials=self.trials,
            level=self.level,
            log_e=log_mean_exp(self.capitals) if self.spared is None else self.spared.log_e,
            estimate=estimate,
            belief=prior.believe(estimate),
            score=self._scores / max(self.trials, 1),
            crashes=(self.crashed_on, self.crashed_off),
            shown=self.is_shown,
            harmless=None if self.safety is None else self.safety.harmless,
        )
