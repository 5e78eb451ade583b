"""The first judge: one candidate against one incumbent, paired case by case, with a verdict at any time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rsi.core.records import Accepted, CandidateId, CaseId, Effect, Rejected, Undecided, Verdict
from rsi.kernel.judge.eprocess import BETS, PairedEProcess, log_capital, log_mean_exp
from rsi.kernel.judge.interval import effect_of

__all__ = ["Futility", "PairedJudge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Futility:
    """When to give a change up. Any rule may stand here: giving up can cost power, never validity.

    Attributes:
        max_pairs: no more pairs than this.
        min_pairs: no change is given up before this many pairs.
        p_better: given up when P(better) falls below this.
        least_effect: given up when the interval's upper end falls below this mean difference in score.
        optimism: given up when even an effect this many standard errors above the one seen would not suffice within `max_pairs`.
    """

    max_pairs: int = 1_000
    min_pairs: int = 96
    p_better: float = 0.05
    least_effect: float = 0.005
    optimism: float = 2.0


class PairedJudge:
    """Accepts a change as soon as its e-value reaches 1/level; gives it up as soon as it has no prospect.

    The verdict is a function of the pairs observed and of nothing else, so anyone can derive it again from the trials.

    Args:
        candidate: whom the verdicts are about.
        level: the level that was fixed when the test opened (see `AlphaSpending`), in (0, 1).
        futility: when to give up.

    Covers: looking after every pair, stopping at any time. Does not cover: cases that the candidate has seen before.
    """

    __slots__ = ("_candidate", "_futility", "_process", "_seen", "_threshold")

    def __init__(self, *, candidate: CandidateId, level: float, futility: Futility | None = None) -> None:
        if not 0 < level < 1:
            raise ValueError(f"level {level!r} must lie in (0, 1)")
        self._candidate = candidate
        self._threshold = 1 / level
        self._futility = futility or Futility()
        self._process = PairedEProcess()
        self._seen: set[CaseId] = set()

    @property
    def threshold(self) -> float:
        """The e-value that accepts."""
        return self._threshold

    @property
    def e_value(self) -> float:
        """The evidence so far."""
        return self._process.e_value

    @property
    def effect(self) -> Effect:
        """The effect as seen so far, with an anytime-valid 95 % interval."""
        return effect_of(self._process.counts)

    def observe(self, case: CaseId, candidate_score: float, incumbent_score: float) -> None:
        """Add one pair of scores in [0, 1]; each case counts once.

        Raises:
            ValueError: the case was observed before, or a score is outside [0, 1].
        """
        if case in self._seen:
            raise ValueError(f"case {case} was observed before; each case counts once")
        for score in (candidate_score, incumbent_score):
            if not 0.0 <= score <= 1.0:
                raise ValueError(f"score {score!r} of case {case} is not in [0, 1]")
        self._process.add(candidate_score - incumbent_score)
        self._seen.add(case)

    def verdict(self) -> Verdict | None:
        """Accepted at the threshold, Rejected where there is no prospect, else None: more pairs are wanted."""
        if self._process.log_e >= math.log(self._threshold):
            return Accepted(candidate=self._candidate, effect=self.effect, e_value=self.e_value, threshold=self._threshold)
        reason = self._why_futile()
        return None if reason is None else self._rejected(reason)

    def undecided(self, reason: str) -> Verdict:
        """The verdict of a test that ends for another reason than its evidence."""
        return Undecided(candidate=self._candidate, effect=self.effect, e_value=self.e_value, threshold=self._threshold, reason=reason)

    def _rejected(self, reason: str) -> Rejected:
        return Rejected(candidate=self._candidate, effect=self.effect, e_value=self.e_value, threshold=self._threshold, reason=reason)

    def _why_futile(self) -> str | None:
        pairs, rule = self._process.pairs, self._futility
        if pairs >= rule.max_pairs:
            return f"not shown to be better within {rule.max_pairs} pairs"
        if pairs < rule.min_pairs:
            return None
        chance = _p_better(self._process.counts)
        if chance < rule.p_better:
            return f"P(better) fell to {chance:.2f} after {pairs} pairs"
        if self._hopeful_log_e() < math.log(self._threshold):
            return f"no prospect of enough evidence within {rule.max_pairs} pairs (after {pairs})"
        if self.effect.high < rule.least_effect:
            return f"at most {100 * self.effect.high:+.1f} points after {pairs} pairs"
        return None

    def _hopeful_log_e(self) -> float:
        """Expected log e-value at `max_pairs` if the true effect is `optimism` standard errors above the one seen.

        Expected growth per pair of a bet λ: λ·mean − λ²·(second moment)/2, the first two terms of E log(1 + λd).
        """
        counts, pairs = self._process.counts, self._process.pairs
        total, square = _moments(counts)
        mean = (total + self._futility.optimism * math.sqrt(square + 1)) / pairs
        remaining = self._futility.max_pairs - pairs
        return log_mean_exp([log_capital(counts, bet) + remaining * (bet * mean - bet * bet * square / pairs / 2) for bet in BETS])


def _moments(counts: Mapping[float, int]) -> tuple[float, float]:
    ordered = sorted(counts.items())
    return math.fsum(d * n for d, n in ordered), math.fsum(d * d * n for d, n in ordered)


def _p_better(counts: Mapping[float, int]) -> float:
    """P(mean difference > 0), normal approximation around 0 with one imagined discordant pair as prior."""
    total, square = _moments(counts)
    return 0.5 * (1 + math.erf(total / math.sqrt(2 * (square + 1))))
