"""What is known of an edit's effect before and after its trials: a spike at nothing between two slabs, all learnt on the way.

Effects are differences in score. An edit is better with probability w₊, worse with w₋, else it does nothing. The effect of a better
edit is normal around m₊ with standard deviation m₊/2, that of a worse one around −m₋ with m₋/2. Weights and places are learnt by
expectation-maximisation from the edits seen so far, with as much inertia as a few imagined edits. Stopping rules do not enter a
likelihood, so edits that were dropped early teach without bias.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from rsi.core.records import Effect

__all__ = ["Belief", "Estimate", "Prior", "estimate_of", "learn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An unbiased estimate of an effect with its standard error."""

    mean: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is believed of an effect: P(better), P(worse), mean and standard deviation, and the mean if it is better or worse."""

    p_better: float
    p_worse: float
    mean: float
    spread: float
    if_better: float
    if_worse: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Spike and slabs.

    Attributes:
        better, worse: weights of the slabs; the rest is the spike.
        gain, loss: mean effects of better and of worse edits, both > 0, in score.
    """

    better: float = 0.1
    worse: float = 0.3
    gain: float = 0.04
    loss: float = 0.04

    def believe(self, seen: Estimate) -> Belief:
        """The posterior after an estimate (its error taken as known and normal)."""
        better, worse, up_mean, down_mean, up_square, down_square = _weighed(self, seen)
        mean = better * up_mean + worse * down_mean
        spread = math.sqrt(max(better * up_square + worse * down_square - mean * mean, 0.0))
        return Belief(p_better=better, p_worse=worse, mean=mean, spread=spread, if_better=up_mean, if_worse=down_mean)


def estimate_of(effect: Effect) -> Estimate | None:
    """A paired estimate with its standard error (one imagined discordant pair keeps it honest at the start); None without any pair."""
    if not effect.pairs:
        return None
    squares = effect.wins + effect.losses if effect.squares is None else effect.squares
    return Estimate(mean=effect.mean, error=math.sqrt(squares + 1) / effect.pairs)


def learn(start: Prior, seen: Iterable[Estimate], *, inertia: float = 10.0, steps: int = 10) -> Prior:
    """The prior that explains the estimates best, by expectation-maximisation from `start`, which counts as `inertia` edits."""
    estimates, prior = list(seen), start
    total = len(estimates) + inertia
    for _ in range(steps if estimates else 0):
        weighed = [_weighed(prior, estimate) for estimate in estimates]
        better = sum(one[0] for one in weighed) + inertia * start.better
        worse = sum(one[1] for one in weighed) + inertia * start.worse
        gain = sum(one[0] * one[2] for one in weighed) + inertia * start.better * start.gain
        loss = -sum(one[1] * one[3] for one in weighed) + inertia * start.worse * start.loss
        prior = Prior(better=better / total, worse=worse / total, gain=max(gain / better, 1e-3), loss=max(loss / worse, 1e-3))
    return prior


def _weighed(prior: Prior, seen: Estimate) -> tuple[float, float, float, float, float, float]:
    """After an estimate: P(better), P(worse), and under the slab above and the one below first the means, then the mean squares."""
    up, up_mean, up_square = _slab(seen, prior.gain)
    down, down_mean, down_square = _slab(seen, -prior.loss)
    spike = -0.5 * (seen.mean / seen.error) ** 2 - math.log(seen.error)
    top = max(up, down, spike)
    masses = (
        prior.better * math.exp(up - top),
        prior.worse * math.exp(down - top),
        (1 - prior.better - prior.worse) * math.exp(spike - top),
    )
    total = sum(masses)
    return masses[0] / total, masses[1] / total, up_mean, down_mean, up_square, down_square


def _slab(seen: Estimate, place: float) -> tuple[float, float, float]:
    """Log marginal likelihood (up to a constant), posterior mean and mean square under one slab."""
    own, noise = 0.25 * place * place, seen.error * seen.error
    wide = own + noise
    mean = (place * noise + seen.mean * own) / wide
    return -0.5 * ((seen.mean - place) ** 2 / wide + math.log(wide)), mean, mean * mean + own * noise / wide
