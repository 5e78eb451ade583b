"""Two versions compared: honest under peeking, one with its interval, and over as soon as it is decided."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from rsi.core.records import CaseId
from rsi.kernel.judge import Comparison, Finding, interval
from rsi.kernel.judge.interval import lies_above


def compared(rng: random.Random, wins: float, losses: float, pairs: int, margin: float | None = None) -> tuple[Finding, Comparison]:
    judge = Comparison(alpha=0.05, max_pairs=pairs, margin=margin)
    for number in range(pairs):
        luck = rng.random()
        a, b = (0.0, 1.0) if luck < wins else (1.0, 0.0) if luck < wins + losses else (1.0, 1.0)
        judge.observe(CaseId(str(number)), a, b)
        found = judge.finding()
        if found is not None:
            return found, judge
    raise AssertionError("a comparison ends after its pairs at the latest")


@pytest.mark.statistical
def test_equal_versions_are_told_apart_in_no_more_than_alpha_of_all_comparisons_though_one_looks_after_every_pair(
    repetitions: Callable[..., int],
) -> None:
    runs = repetitions(2000, least=400)
    rng = random.Random(1)
    wrong = sum(compared(rng, 0.15, 0.15, 150)[0] is not Finding.NOT_SHOWN for _ in range(runs))
    assert wrong <= 0.05 * runs


@pytest.mark.statistical
def test_a_clear_difference_is_found_in_its_direction_long_before_the_pairs_end() -> None:
    rng = random.Random(2)
    for wins, losses, expected in ((0.3, 0.05, Finding.BETTER), (0.05, 0.3, Finding.WORSE)):
        found = [compared(rng, wins, losses, 600) for _ in range(40)]
        assert {finding for finding, _ in found} == {expected}
        assert sum(judge.effect.pairs for _, judge in found) < 40 * 200


def test_what_is_found_and_the_interval_that_is_told_agree() -> None:
    rng = random.Random(3)
    for _ in range(30):
        found, judge = compared(rng, rng.random() / 2, rng.random() / 2, 80)
        seen = judge.effect
        assert (seen.low >= 0) == (found is Finding.BETTER) and (seen.high <= 0) == (found is Finding.WORSE)


def test_a_margin_ends_a_comparison_of_twins_once_a_larger_loss_is_ruled_out() -> None:
    found, judge = compared(random.Random(4), 0.0, 0.0, 1000, margin=0.05)
    assert found is Finding.NOT_WORSE and judge.effect.low > -0.05 and judge.effect.pairs < 200
    assert compared(random.Random(4), 0.0, 0.0, 100, margin=0.05)[0] is Finding.NOT_SHOWN


def test_lying_above_is_what_the_interval_says_up_to_its_resolution() -> None:
    counts = Counter({1.0: 30, 0.25: 20, -1.0: 10})
    low, _ = interval(counts, 0.05)
    assert lies_above(counts, low - 0.003, 0.05) and not lies_above(counts, low + 0.003, 0.05) and not lies_above(Counter(), -0.9, 0.05)


def test_a_case_counts_once_and_scores_are_shares() -> None:
    judge = Comparison(alpha=0.05, max_pairs=5)
    judge.observe(CaseId("a"), 0.0, 1.0)
    for case, score in (("a", 1.0), ("b", 1.5), ("c", float("nan"))):
        with pytest.raises(ValueError, match="two scores"):
            judge.observe(CaseId(case), 0.0, score)
    with pytest.raises(ValueError, match="alpha"):
        Comparison(alpha=0.0, max_pairs=5)
