"""What is known of an edit's effect before and after its trials: a spike at nothing between two slabs, with weights learnt on the way.

Effects are differences in score. Before any trial an edit is better with probability w₊ (half-normal of a given scale), worse with w₋
(its mirror image), else it does nothing. The weights are learnt by expectation-maximisation from the edits seen so far, with as much
inertia as a few imagined edits. Stopping rules do not enter a likelihood, so edits that were dropped early teach without bias.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Belief", "Estimate", "Prior", "learn"]

_SMALL = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An unbiased estimate of an effect with its standard error."""

    mean: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is believed of an effect: P(better), P(nothing), P(worse), and the mean and standard deviation over all three."""

    p_better: float
    p_nothing: float
    p_worse: float
    mean: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Spike and slab.

    Attributes:
        better, nothing, worse: weights, which sum to 1.
        scale: of both half-normal slabs, in score.
    """

    better: float = 0.1
    nothing: float = 0.6
    worse: float = 0.3
    scale: float = 0.05

    def believe(self, seen: Estimate) -> Belief:
        """The posterior after an estimate (its error taken as known and normal)."""
        wide = math.hypot(self.scale, seen.error)
        slab = 2 * _normal(seen.mean, wide)
        up, up_mean, up_square = _half(seen, self.scale, 1.0)
        down, down_mean, down_square = _half(seen, self.scale, -1.0)
        masses = (self.better * slab * up, self.nothing * _normal(seen.mean, seen.error), self.worse * slab * down)
        total = math.fsum(masses) or _SMALL
        better, nothing, worse = (mass / total for mass in masses)
        mean = better * up_mean + worse * down_mean
        square = better * up_square + worse * down_square
        return Belief(p_better=better, p_nothing=nothing, p_worse=worse, mean=mean, spread=math.sqrt(max(square - mean * mean, 0.0)))


def learn(start: Prior, seen: Iterable[Estimate], *, inertia: float = 20.0, steps: int = 15) -> Prior:
    """The weights that explain the estimates best, by expectation-maximisation from `start`, which counts as `inertia` edits."""
    estimates, prior = list(seen), start
    for _ in range(steps if estimates else 0):
        beliefs = [prior.believe(estimate) for estimate in estimates]
        total = len(beliefs) + inertia
        better = (sum(b.p_better for b in beliefs) + inertia * start.better) / total
        worse = (sum(b.p_worse for b in beliefs) + inertia * start.worse) / total
        prior = Prior(better=better, worse=worse, nothing=1.0 - better - worse, scale=start.scale)
    return prior


def _normal(x: float, spread: float) -> float:
    z = x / spread
    return math.exp(-0.5 * z * z) / spread


def _half(seen: Estimate, scale: float, sign: float) -> tuple[float, float, float]:
    """Mass, mean and mean square of the posterior of one slab: a normal cut at 0."""
    shrink = scale * scale / (scale * scale + seen.error * seen.error)
    centre, spread = sign * shrink * seen.mean, seen.error * math.sqrt(shrink)
    z = centre / spread
    mass = 0.5 * math.erfc(-z / math.sqrt(2))
    if mass < 1e-30:
        return 0.0, 0.0, 0.0
    hazard = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) / mass
    mean = centre + spread * hazard
    return mass, sign * mean, spread * spread + centre * mean
