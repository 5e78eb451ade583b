"""What may be claimed of edits that were accepted: never the estimate that led to acceptance.

Each edit's claim is the mean of its effect under the prior as it was learnt by the end. Effects shrink as a score nears 1, and each was
measured at the score of its time, so they are added up as shifts of the logit of the mean score. The errors of these claims share a prior
and a history and do not average out: their standard deviations add up. Where the start and the release met on sealed cases, the two
sources are joined with weights 1/s.e.², so that a long list of edits is claimed by what the sealed cases say.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from rsi.kernel.judge.entrants import Standing
from rsi.kernel.judge.prior import Estimate, Prior

__all__ = ["Claim", "claim_of", "joined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A gain in score that is claimed, with its standard deviation."""

    gain: float
    spread: float


def claim_of(accepted: Iterable[Standing], prior: Prior, start: float) -> Claim:
    """The gain of all accepted edits together over a start whose mean score is `start`, in [0, 1]."""
    shift = spread = 0.0
    for standing in accepted:
        belief = prior.believe(standing.estimate)
        shift += _logit(standing.score + belief.mean / 2) - _logit(standing.score - belief.mean / 2)
        spread += belief.spread
    return Claim(gain=1 / (1 + math.exp(-_logit(start) - shift)) - _inside(start), spread=spread)


def joined(claim: Claim, sealed: Estimate) -> Claim:
    """What is believed of the gain once sealed cases have been seen; nothing accepted stays nothing claimed."""
    if claim.spread == 0.0 or sealed.error == 0.0:
        return claim
    own, other = claim.spread**-2, sealed.error**-2
    return Claim(gain=(own * claim.gain + other * sealed.mean) / (own + other), spread=(own + other) ** -0.5)


def _inside(score: float) -> float:
    return min(0.999, max(0.001, score))


def _logit(score: float) -> float:
    inside = _inside(score)
    return math.log(inside / (1 - inside))
