"""The paired judge: its evidence, its reasons to give up, its budget of errors and what it certifies."""

import math
from collections import Counter

import pytest

from rsi.core.protocols import ChangeJudge
from rsi.core.records import Accepted, CandidateId, CaseId, Rejected, Verdict
from rsi.kernel.judge import AlphaSpending, Futility, PairedEProcess, PairedJudge, certify, interval, wilson
from rsi.testing.conformance.change_judge import ChangeJudgeConformance

WHO = CandidateId("c" * 64)


class TestPairedJudgeIsAChangeJudge(ChangeJudgeConformance):
    def make_judge(self, candidate: CandidateId) -> ChangeJudge:
        return PairedJudge(candidate=candidate, level=0.1 / 60)


def judged(differences: list[int], level: float = 0.01, futility: Futility | None = None) -> Verdict | None:
    judge = PairedJudge(candidate=WHO, level=level, futility=futility)
    for index, d in enumerate(differences):
        judge.observe(CaseId(str(index)), float(d > 0), float(d < 0))
    return judge.verdict()


def test_the_e_value_of_binary_scores_is_the_mixture_over_bets_of_wins_and_losses() -> None:
    process = PairedEProcess()
    for d in [1.0] * 7 + [-1.0] * 3 + [0.0] * 20:
        process.add(d)
    expected = sum((1 + bet) ** 7 * (1 - bet) ** 3 for bet in (0.05, 0.1, 0.2, 0.3, 0.45)) / 5
    assert process.e_value == pytest.approx(expected, rel=1e-12)


def test_graded_scores_bet_in_proportion_to_their_difference() -> None:
    process = PairedEProcess()
    process.add(0.5)
    assert process.e_value == pytest.approx(1 + 0.5 * 0.22, rel=1e-12)


def test_overwhelming_evidence_stays_a_finite_number() -> None:
    process = PairedEProcess()
    for _ in range(5000):
        process.add(1.0)
    assert process.e_value == pytest.approx(1e300)
    assert process.log_e > 1500


def test_the_lowest_level_accepts_only_where_the_evidence_reaches_its_inverse() -> None:
    wins = next(n for n in range(1, 100) if isinstance(judged([1] * n, level=1 / 600), Accepted))
    verdict = judged([1] * wins, level=1 / 600)
    assert isinstance(verdict, Accepted) and verdict.threshold == pytest.approx(600)
    assert judged([1] * (wins - 1), level=1 / 600) is None


def test_a_change_is_given_up_once_it_is_probably_not_better() -> None:
    verdict = judged([-1, 0, 0, 0] * 24)
    assert isinstance(verdict, Rejected) and "P(better)" in verdict.reason


def test_a_change_without_prospect_is_given_up_before_the_last_pair() -> None:
    verdict = judged([1, -1, 0, 0, 0, 0] * 20, level=1 / 600, futility=Futility(max_pairs=320))
    assert isinstance(verdict, Rejected) and "no prospect" in verdict.reason


def test_a_change_too_small_to_matter_is_given_up() -> None:
    patient = Futility(max_pairs=10**9, p_better=0.0)
    verdict = judged([0] * 3000, futility=patient)
    assert isinstance(verdict, Rejected) and "at most" in verdict.reason


def test_a_change_is_given_up_at_the_last_pair() -> None:
    verdict = judged([1, 1, 0, 0, 0, -1], futility=Futility(max_pairs=6))
    assert isinstance(verdict, Rejected) and "within 6 pairs" in verdict.reason


def test_nothing_is_given_up_before_the_least_number_of_pairs() -> None:
    assert judged([-1] * 95) is None
    assert judged([-1] * 96) is not None


def test_a_level_outside_0_and_1_is_refused() -> None:
    for level in (0.0, 1.0, -0.1):
        with pytest.raises(ValueError):
            PairedJudge(candidate=WHO, level=level)


def test_levels_grow_with_acceptances_and_are_fixed_when_a_test_opens() -> None:
    budget = AlphaSpending(0.1, 4)
    first, second = budget.open_test(), budget.open_test()
    budget.accepted()
    third = budget.open_test()
    assert (first, second, third) == (pytest.approx(0.025), pytest.approx(0.025), pytest.approx(0.05))


