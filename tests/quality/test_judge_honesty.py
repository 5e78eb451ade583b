"""The statistical claims of the judge, each as a simulation in which a judge that lies is caught.

Sizes: 2,000 runs for false acceptances (400 without the slow tests), fewer where that decides as well: true rates are
1–6 % (false acceptances, allowed 10 %), 98.6 % (coverage, claimed 95 %) and 95 % (power, asked 80 %). Seeds are fixed.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import pytest

from rsi.core.records import Accepted, CandidateId, CaseId
from rsi.kernel.judge import AlphaSpending, Futility, PairedJudge, interval

pytestmark = [pytest.mark.statistical, pytest.mark.timeout(300)]

ALPHA = 0.1
PATIENT = Futility(max_pairs=301, min_pairs=301)
WHO = CandidateId("c" * 64)

World = Callable[[random.Random], tuple[float, float]]


class Decides(Protocol):
    def observe(self, case: CaseId, candidate_score: float, incumbent_score: float) -> None: ...
    def verdict(self) -> object: ...


class MeanOverThreshold:
    """The judge of most loops: keep it when the mean looks better. Here to show that the simulation catches it."""

    def __init__(self) -> None:
        self.total, self.pairs = 0.0, 0

    def observe(self, case: CaseId, candidate_score: float, incumbent_score: float) -> None:
        self.total += candidate_score - incumbent_score
        self.pairs += 1

    def verdict(self) -> object:
        better = self.pairs >= 20 and self.total / self.pairs > 0.1
        return Accepted(candidate=WHO, effect=None, e_value=0.0, threshold=0.0) if better else None  # type: ignore[arg-type]  # shape only


def world(win: float, loss: float) -> World:
    """Binary scores: the candidate alone is right with probability `win`, the incumbent alone with probability `loss`."""

    def draw(rng: random.Random) -> tuple[float, float]:
        u = rng.random()
        return (1.0, 0.0) if u < win else (0.0, 1.0) if u < win + loss else (1.0, 1.0)

    return draw


def graded(rng: random.Random) -> tuple[float, float]:
    """Graded scores without a difference in the mean: rare big losses, frequent small wins."""
    return (0.6, 0.5) if rng.random() < 0.8 else (0.1, 0.5)


def accepts(judge: Decides, draw: World, rng: random.Random, pairs: int = 300) -> bool:
    """Whether the judge accepts at any time, asked after every pair."""
    for index in range(pairs):
        judge.observe(CaseId(str(index)), *draw(rng))
        verdict = judge.verdict()
        if verdict is not None:
            return isinstance(verdict, Accepted)
    return False


def false_accepts(make: Callable[[], Decides], draw: World, seed: int, runs: int) -> float:
    rng = random.Random(seed)
    return sum(accepts(make(), draw, rng) for _ in range(runs)) / runs


def patient() -> Decides:
    return PairedJudge(candidate=WHO, level=ALPHA, futility=PATIENT)


@pytest.mark.parametrize("draw", [world(0.125, 0.125), world(0.4, 0.4), graded], ids=["25 % discordant", "80 % discordant", "graded"])
def test_a_change_that_does_nothing_is_accepted_at_most_as_often_as_alpha_however_often_one_looks(
    draw: World, repetitions: Callable[..., int]
) -> None:
    assert false_accepts(patient, draw, seed=11, runs=repetitions(2000)) <= ALPHA


def test_a_judge_that_keeps_whatever_looks_better_fails_the_same_simulation() -> None:
    assert false_accepts(MeanOverThreshold, world(0.125, 0.125), seed=11, runs=300) > 2 * ALPHA


def test_a_harmful_change_is_practically_never_accepted() -> None:
    assert false_accepts(patient, world(0.08, 0.17), seed=12, runs=500) <= 0.01


def test_a_whole_run_in_which_nothing_can_help_keeps_anything_at_most_as_often_as_alpha(repetitions: Callable[..., int]) -> None:
    rng, runs = random.Random(13), repetitions(200, least=50)
    assert sum(run_keeps_something(rng, tests=10) for _ in range(runs)) / runs <= ALPHA


def run_keeps_something(rng: random.Random, tests: int) -> bool:
    budget = AlphaSpending(ALPHA, tests)
    for _ in range(tests):
        level = budget.open_test()
        assert level is not None
        if accepts(PairedJudge(candidate=WHO, level=level), world(0.125, 0.125), rng):
            return True
    return False


def test_fifteen_points_with_a_quarter_discordant_are_found_within_300_pairs_in_most_runs() -> None:
    rng = random.Random(14)
    found = sum(accepts(PairedJudge(candidate=WHO, level=ALPHA / 60), world(0.2, 0.05), rng) for _ in range(200))
    assert found / 200 >= 0.8


@pytest.mark.parametrize(("win", "loss"), [(0.2, 0.05), (0.02, 0.0), (0.5, 0.5)])
def test_the_interval_covers_the_truth_at_all_times_together_in_95_percent_of_runs(win: float, loss: float) -> None:
    rng, runs = random.Random(15), 400
    assert sum(covered_throughout(win, loss, rng) for _ in range(runs)) / runs >= 0.95


def covered_throughout(win: float, loss: float, rng: random.Random) -> bool:
    counts: Counter[float] = Counter()
    draw = world(win, loss)
    for index in range(150):
        ours, theirs = draw(rng)
        counts[ours - theirs] += 1
        if index % 3 == 0:
            low, high = interval(counts, 0.05)
            if not low <= win - loss <= high:
                return False
    return True


def test_a_textbook_interval_looked_at_all_the_time_does_not_cover() -> None:
    rng = random.Random(16)
    assert sum(naively_covered(rng) for _ in range(300)) / 300 < 0.9


def naively_covered(rng: random.Random) -> bool:
    draw, total, square = world(0.2, 0.05), 0.0, 0.0
    for n in range(1, 301):
        ours, theirs = draw(rng)
        total, square = total + ours - theirs, square + (ours - theirs) ** 2
        if n >= 30 and abs(total / n - 0.15) > 1.96 * ((square / n - (total / n) ** 2) / n) ** 0.5:
            return False
    return True
