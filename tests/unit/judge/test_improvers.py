"""Gains of frozen improvers: ratios, records, the registered test of compounding, and how many problems they take."""

import pytest

from rsi.kernel.judge import Episode, Pair, area_under, compounding, gain_power, pairs_at_best, pairs_of, ratio_of, record_of


def pairs(ours: float, theirs: float, count: int, start: float = 0.4) -> list[Pair]:
    return [Pair(start=start, ours=ours, theirs=theirs)] * count


def episodes(gains: list[float], *, used: int = 10, start: float = 0.4) -> list[Episode]:
    return [
        Episode(problem=str(k), seed=0, family="f", start=start, final=start + gain, used=used, curve=((5, gain),) if gain > 0 else ())
        for k, gain in enumerate(gains)
    ]


def test_without_pairs_nothing_is_known() -> None:
    found = ratio_of([])
    assert (found.pairs, found.ratio, found.low, found.high, found.e_value, found.e_same) == (0, None, None, None, 1.0, 1.0)


def test_twice_the_gain_is_found_and_the_interval_closes_around_it() -> None:
    wide, close = (ratio_of(pairs(0.4, 0.2, count)) for count in (40, 120))
    assert close.ratio == pytest.approx(2)
    assert wide.low is not None and close.low is not None and close.high is not None
    assert 1 < close.low < 2 < close.high
    assert wide.low < close.low
    assert close.sharp_low is not None and close.sharp_high is not None
    assert close.low < close.sharp_low < 2 < close.sharp_high < close.high
    assert close.e_value > 20 < close.e_same


def test_a_loss_shows_as_one() -> None:
    found = ratio_of(pairs(-0.2, 0.2, 120))
    assert found.high is not None and found.high < 0
    assert found.e_value < 1 > found.e_same


def test_against_one_that_gains_nothing_no_ratio_is_bounded() -> None:
    found = ratio_of(pairs(0.2, 0.0, 40))
    assert found.ratio is None and found.high is None
    assert found.e_same > 20


def test_the_order_of_the_pairs_does_not_matter() -> None:
    mixed = [*pairs(0.3, 0.1, 9), *pairs(-0.1, 0.1, 4), *pairs(0.2, 0.25, 7, start=0.6)]
    assert ratio_of(mixed) == ratio_of(mixed[::-1])


@pytest.mark.parametrize("gains", [(0.7, 0.1), (0.1, -0.5), (float("nan"), 0.1)])
def test_a_gain_that_ends_outside_the_scale_is_refused(gains: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"end in \[0, 1\]"):
        Pair(start=0.4, ours=gains[0], theirs=gains[1])


def test_at_a_variation_of_25_percent_half_as_much_again_takes_5_problems_a_fifth_24_and_a_tenth_93() -> None:
    assert [pairs_at_best(more) for more in (0.5, 0.2, 0.1)] == [5, 24, 93]
    rows = gain_power()
    assert [row.at_best for row in rows] == [5, 24, 93]
    assert all(row.same is not None and row.ratio is not None and row.at_best < row.same < row.ratio for row in rows)


def test_gains_that_vary_more_take_more_problems() -> None:
    assert pairs_at_best(0.2, variation=0.5) == 93


def test_the_area_under_a_curve_is_its_mean_height() -> None:
    assert area_under([], 100) == 0
    assert area_under([(50, 0.2)], 100) == pytest.approx(0.1)
    assert area_under([(0, 0.1), (50, 0.3)], 100) == pytest.approx(0.2)
    assert area_under([(120, 0.5)], 100) == 0


def test_a_record_tells_gain_cost_and_failures() -> None:
    own = [*episodes([0.2, 0.0, 0.1]), Episode(problem="3", seed=0, family="f", start=0.4, final=0.4, used=10, note="crashed: …")]
    record = record_of("a", own, None, budget=10)
    assert record.gain == pytest.approx(0.075)
    assert record.cost == pytest.approx(40 / 30)
    assert (record.episodes, record.failed, record.against) == (4, 1, None)
    assert record_of("b", episodes([0.0, -0.1]), None, budget=10).cost is None


def test_repetitions_of_a_problem_are_averaged_into_one_pair() -> None:
    twice = [Episode(problem="p", seed=seed, family="f", start=0.4, final=0.4 + gain, used=1) for seed, gain in enumerate((0.1, 0.3))]
    (pair,) = pairs_of(twice, [Episode(problem="p", seed=seed, family="f", start=0.4, final=0.5, used=1) for seed in (0, 1)])
    assert (pair.ours, pair.theirs) == (pytest.approx(0.2), pytest.approx(0.1))


def test_only_the_same_problems_from_the_same_starts_are_paired() -> None:
    with pytest.raises(ValueError, match="same problems"):
        pairs_of(episodes([0.1]), episodes([0.1, 0.1]))
    with pytest.raises(ValueError, match="same starts"):
        pairs_of(episodes([0.1]), episodes([0.1], start=0.3))


def test_compounding_needs_every_step_and_at_least_two() -> None:
    arms = {"0": episodes([0.1] * 12), "1": episodes([0.3] * 12), "2": episodes([0.3] * 12), "3": episodes([0.5] * 12)}
    assert compounding(["0", "1", "3"], arms).shown
    stalled = compounding(["0", "1", "2", "3"], arms)
    assert [step.shown for step in stalled.steps] == [True, False, True]
    assert not stalled.shown and stalled.e_value == pytest.approx(1)
    single = compounding(["0", "1"], arms)
    assert single.steps[0].shown and not single.shown
    assert not compounding(["3", "1", "0"], arms).shown
