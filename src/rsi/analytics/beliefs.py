"""What may be said of a change: its effect as believed under a prior that all tests of the run have taught, never the estimate itself.

An estimate that led to acceptance is too high on average, and the best of many more so. The belief is not: it shrinks an estimate by what
the other tests of the run say about how large effects are here.
"""

import math
from collections.abc import Iterable

from rsi.core.records import Effect
from rsi.kernel.judge import Belief, Estimate, Prior, learn

__all__ = ["believed", "estimate_of", "learned"]


def estimate_of(effect: Effect) -> Estimate | None:
    """A paired estimate with its standard error (one imagined discordant pair keeps it honest at the start); None without any pair."""
    if not effect.pairs:
        return None
    return Estimate(mean=effect.mean, error=math.sqrt(effect.wins + effect.losses + 1) / effect.pairs)


def learned(finished: Iterable[Effect]) -> Prior:
    """The prior that the finished tests of a run teach, from the one that the judge begins with."""
    estimates = (estimate_of(effect) for effect in finished)
    return learn(Prior(), [estimate for estimate in estimates if estimate is not None])


def believed(effect: Effect, prior: Prior) -> Belief | None:
    """What is believed of an effect after its pairs; None without any."""
    estimate = estimate_of(effect)
    return None if estimate is None else prior.believe(estimate)
