"""What repeats of version 0 show."""

import math
import random

import pytest

from rsi.kernel.judge import Calibration, calibration_of, saturated_end


def seen(scores: list[list[float | None]]) -> Calibration:
    return calibration_of([(f"c{case}", score, 10) for case, repeats in enumerate(scores) for score in repeats])


def test_a_target_whose_repeats_come_out_alike_is_deterministic() -> None:
    found = seen([[1.0] * 8, [0.0] * 8, [1.0], [0.0]])
    assert found.is_deterministic and found.noise == 0.0 and (found.cases, found.repeated, found.trials) == (4, 2, 18)
    assert math.isclose(found.between, 1 / 3) and (found.floor, found.ceiling, found.score, found.programs) == (0.5, 0.5, 0.5, 10)


def test_without_repeats_nothing_is_said_of_determinism() -> None:
    assert not seen([[1.0], [0.0]]).is_deterministic


@pytest.mark.statistical
def test_noise_and_differences_between_cases_are_told_apart() -> None:
    rng = random.Random(1)
    places = [0.5 + rng.choice((-0.2, 0.2)) for _ in range(2000)]
    found = seen([[min(1.0, max(0.0, rng.gauss(place, 0.1))) for _ in range(4)] for place in places])
    assert math.isclose(found.noise, 0.01, rel_tol=0.1) and math.isclose(found.between, 0.04, rel_tol=0.1)
    alike = seen([[rng.gauss(0.5, 0.1) for _ in range(8)] for _ in range(500)])
    assert alike.between < 0.0005


def test_no_answer_is_at_the_floor_and_a_target_without_any_is_dead() -> None:
    assert seen([[None] * 8, [None]]).is_dead and seen([[None], [None]]).floor == 1.0
    assert not seen([[None] * 8, [0.0]]).is_dead


def test_only_many_cases_at_one_end_are_saturation() -> None:
    assert saturated_end(seen([[0.0]] * 24)) is None and saturated_end(seen([[0.0]] * 25)) == "floor"
    assert saturated_end(seen([[1.0]] * 63 + [[0.0]])) == "ceiling"
    assert saturated_end(seen([[1.0]] * 50 + [[0.0]] * 50)) is None, "half at each end is what a suite of 0 and 1 should look like"
    assert saturated_end(seen([[0.0]] * 64), most=1.0) is None


def test_nothing_is_calibrated_on_nothing() -> None:
    with pytest.raises(ValueError, match="without trials"):
        calibration_of([])
