"""What is known of an edit's effect before and after its trials: a spike at nothing between two slabs, all learnt on the way.

Effects are differences in score. An edit is better with probability w₊, worse with w₋, else it does nothing. The effect of a better
edit is normal around m₊ with standard deviation m₊/2, that of a worse one around −m₋ with m₋/2; but one in ten is of another size, four
or sixteen times as far out and as wide, so that an effect far beyond all others is believed once it is seen clearly. Weights and places
are learnt by expectation-maximisation from the edits seen so far, with as much inertia as a few imagined edits. Stopping rules do not
enter a likelihood, so edits that were dropped early teach without bias.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from rsi.core.records import Effect

__all__ = ["Belief", "Estimate", "Prior", "estimate_of", "learn"]

_SIZES = ((0.9, 1.0), (0.09, 4.0), (0.01, 16.0))
"""Shares of the sizes that effects have, and how many times as large as usual they are."""


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
        gain, loss: mean effects of better and of worse edits of the usual size, both > 0, in score.
    """

    better: float = 0.1
    worse: float = 0.3
    gain: float = 0.04
    loss: float = 0.04

    def believe(self, seen: Estimate) -> Belief:
        """The posterior after an estimate (its error taken as known and normal)."""
        better, worse, up, down = _weighed(self, seen)
        mean = better * up.mean + worse * down.mean
        spread = math.sqrt(max(better * up.square + worse * down.square - mean * mean, 0.0))
        return Belief(p_better=better, p_worse=worse, mean=mean, spread=spread, if_better=up.mean, if_worse=down.mean)


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
        gain = sum(one[0] * one[2].place for one in weighed) + inertia * start.better * start.gain
        loss = -sum(one[1] * one[3].place for one in weighed) + inertia * start.worse * start.loss
        prior = Prior(better=better / total, worse=worse / total, gain=max(gain / better, 1e-3), loss=max(loss / worse, 1e-3))
    return prior


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slab:
    """After an estimate, if the effect is on this side of nothing.

    Attributes:
        fit: log of how likely the estimate was, up to a constant.
        mean, square: of the effect and of its square, in score.
        place: mean effect in terms of the usual size: what an effect of another size is worth for learning the prior.
    """

    fit: float
    mean: float
    square: float
    place: float


def _weighed(prior: Prior, seen: Estimate) -> tuple[float, float, _Slab, _Slab]:
    """After an estimate: P(better), P(worse), and what is known of the effect in either case."""
    up, down = _slab(seen, prior.gain), _slab(seen, -prior.loss)
    spike = -0.5 * (seen.mean / seen.error) ** 2 - math.log(seen.error)
    top = max(up.fit, down.fit, spike)
    masses = (
        prior.better * math.exp(up.fit - top),
        prior.worse * math.exp(down.fit - top),
        (1 - prior.better - prior.worse) * math.exp(spike - top),
    )
    total = sum(masses)
    return masses[0] / total, masses[1] / total, up, down


def _slab(seen: Estimate, place: float) -> _Slab:
    """What is known under one slab, over all sizes that effects have."""
    noise = seen.error * seen.error
    found = []
    for share, size in _SIZES:
        middle, own = size * place, (0.5 * size * place) ** 2
        wide = own + noise
        fit = math.log(share) - 0.5 * ((seen.mean - middle) ** 2 / wide + math.log(wide))
        mean = (middle * noise + seen.mean * own) / wide
        found.append((fit, mean, mean * mean + own * noise / wide, mean / size))
    top = max(fit for fit, *_ in found)
    masses = [math.exp(fit - top) for fit, *_ in found]
    total = sum(masses)
    mean, square, worth = (sum(mass * one[k] for mass, one in zip(masses, found, strict=True)) / total for k in (1, 2, 3))
    return _Slab(fit=top + math.log(total), mean=mean, square=square, place=worth)
