"""How large an effect must be to be seen: by one paired test, by the race, and at best by a fixed list of cases.

All of it is told before money is spent (a power table) and after nothing was found (what could have been seen). An effect of the size
that is named is seen about every other time, smaller ones seldom.

Covers: levels, mixtures of bets, noise between repeats, differences between cases, a forecast that knows a case from earlier uses.
Does not cover: edits that interact, and tests that are given up early because they look bad.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from rsi.kernel.judge.entrants import STAKES
from rsi.kernel.judge.eprocess import BETS

__all__ = [
    "EFFECT_SPREAD",
    "Power",
    "Prospect",
    "power_table",
    "race_visible_effect",
    "residual_variance",
    "resolution_floor",
    "smallest_visible_effect",
]

EFFECT_SPREAD = 0.077
"""Standard deviation of an edit's effect between cases where nothing else is known: that of the benchmark’s worlds (variance 0.0059)."""
_STEPS = 40
_CONFIDENT = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """One row of a power table.

    Attributes:
        edits: how many edits the whole budget is shared by, as many at a time as there are slots.
        trials: that inform on each of them.
        effect: smallest difference in score that is seen about every other time; None if not even the largest is.
    """

    edits: int
    trials: int
    effect: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a run can detect with the trials that it can pay for, told before it pays for them.

    Attributes:
        trials: that are left to judging at most.
        variance: of score − forecast that was reckoned with.
        cases: different cases that there are to judge on; None where there are as many as are asked for.
        floor: with a fixed list of cases, the effect below which nothing can be told however often they are run; else None.
        rows: the power table.
    """

    trials: int
    variance: float
    cases: int | None
    floor: float | None
    rows: tuple[Power, ...]


def smallest_visible_effect(*, pairs: int, threshold: float, discordance: float) -> float | None:
    """The smallest true effect on the score whose expected evidence in one paired test reaches the threshold within so many pairs.

    The expected log-capital of the best single bet λ over n pairs, of which a share d differs, is
    n · max_λ [(d+Δ)/2 · log(1+λ) + (d−Δ)/2 · log(1−λ)]; the smallest Δ at which it reaches log(threshold). None: not even winning all
    that differ would suffice.

    Args:
        pairs: pairs that one test may use.
        threshold: e-value that it must reach.
        discordance: share of pairs in which the two versions differ; of scores between 0 and 1, the mean square of the differences.
    """

    def evidence(effect: float) -> float:
        wins, losses = (discordance + effect) / 2, (discordance - effect) / 2
        return pairs * max(wins * math.log1p(bet) + losses * math.log1p(-bet) for bet in BETS)

    return _smallest(evidence, math.log(threshold), discordance)


def race_visible_effect(*, trials: int, level: float, variance: float) -> float | None:
    """The smallest true effect whose expected evidence in the race reaches 1/level within the trials that inform on an edit.

    The bet is on g = ±(score − forecast), with mean Δ/2 and second moment v, so a stake λ gains about λΔ/2 − λ²v/2 per trial; the mixture
    over stakes costs the logarithm of their number.

    Args:
        trials: in which the edit's coin is tossed.
        level: at which the edit is accepted (α · (accepted + 1) / horizon).
        variance: of score − forecast, see `residual_variance`.
    """

    def evidence(effect: float) -> float:
        return trials * max(stake * effect / 2 - stake * stake * variance / 2 for stake in STAKES) - math.log(len(STAKES))

    return _smallest(evidence, -math.log(level), 1.0)


def _smallest(evidence: Callable[[float], float], needed: float, most: float) -> float | None:
    if evidence(most) < needed:
        return None
    low, high = 0.0, most
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if evidence(middle) >= needed else (middle, high)
    return high


def residual_variance(*, noise: float, between: float, uses: float = 1.0) -> float:
    """Variance of score − forecast if each case is used so often, at best: other edits that are on add to it.

    The forecast of a case used k times before is its mean, shrunk by k/(k+1) towards the general level (`Forecast`): what is left is
    between/(k+1)² + noise · (1 + k/(k+1)²), here averaged over k = 0 … uses − 1.

    Args:
        noise: variance between repeats of one case and seed.
        between: variance of the expected score between cases.
        uses: trials per case, over all arms.
    """
    times = max(1, round(uses))
    return math.fsum(between / (k + 1) ** 2 + noise * (1 + k / (k + 1) ** 2) for k in range(times)) / times


def power_table(*, trials: int, slots: int, horizon: int, alpha: float, variance: float) -> tuple[Power, ...]:
    """What a race can see that has so many trials in all, by how many edits share them; from the first acceptance's level on.

    Args:
        slots: edits open at a time, each of which is informed on by every trial.
        horizon: edits that may ever be opened; the level of each is alpha / horizon until one is accepted.
        variance: of score − forecast.
    """
    rows, edits = [], min(slots, horizon)
    while True:
        each = trials if edits <= slots else trials * slots // edits
        effect = race_visible_effect(trials=each, level=alpha / horizon, variance=max(variance, 1e-6))
        rows.append(Power(edits=edits, trials=each, effect=effect))
        if edits >= horizon:
            return tuple(rows)
        edits = min(2 * edits, horizon)


def resolution_floor(cases: int, *, spread: float = EFFECT_SPREAD) -> float:
    """The effect below which a fixed list of cases cannot tell an edit that is better from one that suits these cases by luck.

    Repeating cases averages their noise away, but not the choice of the cases: the standard error of a mean effect stays above
    spread/√cases however often they are run. The floor is 1.96 times that, in score.

    Args:
        cases: different cases in the list.
        spread: standard deviation of an edit's effect between cases.

    Raises:
        ValueError: the list is empty.
    """
    if cases < 1:
        raise ValueError("a list without cases resolves nothing")
    return _CONFIDENT * spread / math.sqrt(cases)
