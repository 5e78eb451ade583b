"""How many paired problems it takes to see that one improver gains more than another: told before any is played.

The spread of an improver's gain from run to run is given as a coefficient of variation, 25 % where nothing is known. A difference of
the size that is named is then seen about every other time.
"""

import math
from dataclasses import dataclass

from rsi.kernel.judge.ratio import BETS, LEADS

__all__ = ["GainPower", "gain_power", "pairs_at_best"]

_GAINS = (0.5, 0.2, 0.1)
_STEPS = 400
_REACH = 5.0
_MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GainPower:
    """One row of the power table.

    Attributes:
        more: by how much the one gains more than the other: 0.2 is +20 %.
        at_best: pairs that any anytime-valid two-sided test needs, even one that knows the spread.
        same: pairs until `e_same` is expected to reach 1/α; None: more than a million.
        ratio: pairs until the interval of the ratio is expected to exclude 1; None: more than a million.
    """

    more: float
    at_best: int
    same: int | None
    ratio: int | None


def gain_power(*, variation: float = 0.25, typical: float = 0.2, alpha: float = 0.05) -> tuple[GainPower, ...]:
    """The power table for +50 %, +20 % and +10 %.

    Args:
        variation: standard deviation of an improver's gain divided by its mean.
        typical: mean gain of the improver that the others are compared with, in score; matters to all but `at_best`.
        alpha: level of each test.
    """
    return tuple(_row(more, variation, typical, alpha) for more in _GAINS)


def pairs_at_best(more: float, variation: float = 0.25, alpha: float = 0.05) -> int:
    """Pairs after which the expected log-evidence of a likelihood ratio reaches log(2/α): 2 log(2/α) · 2 v² / more².

    At least log(1/α)/log 2: no bet on the sign of a difference can more than double with each pair. For a variation of 25 % this
    gives 5, 23.06 (so 24 whole pairs) and 92.2 (93).
    """
    least = math.log(1 / alpha) / math.log(2)
    return math.ceil(max(least, 2 * math.log(2 / alpha) * 2 * variation**2 / more**2))


def _row(more: float, variation: float, typical: float, alpha: float) -> GainPower:
    mean, spread = more * typical, math.sqrt(2) * variation * typical
    same = max(_expected_doubling(stake, mean, spread) for stake in LEADS)
    # A bet on ρ = 1 can lose 1 at most, see `ratio`.
    bet = min(0.95, mean / (mean**2 + spread**2))
    ratio = bet * mean - bet * bet * (mean**2 + spread**2) / 2
    return GainPower(
        more=more,
        at_best=pairs_at_best(more, variation, alpha),
        same=_pairs(math.log(len(LEADS) / alpha), same),
        ratio=_pairs(math.log(2 * len(BETS) / alpha), ratio),
    )


def _pairs(needed: float, each: float) -> int | None:
    return math.ceil(needed / each) if needed < each * _MOST else None


def _expected_doubling(stake: float, mean: float, spread: float) -> float:
    """E log(2 / (1 + e^(−2λd))) for a normal difference d, by the midpoint rule."""
    total = weight = 0.0
    for k in range(_STEPS):
        z = _REACH * (2 * (k + 0.5) / _STEPS - 1)
        density = math.exp(-z * z / 2)
        u = -2 * stake * (mean + spread * z)
        total += density * (math.log(2) - max(u, 0.0) - math.log1p(math.exp(-abs(u))))
        weight += density
    return total / weight
