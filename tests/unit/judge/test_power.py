"""What can be seen: formulas against each other, against the race itself, and against a simulated list of cases."""

import math
import random
from collections.abc import Callable
from statistics import fmean, pstdev

import pytest

from rsi.kernel.judge import (
    Race,
    Settings,
    power_table,
    race_visible_effect,
    residual_variance,
    resolution_floor,
    smallest_visible_effect,
)


def test_more_pairs_show_smaller_effects_and_none_show_nothing() -> None:
    few = smallest_visible_effect(pairs=100, threshold=100, discordance=0.2)
    many = smallest_visible_effect(pairs=1000, threshold=100, discordance=0.2)
    assert few is not None and many is not None and 0.03 < many < few < 0.2
    assert smallest_visible_effect(pairs=5, threshold=100, discordance=0.2) is None
    assert smallest_visible_effect(pairs=1000, threshold=100, discordance=0.0) is None


def test_more_trials_and_less_noise_show_smaller_effects_in_a_race() -> None:
    level = 0.1 / 300
    effects = [race_visible_effect(trials=n, level=level, variance=v) for n in (500, 2_000, 18_000) for v in (0.2, 0.1, 0.05)]
    assert None not in effects
    known = [effect for effect in effects if effect is not None]
    assert all(one > other for row in (known[:3], known[3:6], known[6:]) for one, other in zip(row, row[1:], strict=False))
    assert known[0] > known[3] > known[6] > 0
    assert race_visible_effect(trials=10, level=level, variance=0.1) is None


@pytest.mark.statistical
def test_an_effect_of_the_size_that_is_told_is_seen_about_every_other_time(repetitions: Callable[..., int]) -> None:
    level, trials, runs = 0.1 / 10, 1_500, repetitions(120, least=40)
    effect = race_visible_effect(trials=trials, level=level, variance=0.25)
    assert effect is not None
    seen = {factor: sum(_accepts(factor * effect, trials, seed) for seed in range(runs)) / runs for factor in (0.5, 1.0, 2.0)}
    assert seen[0.5] < 0.25 and 0.3 < seen[1.0] < 0.9 and seen[2.0] > 0.9


def _accepts(effect: float, trials: int, seed: int) -> bool:
    rng = random.Random(seed)
    race = Race(Settings(budget=10**9, slots=1, horizon=10, alpha=0.1, hopeless=0.0, hasty=0.0), random.Random(seed + 10_000))
    race.open("edit")
    for number in range(trials):
        draw = race.draw()
        chance = 0.5 + effect * ("edit" in draw.on)
        if race.observe(draw, [(number, float(rng.random() < chance))]):
            return True
    return False


def test_a_power_table_shares_the_trials_by_more_and_more_edits_up_to_the_horizon() -> None:
    rows = power_table(trials=10_000, slots=16, horizon=100, alpha=0.1, variance=0.12)
    assert [row.edits for row in rows] == [16, 32, 64, 100] and [row.trials for row in rows] == [10_000, 5_000, 2_500, 1_600]
    effects = [row.effect for row in rows if row.effect is not None]
    assert effects == sorted(effects) and len(effects) == 4
    assert [row.effect for row in power_table(trials=0, slots=16, horizon=16, alpha=0.1, variance=0.12)] == [None]


def test_cases_used_again_leave_less_variance_but_never_less_than_the_noise() -> None:
    fresh, again = (residual_variance(noise=0.02, between=0.2, uses=uses) for uses in (1, 10))
    assert math.isclose(fresh, 0.22) and 0.02 < again < 0.07
    assert residual_variance(noise=0.0, between=0.2, uses=1000) < 0.001


@pytest.mark.statistical
def test_repeating_a_fixed_list_has_the_floor_that_is_told_and_more_repeats_do_not_lower_it() -> None:
    cases, spread = 60, 0.077
    rng = random.Random(5)

    def error(repeats: int) -> float:
        """Spread of the estimate of an edit that does nothing on average, over lists drawn anew."""
        lists = [fmean(rng.gauss(0.0, spread) + rng.gauss(0.0, 0.5 / math.sqrt(repeats)) for _ in range(cases)) for _ in range(800)]
        return pstdev(lists)

    floor = resolution_floor(cases, spread=spread) / 1.96
    assert error(1) > 3 * floor
    assert math.isclose(error(1000), floor, rel_tol=0.1) and math.isclose(error(100_000), floor, rel_tol=0.1)
    with pytest.raises(ValueError, match="without cases"):
        resolution_floor(0)
