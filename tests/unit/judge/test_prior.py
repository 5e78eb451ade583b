"""What is believed of an effect: pulled towards what edits usually do, but not where it is plainly of another size."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.kernel.judge.prior import Belief, Estimate, Prior, learn

USUAL = Prior(better=0.1, worse=0.3, gain=0.03, loss=0.04)


def believed(mean: float, error: float, prior: Prior = USUAL) -> Belief:
    return prior.believe(Estimate(mean=mean, error=error))


@pytest.mark.parametrize(("mean", "error"), [(0.36, 0.06), (0.2, 0.03), (0.8, 0.1), (-0.3, 0.05)])
def test_an_effect_far_beyond_the_usual_is_believed_once_it_is_seen_clearly(mean: float, error: float) -> None:
    belief = believed(mean, error)
    assert abs(belief.mean - mean) < 1.5 * error and abs(belief.mean) < abs(mean)
    assert (belief.p_better if mean > 0 else belief.p_worse) > 0.97


@pytest.mark.parametrize(("mean", "error"), [(0.36, 0.3), (0.1, 0.1), (0.05, 0.05)])
def test_what_luck_would_explain_is_not(mean: float, error: float) -> None:
    belief = believed(mean, error)
    assert belief.p_better < 0.25 and abs(belief.mean) < 0.01


def test_usual_effects_are_pulled_towards_what_edits_do() -> None:
    belief = believed(0.05, 0.02)
    assert 0.015 < belief.mean < 0.035 and 0.5 < belief.p_better < 0.9 and 0.02 < belief.if_better < 0.05


def test_one_effect_of_another_size_teaches_little_of_the_usual_one() -> None:
    once = learn(Prior(), [Estimate(mean=0.6, error=0.03)])
    assert 0.9 * Prior().gain < once.gain < 1.5 * Prior().gain and once.loss == pytest.approx(Prior().loss, rel=0.01)
    many = learn(Prior(), [Estimate(mean=0.08, error=0.005)] * 200)
    assert many.gain == pytest.approx(0.08, rel=0.1) and many.better > 0.9


@given(st.floats(-1, 1), st.floats(0.005, 0.5), st.floats(0.005, 0.2), st.floats(0.005, 0.2))
def test_a_belief_is_one_of_a_distribution(mean: float, error: float, gain: float, loss: float) -> None:
    belief = believed(mean, error, Prior(better=0.2, worse=0.3, gain=gain, loss=loss))
    assert 0 <= belief.p_better and 0 <= belief.p_worse and belief.p_better + belief.p_worse <= 1 + 1e-9
    assert belief.spread >= 0 and all(map(math.isfinite, (belief.mean, belief.if_better, belief.if_worse)))
    mirrored = believed(-mean, error, Prior(better=0.3, worse=0.2, gain=loss, loss=gain))
    assert mirrored.mean == pytest.approx(-belief.mean, abs=1e-9) and mirrored.p_worse == pytest.approx(belief.p_better, abs=1e-9)
