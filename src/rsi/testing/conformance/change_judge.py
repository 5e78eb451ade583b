"""What every judge of changes must hold to: subclass `ChangeJudgeConformance` and give it a fresh judge.

class TestMyJudge(ChangeJudgeConformance):
    def make_judge(self, candidate: CandidateId) -> ChangeJudge:
        return MyJudge(candidate)
"""

from abc import ABC, abstractmethod

import pytest

from rsi.core.protocols import ChangeJudge
from rsi.core.records import Accepted, CandidateId, CaseId, Rejected, Undecided, Verdict

__all__ = ["ChangeJudgeConformance"]

_WHO = CandidateId("c" * 64)
_MANY = 2000


class ChangeJudgeConformance(ABC):
    """The contract of `rsi.core.protocols.ChangeJudge`; a judge under test must decide within 2,000 pairs."""

    @abstractmethod
    def make_judge(self, candidate: CandidateId) -> ChangeJudge:
        """A fresh judge over this candidate."""

    def test_it_says_nothing_before_it_has_seen_a_pair(self) -> None:
        """No evidence, no verdict, and an interval that excludes nothing."""
        judge = self.make_judge(_WHO)
        assert judge.verdict() is None
        assert (judge.effect.pairs, judge.effect.low, judge.effect.high) == (0, -1.0, 1.0)

    def test_it_accepts_a_change_that_always_wins(self) -> None:
        """The evidence is at least what was asked, and the interval lies above 0."""
        verdict = _feed(self.make_judge(_WHO), ["win"])
        assert isinstance(verdict, Accepted)
        assert verdict.candidate == _WHO
        assert verdict.e_value >= verdict.threshold > 1
        assert verdict.effect.low > 0 and verdict.effect.losses == 0

    def test_it_rejects_a_change_that_always_loses(self) -> None:
        """With a reason for people."""
        verdict = _feed(self.make_judge(_WHO), ["loss"])
        assert isinstance(verdict, Rejected)
        assert verdict.reason and verdict.e_value < verdict.threshold

    def test_it_never_accepts_a_change_that_changes_nothing(self) -> None:
        """Ties are no evidence."""
        assert not isinstance(_feed(self.make_judge(_WHO), ["tie"]), Accepted)

    def test_it_never_accepts_a_change_that_loses_as_often_as_it_wins(self) -> None:
        """Alternating wins and losses are no evidence."""
        assert not isinstance(_feed(self.make_judge(_WHO), ["loss", "win"]), Accepted)

    def test_each_case_counts_once(self) -> None:
        """A case that is shown again is an error, and leaves the evidence as it was."""
        judge = self.make_judge(_WHO)
        judge.observe(CaseId("a"), 1.0, 0.0)
        with pytest.raises(ValueError, match="a"):
            judge.observe(CaseId("a"), 1.0, 0.0)
        assert judge.effect.pairs == 1

    @pytest.mark.parametrize("score", [-0.01, 1.01, float("nan"), float("inf")])
    def test_a_score_outside_the_scale_is_refused(self, score: float) -> None:
        """A score outside [0, 1] is an error on either side, never evidence."""
        judge = self.make_judge(_WHO)
        with pytest.raises(ValueError):
            judge.observe(CaseId("a"), score, 0.0)
        with pytest.raises(ValueError):
            judge.observe(CaseId("b"), 0.0, score)
        assert judge.effect.pairs == 0

    def test_the_same_pairs_give_the_same_verdict(self) -> None:
        """A verdict can be derived again from the trials."""
        pattern = ["win", "tie", "win", "loss"]
        assert _feed(self.make_judge(_WHO), pattern) == _feed(self.make_judge(_WHO), pattern)

    def test_asking_for_a_verdict_changes_nothing(self) -> None:
        """Looking is free."""
        judge = self.make_judge(_WHO)
        for index in range(5):
            judge.observe(CaseId(str(index)), 1.0, 0.0)
        assert [judge.verdict() for _ in range(3)] == [judge.verdict()] * 3
        assert judge.effect.pairs == 5

    def test_the_effect_is_the_mean_difference_inside_its_interval(self) -> None:
        """Two wins, one loss, one tie: a quarter."""
        judge = self.make_judge(_WHO)
        for name, (ours, theirs) in {"a": (1.0, 0.0), "b": (1.0, 0.0), "c": (0.0, 1.0), "d": (1.0, 1.0)}.items():
            judge.observe(CaseId(name), ours, theirs)
        effect = judge.effect
        assert (effect.mean, effect.pairs, effect.wins, effect.losses) == (0.25, 4, 2, 1)
        assert -1 <= effect.low < effect.mean < effect.high <= 1

    def test_a_test_that_ends_early_is_undecided_with_its_reason(self) -> None:
        """The evidence so far stays readable."""
        judge = self.make_judge(_WHO)
        judge.observe(CaseId("a"), 1.0, 0.0)
        verdict = judge.undecided("the incumbent moved on")
        assert isinstance(verdict, Undecided)
        assert verdict.reason == "the incumbent moved on" and verdict.effect.pairs == 1


_SCORES = {"win": (1.0, 0.0), "loss": (0.0, 1.0), "tie": (1.0, 1.0)}


def _feed(judge: ChangeJudge, pattern: list[str]) -> Verdict:
    for index in range(_MANY):
        judge.observe(CaseId(f"case {index}"), *_SCORES[pattern[index % len(pattern)]])
        verdict = judge.verdict()
        if verdict is not None:
            return verdict
    raise AssertionError(f"no verdict within {_MANY} pairs")
