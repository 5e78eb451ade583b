"""Whom a track record lets count: simulated forecasters, and a rule that believes too easily, which the same simulation catches.

A world of proposals as in the benchmark of the judge: 1 in 8 is better, the rest does nothing or harm. The judge closes each with a
belief that is mostly right. 200 runs of 150 closed tests for each claim about who must not count (80 without the slow tests);
seeds are fixed.
"""

import math
import random
from collections.abc import Callable

import pytest

from rsi.core.records import Prediction
from rsi.kernel.judge import Belief
from rsi.kernel.judge.predictions import EARNED, ENOUGH, TrackRecord, brier

pytestmark = pytest.mark.statistical

CLOSED = 150
Repetitions = Callable[..., int]
Forecaster = Callable[[float, float, random.Random], float]
"""From the true effect, the running base rate and a generator to a stated P(better)."""


def found(p_better: float, mean: float) -> Belief:
    return Belief(p_better=p_better, p_worse=1 - p_better, mean=mean, spread=0.01, if_better=0.04, if_worse=-0.04)


def proposal(rng: random.Random) -> tuple[float, Belief]:
    """A true effect, and what the judge believes of it in the end."""
    kind = rng.random()
    effect = rng.uniform(0.02, 0.06) if kind < 0.125 else 0.0 if kind < 0.65 else -rng.uniform(0.01, 0.08)
    estimate = rng.gauss(effect, 0.01)
    chance = 1 / (1 + math.exp(-(estimate - 0.018) / 0.004))
    return effect, found(min(0.99, max(0.01, chance)), estimate)


def said(p: float, effect: float = 0.0, rng: random.Random | None = None) -> Prediction:
    middle = effect + rng.gauss(0, 0.02) if rng else 0.01
    return Prediction(p_better=p, low=middle - 0.026, high=middle + 0.026)


def hint(effect: float, rng: random.Random, noise: float = 0.3) -> float:
    """What somebody who knows something feels: 1 for better, 0 for the rest, with noise."""
    return (1.0 if effect > 0 else 0.0) + rng.gauss(0, noise)


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


UNINFORMED: dict[str, Forecaster] = {
    "any number": lambda _, __, rng: rng.random(),
    "now sure that it helps, now that it does not": lambda _, __, rng: rng.choice((0.01, 0.99)),
    "repeats the base rate, a little off": lambda _, base, rng: min(1.0, max(0.0, base + rng.gauss(0, 0.05))),
}


def record_of(forecaster: Forecaster, rng: random.Random, closed: int = CLOSED) -> tuple[TrackRecord, bool]:
    """The track record after a run, and whether its word counted at any time."""
    record, better, counted = TrackRecord(), 0.5, False
    for number in range(closed):
        effect, seen = proposal(rng)
        record.close(said(forecaster(effect, better / (number + 1), rng)), seen)
        better += seen.p_better
        counted = counted or record.weight > 0
    return record, counted


@pytest.mark.parametrize("who", UNINFORMED)
def test_the_word_of_who_knows_nothing_never_counts(who: str, repetitions: Repetitions) -> None:
    runs = repetitions(200, least=80)
    counted = sum(record_of(UNINFORMED[who], random.Random(f"{who} {run}"))[1] for run in range(runs))
    assert counted <= 0.05 * runs


def test_that_simulation_catches_a_rule_that_believes_who_was_ahead_once(repetitions: Repetitions) -> None:
    runs, fooled = repetitions(200, least=80), 0
    for run in range(runs):
        rng, lead, ahead = random.Random(f"fooled {run}"), 0.0, False
        base = 0.5
        for number in range(CLOSED):
            effect, seen = proposal(rng)
            lead += brier(base / (number + 1), seen) - brier(UNINFORMED["repeats the base rate, a little off"](effect, 0.125, rng), seen)
            base += seen.p_better
            ahead = ahead or (number >= ENOUGH and lead > 0)
        fooled += ahead
    assert fooled > 0.2 * runs


def test_who_knows_something_earns_a_weight_and_its_better_changes_come_first(repetitions: Repetitions) -> None:
    runs, earned, first = repetitions(60, least=30), 0, 0
    for run in range(runs):
        rng = random.Random(f"skilled {run}")
        record, _ = record_of(lambda effect, _, rng: logistic(2.5 * hint(effect, rng) - 3.5), rng)
        earned += record.weight > 0
        first += record.chance(said(0.6)) > record.chance(said(0.05))
        assert ENOUGH <= record.closed and (record.weight > 0) == (record.e_value >= EARNED)
    assert min(earned, first) >= 0.8 * runs


def test_an_over_confident_word_scores_badly_and_counts_only_as_recalibrated(repetitions: Repetitions) -> None:
    runs, worse, earned = repetitions(30, least=20), 0, 0
    for run in range(runs):
        sure: Forecaster = lambda effect, _, rng: 0.99 if hint(effect, rng, 0.5) > 0.5 else 0.01  # noqa: E731
        record, _ = record_of(sure, random.Random(f"confident {run}"), closed=300)
        skill = record.skill()
        assert skill is not None
        worse += skill.skill < 0 and skill.table[-1].found < 0.7 < skill.table[-1].stated
        earned += record.weight > 0
        assert record.chance(said(0.99)) < 0.7
    assert worse >= 0.9 * runs
    assert earned >= 0.25 * runs


def test_who_says_the_opposite_is_not_turned_round(repetitions: Repetitions) -> None:
    runs = repetitions(100, least=50)
    liar: Forecaster = lambda effect, _, rng: logistic(3.5 - 2.5 * hint(effect, rng))  # noqa: E731
    assert sum(record_of(liar, random.Random(f"opposite {run}"))[1] for run in range(runs)) <= 0.05 * runs


def test_who_earns_trust_over_hundreds_of_tests_and_then_lies_has_lost_it_after_fifteen(repetitions: Repetitions) -> None:
    runs, trusted, kept = repetitions(30, least=20), 0, 0
    for run in range(runs):
        record, _ = record_of(lambda effect, _, rng: 0.9 if effect > 0 else 0.03, random.Random(f"bait {run}"), closed=400)
        trusted += record.weight > 0.8
        for _ in range(15):
            record.close(said(0.97), found(0.02, -0.01))
        kept += record.weight > 0
    assert trusted >= 0.95 * runs
    assert kept <= 0.05 * runs


def test_who_always_says_the_same_is_taken_for_the_base_rate() -> None:
    record, counted = record_of(lambda *_: 0.95, random.Random(6))
    assert not counted
    assert record.e_value == pytest.approx(1.0, abs=0.3)
    assert record.chance(said(0.95)) == record.chance(said(0.05)) < 0.25


def test_no_word_counts_before_fifty_tests_however_good() -> None:
    rng, record = random.Random(5), TrackRecord()
    for closed in range(1, ENOUGH + 30):
        effect, seen = proposal(rng)
        record.close(said(0.99 if effect > 0 else 0.01), seen)
        assert record.weight == 0 if closed < ENOUGH else record.closed >= ENOUGH
    assert record.e_value >= EARNED and record.weight > 0.5
