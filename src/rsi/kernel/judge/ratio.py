"""How much more one improver gains than another: a ratio of two expected gains, with an interval that holds whenever one looks.

Each *pair* is one problem that both improvers worked on, from the same start, under the same budget. For each hypothetical ratio ρ two
gamblers bet against E[ours − ρ · theirs] = 0, one on more, one on less. Gains end in [0, 1] wherever they start, so every factor of their
capital stays positive. (A bet must not be fitted to a pair's own start: problems on which ours does well may start lower than others.)
The ratios that neither has ruined are the interval: P(the true ratio is ever outside) ≤ α (Waudby-Smith and Ramdas 2024, section 4, here
for a ratio as in Fieller 1954).

A bounded mean can be ruined by a disaster that was never seen, so that interval is wide as long as pairs are few. A sharper question is
whether the two differ at all: if they don't, a lead of one is as likely as the same lead of the other, and the factor 2/(1 + e^(−2λd)) has
mean 1 at most, however large gains may be (de la Peña 1999; Ramdas et al. 2020, "Admissible anytime-valid sequential inference", on
symmetric distributions). `e_same` is the capital of that bet. The ratios ρ at which the same bets on ours − ρ · theirs are not ruined are
the *sharp* interval: it holds if ours − ρ · theirs is symmetric around 0 at the true ratio, so for improvers that differ by a factor and
by noise that has no side.

Covers: looking after every pair, stopping at any time, gains of any distribution; problems drawn independently from one population, and
improvers that are frozen (they carry nothing from one pair to the next). Does not cover: problems that an improver has seen before, the
most pleasing of many improvers, and claims about any other population of problems. `e_same` alone says nothing of means: an
improver with many small leads and a few large losses can have a high one.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rsi.kernel.judge.eprocess import log_mean_exp

__all__ = ["BETS", "LEADS", "Pair", "Ratio", "log_less", "log_more", "log_same", "ratio_of"]

LEADS: tuple[float, ...] = (2.0, 5.0, 12.0, 30.0)
"""Stakes λ on "ours leads", equally weighted, for leads of about 1/λ in score."""

BETS: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.7, 0.95)
"""Fractions of the capital that are bet on a mean, equally weighted."""
_SLACK = 1e-9
_FINE = tuple(k / 50 for k in range(-50, 151))
_COARSE = tuple(3 * 1.04**k for k in range(1, 49))
_GRID = (*(-x for x in reversed(_COARSE[:20])), *(-3 + k / 10 for k in range(20)), *_FINE, *_COARSE)
_TOP = 700.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What two improvers gained on one problem, in score; both from the same start.

    Attributes:
        start: score of the start in [0, 1].
        ours: gain of the improver in question, in [−start, 1 − start].
        theirs: gain of the one that it is compared with.
    """

    start: float
    ours: float
    theirs: float

    def __post_init__(self) -> None:
        """Check that the gains lie where they can lie."""
        inside = all(-self.start - _SLACK <= gain <= 1 - self.start + _SLACK for gain in (self.ours, self.theirs))
        if not 0.0 <= self.start <= 1.0 or not inside:
            raise ValueError(f"gains {self.ours!r} and {self.theirs!r} do not start from {self.start!r} and end in [0, 1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How the expected gain of one improver stands to that of another.

    Attributes:
        pairs: problems that both worked on.
        ratio: mean gain by mean gain; None where the other gained nothing on average.
        low, high: anytime-valid interval of the ratio of expected gains; None where nothing bounds it on that side.
        sharp_low, sharp_high: the same under the assumption of symmetry above.
        e_value: evidence against "the ratio is at most 1" (if the other gains at all): ours has the larger expected gain.
        e_same: evidence against "ours leads no more often, by any amount, than it trails".
    """

    pairs: int
    ratio: float | None
    low: float | None
    high: float | None
    sharp_low: float | None
    sharp_high: float | None
    e_value: float
    e_same: float


def ratio_of(pairs: Sequence[Pair], alpha: float = 0.05) -> Ratio:
    """The ratio that these pairs show, and what may be said of it.

    Args:
        pairs: in the order in which they were played; the result does not depend on it.
        alpha: probability, over all times together, that the true ratio is outside; both sides share it equally.
    """
    ruin = math.log(2 / alpha)
    low, high = _interval(lambda ratio: max(log_more(pairs, ratio), log_less(pairs, ratio)) >= ruin)
    sharp_low, sharp_high = _interval(lambda ratio: max(log_same(_leads(pairs, ratio, sign)) for sign in (1, -1)) >= ruin)
    theirs = math.fsum(pair.theirs for pair in pairs)
    return Ratio(
        pairs=len(pairs),
        ratio=math.fsum(pair.ours for pair in pairs) / theirs if theirs > 0 else None,
        low=low,
        high=high,
        sharp_low=sharp_low,
        sharp_high=sharp_high,
        e_value=math.exp(min(_TOP, log_more(pairs, 1.0))),
        e_same=math.exp(min(_TOP, log_same(_leads(pairs, 1.0, 1)))),
    )


def log_more(pairs: Sequence[Pair], ratio: float) -> float:
    """Log-capital of betting that E[ours] exceeds `ratio` · E[theirs]; every factor is at least 1 − λ."""
    return _log_capital([_lead(pair, ratio) / _range(ratio) for pair in pairs])


def log_less(pairs: Sequence[Pair], ratio: float) -> float:
    """Log-capital of betting that E[ours] falls short of `ratio` · E[theirs]."""
    return _log_capital([-_lead(pair, ratio) / _range(ratio) for pair in pairs])


def log_same(leads: Sequence[float]) -> float:
    """Log-capital of betting that leads are more often positive than equally large ones are negative."""
    return log_mean_exp([math.fsum(math.log(2) - _log1pexp(-2 * stake * lead) for lead in leads) for stake in LEADS])


def _log1pexp(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _lead(pair: Pair, ratio: float) -> float:
    return pair.ours - ratio * pair.theirs


def _range(ratio: float) -> float:
    """The most by which ours can fall short of `ratio` · theirs, or exceed it, whatever the start is."""
    return max(1.0, ratio, 1.0 - ratio)


def _log_capital(moves: Sequence[float]) -> float:
    return log_mean_exp([math.fsum(math.log1p(bet * move) for move in moves) for bet in BETS])


def _leads(pairs: Sequence[Pair], ratio: float, sign: int) -> list[float]:
    return [sign * _lead(pair, ratio) for pair in pairs]


def _interval(ruined: Callable[[float], bool]) -> tuple[float | None, float | None]:
    """The ends of all ratios on the grid that no gambler has ruined, rounded outwards by one point; None beyond its ends."""
    kept = [place for place, ratio in enumerate(_GRID) if not ruined(ratio)]
    if not kept:
        return None, None
    low, high = kept[0] - 1, kept[-1] + 1
    return (_GRID[low] if low >= 0 else None), (_GRID[high] if high < len(_GRID) else None)