def test_after_the_horizon_no_test_may_be_opened() -> None:
    budget = AlphaSpending(0.1, 2)
    assert [budget.open_test() is None for _ in range(4)] == [False, False, True, True]
    assert (budget.opened, budget.remaining) == (2, 0)


def test_there_cannot_be_more_acceptances_than_tests() -> None:
    budget = AlphaSpending(0.1, 2)
    with pytest.raises(ValueError):
        budget.accepted()


def test_an_impossible_error_budget_is_refused() -> None:
    for alpha, horizon in [(0.0, 5), (1.0, 5), (0.1, 0)]:
        with pytest.raises(ValueError):
            AlphaSpending(alpha, horizon)


def test_the_interval_contains_the_mean_and_shrinks_with_more_pairs() -> None:
    few, many = Counter({1.0: 20, -1.0: 5, 0.0: 75}), Counter({1.0: 200, -1.0: 50, 0.0: 750})
    (low, high), (lower, upper) = interval(few, 0.05), interval(many, 0.05)
    assert low < 0.15 < high and lower < 0.15 < upper
    assert upper - lower < 0.6 * (high - low)


def test_the_interval_is_mirrored_when_candidate_and_incumbent_are_swapped() -> None:
    low, high = interval(Counter({1.0: 20, -0.3: 5, 0.0: 75}), 0.05)
    assert interval(Counter({-1.0: 20, 0.3: 5, 0.0: 75}), 0.05) == (-high, -low)


def test_a_smaller_alpha_gives_a_wider_interval() -> None:
    counts = Counter({1.0: 20, -1.0: 5, 0.0: 75})
    (low, high), (lower, higher) = interval(counts, 0.1), interval(counts, 0.01)
    assert lower < low < high < higher


def test_scores_of_many_distinct_values_only_widen_the_interval() -> None:
    exact, fine = Counter({0.25: 100}), Counter({0.25 + 1e-6 * i: 1 for i in range(-50, 50)})
    low, high = interval(exact, 0.05)
    lower, higher = interval(fine, 0.05)
    assert lower <= low < high <= higher
    assert higher - lower < high - low + 0.03


def test_constant_extreme_differences_leave_the_interval_inside_the_scale() -> None:
    assert interval(Counter({1.0: 100}), 0.05)[1] == 1.0
    assert interval(Counter({-1.0: 100}), 0.05)[0] == -1.0
    assert interval(Counter(), 0.05) == (-1.0, 1.0)


def test_wilson_gives_the_textbook_interval() -> None:
    low, high = wilson(15, 20)
    assert (round(low, 3), round(high, 3)) == (0.531, 0.888)
    assert wilson(0, 0) == (0.0, 1.0)


def scores(values: list[float]) -> dict[CaseId, float]:
    return {CaseId(str(i)): v for i, v in enumerate(values)}


def test_a_certificate_states_both_scores_and_an_interval_around_the_gain() -> None:
    issued = certify(
        start=CandidateId("a"), release=WHO, start_scores=scores([0.0] * 60 + [1.0] * 140), release_scores=scores([1.0] * 180 + [0.0] * 20)
    )
    assert (issued.pairs, issued.start_score, issued.release_score) == (200, 0.7, 0.9)
    assert issued.low < issued.gain < issued.high and math.isclose(issued.gain, 0.2)
    assert issued.alpha == 0.05


def test_a_release_that_is_the_start_is_certified_with_no_gain() -> None:
    same = scores([0.0, 1.0] * 50)
    issued = certify(start=WHO, release=WHO, start_scores=same, release_scores=same)
    assert issued.gain == 0.0 and issued.low < 0 < issued.high


def test_a_certificate_over_different_cases_is_refused() -> None:
    for start, release in [({}, {}), (scores([1.0]), scores([1.0, 0.0]))]:
        with pytest.raises(ValueError):
            certify(start=WHO, release=WHO, start_scores=start, release_scores=release)
