"""Scores of self-predictions, by hand and by brute force."""

import random
from statistics import NormalDist

import pytest

from rsi.core.records import Prediction
from rsi.kernel.judge import Belief
from rsi.kernel.judge.predictions import LEVELS, TrackRecord, brier, crps, quantiles_of


def said(p_better: float = 0.5, low: float = -0.02, high: float = 0.06, quartiles: tuple[float, ...] = ()) -> Prediction:
    return Prediction(p_better=p_better, low=low, high=high, quartiles=quartiles)


def found(p_better: float = 1.0, mean: float = 0.02, spread: float = 0.0) -> Belief:
    return Belief(p_better=p_better, p_worse=1 - p_better, mean=mean, spread=spread, if_better=0.05, if_worse=-0.05)


def test_an_interval_alone_stands_for_a_normal_distribution_and_stated_quartiles_for_themselves() -> None:
    law = NormalDist(0.02, 0.04 / 1.2815515655446004)
    assert quantiles_of(said()) == pytest.approx([law.inv_cdf(level) for level in LEVELS])
    assert quantiles_of(said(quartiles=(0.0, 0.01, 0.05))) == (-0.02, 0.0, 0.01, 0.05, 0.06)


def test_the_brier_score_is_least_for_what_the_judge_believes() -> None:
    seen = found(p_better=0.3)
    scores = {p / 100: brier(p / 100, seen) for p in range(101)}
    assert min(scores, key=scores.__getitem__) == 0.3
    assert brier(1.0, found()) == 0.0 and brier(0.0, found()) == 1.0


def test_the_ranked_score_is_that_of_many_draws_from_the_belief_and_least_for_its_own_quantiles() -> None:
    seen, rng = found(spread=0.03), random.Random(1)
    stated = (-0.02, 0.0, 0.01, 0.05, 0.06)
    draws = [rng.gauss(seen.mean, seen.spread) for _ in range(20_000)]
    pinball = [max(level * (y - q), (level - 1) * (y - q)) for y in draws for level, q in zip(LEVELS, stated, strict=True)]
    assert crps(stated, seen) == pytest.approx(2 * sum(pinball) / len(pinball), rel=0.02)
    own = [NormalDist(seen.mean, seen.spread).inv_cdf(level) for level in LEVELS]
    moved = [[q + shift for q in own] for shift in (-0.01, 0.01)] + [
        [seen.mean + factor * (q - seen.mean) for q in own] for factor in (0.7, 1.4)
    ]
    assert all(crps(own, seen) < crps(other, seen) for other in moved)


def test_a_belief_without_spread_is_a_point() -> None:
    assert crps((0.02,) * 5, found()) == 0.0
    assert crps((0.05,) * 5, found()) == pytest.approx(0.03)


def test_a_record_scores_against_what_was_known_before_each_test_closed() -> None:
    record = TrackRecord()
    assert record.skill() is None and record.chance(said(0.9)) == 0.5
    record.close(said(0.8), found())
    record.close(said(0.2), found(p_better=0.0, mean=-0.03))
    skill = record.skill()
    assert skill is not None
    assert skill.brier == pytest.approx(0.04)
    assert skill.base_brier == pytest.approx((0.5**2 + 0.75**2) / 2)
    assert skill.skill == pytest.approx(1 - skill.brier / skill.base_brier) and skill.low < skill.skill <= skill.high
    assert [(bin.low, bin.closed, bin.stated, bin.found) for bin in skill.table] == [(0.2, 1, 0.2, 0.0), (0.8, 1, 0.8, 1.0)]
    assert (skill.closed, skill.weight, record.chance(said(0.9))) == (2, 0.0, 0.5)


def test_what_a_test_costs_does_not_grow_with_the_tests_that_were_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at, learn = list[int](), TrackRecord._learn

    def counted(record: TrackRecord) -> None:
        looked_at.append(record.closed)
        learn(record)

    monkeypatch.setattr(TrackRecord, "_learn", counted)
    record, tests = TrackRecord(), 400
    for number in range(tests):
        record.close(said(0.1 + 0.8 * (number % 2)), found(p_better=number % 2))
    assert looked_at[:64] == list(range(1, 65)) and looked_at[-1] > 0.95 * tests
    assert sum(looked_at) < 70 * tests
