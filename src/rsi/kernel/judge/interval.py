"""How large an effect is, with an interval that stays true however often one looks.

For each hypothetical mean m two gamblers bet against "the mean is m", one on more, one on less. The means that neither
has ruined are a confidence sequence: P(the true mean is ever outside) ≤ α (Waudby-Smith and Ramdas 2024, "Estimating means
of bounded random variables by betting", §4, hedged capital; here with a fixed mixture of bets). The capital falls
monotonically in m, so bisection finds each end.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping

from rsi.core.records import Effect
from rsi.kernel.judge.eprocess import log_capital, log_mean_exp

__all__ = ["MIXTURE", "RESOLUTION", "effect_of", "interval", "lies_above", "wilson"]

MIXTURE: tuple[float, ...] = (0.03, 0.06, 0.12, 0.24, 0.45, 0.75)
"""Bets of each gambler, equally weighted: from 3,000 pairs (.03) down to a dozen (.75)."""

RESOLUTION = 1 / 1024
"""Ends of an interval are found to this width and then rounded outwards."""

_GRID = 128


def interval(counts: Mapping[float, int], alpha: float) -> tuple[float, float]:
    """Anytime-valid (1 − α) interval for the mean of differences in [−1, 1], given as value → how often.

    Args:
        counts: the differences so far; empty gives (−1, 1).
        alpha: probability, over all times together, that the true mean is outside; both sides share it equally.

    Values that are not multiples of 1/128 are first rounded against the end that is sought, so that many distinct scores
    cost no more time than a few; this can only widen the interval.
    """
    if not counts:
        return -1.0, 1.0
    ruin = math.log(2 / alpha)
    low = _lower_end(_rounded(counts, math.floor, 1), ruin)
    high = -_lower_end(_rounded(counts, math.floor, -1), ruin)
    return low, high


def lies_above(counts: Mapping[float, int], mean: float, alpha: float) -> bool:
    """Whether the whole (1 − α) interval of these differences (value → how often) lies above `mean`, without computing it."""
    return bool(counts) and _log_bet_on_more(_rounded(counts, math.floor, 1), mean + RESOLUTION) >= math.log(2 / alpha)


def _rounded(counts: Mapping[float, int], rounding: Callable[[float], int], sign: int) -> Counter[float]:
    out: Counter[float] = Counter()
    for value, n in counts.items():
        out[max(-1.0, rounding(sign * value * _GRID) / _GRID)] += n
    return out


def _lower_end(counts: Mapping[float, int], ruin: float) -> float:
    """The smallest mean that the gambler on "more" has not ruined, from below to within `RESOLUTION`."""
    low, high = -1.0, 1.0
    if _log_bet_on_more(counts, low + RESOLUTION) < ruin:
        return low
    while high - low > RESOLUTION:
        middle = (low + high) / 2
        if _log_bet_on_more(counts, middle) >= ruin:
            low = middle
        else:
            high = middle
    return low


def _log_bet_on_more(counts: Mapping[float, int], mean: float) -> float:
    """Capital of betting that the mean exceeds `mean`: each factor is 1 + λ (d − m)/(1 + m), which is at least 1 − λ."""
    scaled = {(d - mean) / (1 + mean): n for d, n in counts.items()}
    return log_mean_exp([log_capital(scaled, bet) for bet in MIXTURE])


def effect_of(counts: Mapping[float, int], alpha: float = 0.05) -> Effect:
    """The effect that these differences (value → how often) show, with an anytime-valid (1 − α) interval."""
    pairs = sum(counts.values())
    low, high = interval(counts, alpha)
    return Effect(
        mean=sum(d * n for d, n in sorted(counts.items())) / pairs if pairs else 0.0,
        low=low,
        high=high,
        pairs=pairs,
        wins=sum(n for d, n in counts.items() if d > 0),
        losses=sum(n for d, n in counts.items() if d < 0),
        squares=sum(d * d * n for d, n in sorted(counts.items())),
    )


def wilson(successes: float, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval for one proportion at a fixed number of trials (not anytime-valid): for display only."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)
