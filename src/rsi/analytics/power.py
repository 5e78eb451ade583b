"""What a test of a change could have seen: the honest remark of a run that found nothing."""

import math

from rsi.kernel.judge.eprocess import BETS

__all__ = ["smallest_visible_effect"]


def smallest_visible_effect(*, pairs: int, threshold: float, discordance: float) -> float | None:
    """The smallest true effect on the score whose expected evidence reaches the threshold within so many pairs.

    The expected log-capital of the best single bet λ over n pairs, of which a share d differs, is
    n · max_λ [(d+Δ)/2 · log(1+λ) + (d−Δ)/2 · log(1−λ)]; the smallest Δ at which it reaches log(threshold). An effect of that
    size is seen about every other time, smaller ones seldom. None: not even winning all that differ would suffice.

    Args:
        pairs: pairs that one test may use.
        threshold: e-value that it must reach.
        discordance: share of pairs in which the two versions differ.
    """
    if _log_evidence(discordance, pairs, discordance) < math.log(threshold):
        return None
    low, high = 0.0, discordance
    for _ in range(40):
        middle = (low + high) / 2
        if _log_evidence(middle, pairs, discordance) >= math.log(threshold):
            high = middle
        else:
            low = middle
    return high


def _log_evidence(effect: float, pairs: int, discordance: float) -> float:
    wins, losses = (discordance + effect) / 2, (discordance - effect) / 2
    return pairs * max(wins * math.log1p(bet) + losses * math.log1p(-bet) for bet in BETS)
