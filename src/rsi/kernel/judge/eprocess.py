"""Evidence that a change is better, which may be looked at after every pair: an e-process over paired differences.

Under the null hypothesis "the mean difference is at most 0, whatever happened before" the process is a nonnegative
supermartingale that starts at 1, so by Ville's inequality P(it ever reaches 1/α) ≤ α: stopping when one likes is allowed.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

__all__ = ["BETS", "PairedEProcess", "log_capital", "log_mean_exp"]

BETS: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.45)
"""Fractions λ of the capital that are bet on "better", equally weighted. All ≥ 0, or the null could not be one-sided."""


def log_capital(counts: Mapping[float, int], bet: float) -> float:
    """log Π (1 + λ x) over the differences x in `counts` (value → how often), for one bet λ with λ·|x| < 1."""
    return sum(n * math.log1p(bet * x) for x, n in counts.items())


def log_mean_exp(logs: Sequence[float]) -> float:
    """log of the plain mean of exp(logs), without overflow."""
    top = max(logs)
    return top + math.log(sum(math.exp(x - top) for x in logs) / len(logs))


class PairedEProcess:
    """Capital of a gambler who bets on "the candidate beats the incumbent"; start 1, higher is more evidence.

    E = mean over λ in `BETS` of Π(1 + λ d), d = candidate − incumbent score in [−1, 1]. For 0/1 scores that is
    Σ_k w_k (1 + λ_k)^wins (1 − λ_k)^losses. The value does not depend on the order of the pairs.
    """

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def add(self, difference: float) -> None:
        """Bet on one more difference in [−1, 1].

        Raises:
            ValueError: the difference lies outside (NaN too).
        """
        if not -1.0 <= difference <= 1.0:
            raise ValueError(f"paired difference {difference!r} is not in [-1, 1]")
        self._counts[float(difference)] += 1

    @property
    def counts(self) -> Mapping[float, int]:
        """How often each difference was seen: all that the evidence depends on."""
        return self._counts

    @property
    def pairs(self) -> int:
        """Number of differences so far."""
        return self._counts.total()

    @property
    def log_e(self) -> float:
        """Natural logarithm of the e-value (cannot overflow)."""
        return log_mean_exp([log_capital(self._counts, bet) for bet in BETS])

    @property
    def e_value(self) -> float:
        """The e-value; capped at 1e300 so that it stays plain data."""
        return math.exp(min(self.log_e, math.log(1e300)))
