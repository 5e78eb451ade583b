"""How good an improver's word about its own changes is, and from when on that word may order what is tried next.

Each proposal states P(better) and quantiles of its effect. When its test closes, both are scored against what the judge then
believes: P(better) by the Brier score, the quantiles by the continuous ranked probability score, each averaged over that belief; so
both are proper, and 0 is perfect. What a forecaster must beat is *climatology*: the share of better changes and the spread of
effects among the tests closed before.

A word is used only as recalibrated: logit P = logit(base rate) + a + b·(stated logit − mean stated logit), b ≥ 0 (Platt 1999),
fitted to the tests closed before with a pull towards a = b = 0, where nothing but climatology is left. Two numbers can be learnt
from dozens of tests; isotonic regression wants about a thousand (Niculescu-Mizil and Caruana 2005). And it is used only once
earned: after `ENOUGH` tests, while the e-value for "its recalibrated word has a lower Brier score than climatology" is at least
`EARNED`. That e-value is the capital of a bet on each difference of the two scores, which is bounded (Henzi and Ziegel 2022, "Valid
sequential inference on probability forecast performance"; Choe and Ramdas 2023, "Comparing sequential forecasters"). Between a word
q and climatology c the expected scores are equal where the change is better with probability m = (q + c)/2; so who trusts q buys
"better" (or "not better") at the price m and gets q/m, or (1 − q)/(1 − m). As long as the word is not expected to do better than
climatology the capital is a nonnegative supermartingale from 1, so P(it ever reaches 20) ≤ 1/20. It is capped at `CEILING`, which
keeps it one and makes trust perish: who earned it and then lies loses it within about a dozen tests.

Covers: looking after every test, a forecaster that is over-confident, biased, uninformed, says the opposite, or turns into a liar.
Does not cover: a forecaster that is right because it proposes changes that it knows to be bad. An order is all that it can win: no
level, threshold or verdict depends on a prediction.
"""

import math
from bisect import insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rsi.core.records import Prediction, Undecided, Verdict
from rsi.kernel.judge.interval import interval
from rsi.kernel.judge.prior import Belief

__all__ = [
    "CEILING",
    "EARNED",
    "ENOUGH",
    "LEVELS",
    "STAKES",
    "Bin",
    "Skill",
    "TrackRecord",
    "brier",
    "crps",
    "quantiles_of",
]

LEVELS: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)
"""The quantiles that a prediction states, from `low` to `high`."""
ENOUGH = 50
"""No word counts before so many tests have closed."""
EARNED = 20.0
"""The e-value for skill from which on a word counts."""
CEILING = 400.0
"""More capital than this no bet keeps: without it, trust that was earned over hundreds of tests would survive dozens of lies."""
STAKES: tuple[float, ...] = (0.25, 0.5, 1.0)
"""Shares of what a full believer in the word would bet, equally weighted."""

_NORMAL: tuple[float, ...] = (-1.2815515655446004, -0.6744897501960817, 0.0, 0.6744897501960817, 1.2815515655446004)
_START_SPREAD = 0.05
_BINS = 5
_STEPS = 4
_REFIT_SHARE = 64
"""With more closed tests than that, the fit is renewed once a part of all is new: so a test costs the same however many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Predictions whose stated P(better) lies in [low, high): how many, what they said on average, and what the judge found on average."""

    low: float
    high: float
    closed: int
    stated: float
    found: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """How the predictions of a run came out.

    Attributes:
        closed: tests closed so far.
        brier, crps: mean scores of the predictions as stated; lower is better, 0 is perfect.
        base_brier, base_crps: the same of climatology.
        skill: 1 − brier / base_brier: 1 is perfect, 0 no better than climatology.
        low, high: anytime-valid 95 % interval of the skill, for a forecaster whose lead over climatology stays what it is.
        crps_skill: 1 − crps / base_crps.
        e_value: evidence that the recalibrated word beats climatology.
        weight: 0 as long as it is not earned, see `TrackRecord.weight`.
        table: reliability, by stated P(better); without empty bins.
    """

    closed: int
    brier: float
    base_brier: float
    crps: float
    base_crps: float
    skill: float
    low: float
    high: float
    crps_skill: float
    e_value: float
    weight: float
    table: tuple[Bin, ...]


def quantiles_of(prediction: Prediction) -> tuple[float, ...]:
    """The effect's quantiles at `LEVELS`; quartiles that were not stated are those of a normal distribution with that interval."""
    if prediction.quartiles:
        return (prediction.low, *prediction.quartiles, prediction.high)
    middle, scale = (prediction.low + prediction.high) / 2, (prediction.high - prediction.low) / (2 * _NORMAL[-1])
    return tuple(middle + scale * z for z in _NORMAL)


def brier(p_better: float, belief: Belief) -> float:
    """Expected squared distance between a stated P(better) and whether the change is better, in [0, 1]; lower is better (Brier 1950)."""
    return belief.p_better * (1 - p_better) ** 2 + (1 - belief.p_better) * p_better**2


def crps(quantiles: Sequence[float], belief: Belief) -> float:
    """Continuous ranked probability score of quantiles at `LEVELS`, in score; lower is better.

    In its quantile form, twice the mean pinball loss (Gneiting and Raftery 2007, section 6), which asks for nothing beyond what was stated.
    """
    return 2 * sum(_pinball(level, quantile, belief) for level, quantile in zip(LEVELS, quantiles, strict=True)) / len(LEVELS)


def _pinball(level: float, quantile: float, belief: Belief) -> float:
    """Pinball loss of a quantile, averaged over a normal belief of the effect."""
    gap = quantile - belief.mean
    if belief.spread <= 0:
        return max(gap, 0.0) - level * gap
    z = gap / belief.spread
    excess = gap * _below(z) + belief.spread * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return excess - level * gap


def _below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


class _Climate:
    """The running base rate (start: ½, counting as one test) and the running distribution of effects (start: ±5 points)."""

    def __init__(self) -> None:
        self._closed, self._better = 1, 0.5
        self._effects = [z * _START_SPREAD for z in _NORMAL]

    @property
    def p_better(self) -> float:
        return self._better / self._closed

    @property
    def quantiles(self) -> tuple[float, ...]:
        return tuple(self._effects[int(level * len(self._effects))] for level in LEVELS)

    def add(self, belief: Belief) -> None:
        self._closed += 1
        self._better += belief.p_better
        for z in _NORMAL:
            insort(self._effects, belief.mean + z * belief.spread)


class TrackRecord:
    """The predictions of a run's improvers, scored as their tests close, in that order; and what may be made of the next one."""

    def __init__(self) -> None:
        self._climate = _Climate()
        self._words: list[tuple[float, float]] = []
        self._bins: list[list[float]] = [[0.0, 0.0, 0.0] for _ in range(_BINS)]
        self._leads: Counter[float] = Counter()
        self._sums = [0.0] * 4
        self._capitals = [1.0] * len(STAKES)
        self._fit = (0.0, 0.0)
        self._fitted = 0
        self._middle = 0.0

    @property
    def closed(self) -> int:
        """Tests closed so far."""
        return len(self._words)

    @property
    def e_value(self) -> float:
        """Evidence so far that the recalibrated word beats climatology: 1 at the start, at most `CEILING`."""
        return sum(self._capitals) / len(self._capitals)

    @property
    def weight(self) -> float:
        """How much a recalibrated word counts beside the base rate: 0 until earned, then closed / (closed + `ENOUGH`)."""
        if self.closed < ENOUGH or self.e_value < EARNED:
            return 0.0
        return self.closed / (self.closed + ENOUGH)

    def chance(self, prediction: Prediction) -> float:
        """P(better) of a proposal before its first trial: the base rate, moved towards its recalibrated word as far as that is earned.

        A race may order or open proposals by it (equal chances: as they came); nothing else may depend on it.
        """
        base = self._climate.p_better
        return base + self.weight * (self._recalibrated(prediction.p_better) - base)

    def hear(self, prediction: Prediction, verdict: Verdict, belief: Belief) -> None:
        """A verdict was given: close the test, unless it was left undecided or broken off before its first pair."""
        if verdict.effect.pairs and not isinstance(verdict, Undecided):
            self.close(prediction, belief)

    def close(self, prediction: Prediction, belief: Belief) -> None:
        """A test has closed: score its prediction by what was known before, then learn from it."""
        base, stated = self._climate.p_better, prediction.p_better
        self._bet(self._recalibrated(stated), base, belief.p_better)
        scores = (brier(stated, belief), brier(base, belief), crps(quantiles_of(prediction), belief), crps(self._climate.quantiles, belief))
        self._sums = [total + score for total, score in zip(self._sums, scores, strict=True)]
        self._leads[scores[1] - scores[0]] += 1
        place = self._bins[min(int(stated * _BINS), _BINS - 1)]
        for k, amount in enumerate((1.0, stated, belief.p_better)):
            place[k] += amount
        self._climate.add(belief)
        self._words.append((_logit(stated), belief.p_better))
        if self.closed - self._fitted > self._fitted // _REFIT_SHARE:
            self._learn()

    def _bet(self, word: float, base: float, found: float) -> None:
        price = (word + base) / 2
        gain = found * word / price + (1 - found) * (1 - word) / (1 - price) - 1
        self._capitals = [min(CEILING, capital * (1 + stake * gain)) for capital, stake in zip(self._capitals, STAKES, strict=True)]

    def _recalibrated(self, stated: float) -> float:
        shift, slope = self._fit
        base = self._climate.p_better
        return base if slope <= 0 else _logistic(_logit(base) + shift + slope * (_logit(stated) - self._middle))

    def _learn(self) -> None:
        """A few Newton steps from the last fit: a and b maximise the likelihood of what the judge found, times a standard normal prior."""
        self._middle = sum(word for word, _ in self._words) / len(self._words)
        base, (a, b) = _logit(self._climate.p_better), self._fit
        for _ in range(_STEPS):
            up, along, flat, mixed, steep = -a, -b, 1.0, 0.0, 1.0
            for word, found in self._words:
                x = word - self._middle
                p = _logistic(base + a + b * x)
                miss, curve = found - p, p * (1 - p)
                up, along = up + miss, along + miss * x
                flat, mixed, steep = flat + curve, mixed + curve * x, steep + curve * x * x
            whole = flat * steep - mixed * mixed
            da, db = (steep * up - mixed * along) / whole, (flat * along - mixed * up) / whole
            a, b = a + _short(da), b + _short(db)
            if abs(da) + abs(db) < 1e-4:
                break
        self._fit, self._fitted = (a, b), self.closed

    def skill(self) -> Skill | None:
        """How the predictions came out so far; None before the first test has closed."""
        if not self.closed:
            return None
        own, base, spread, base_spread = (total / self.closed for total in self._sums)
        low, high = interval(self._leads, 0.05)
        return Skill(
            closed=self.closed,
            brier=own,
            base_brier=base,
            crps=spread,
            base_crps=base_spread,
            skill=1 - own / base,
            low=low / base,
            high=min(high / base, 1.0),
            crps_skill=1 - spread / base_spread,
            e_value=self.e_value,
            weight=self.weight,
            table=tuple(_bin(k, *sums) for k, sums in enumerate(self._bins) if sums[0]),
        )


def _bin(number: int, closed: float, stated: float, found: float) -> Bin:
    return Bin(low=number / _BINS, high=(number + 1) / _BINS, closed=int(closed), stated=stated / closed, found=found / closed)


def _logit(p: float) -> float:
    inside = min(0.99, max(0.01, p))
    return math.log(inside / (1 - inside))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else 1 - 1 / (1 + math.exp(x))


def _short(step: float) -> float:
    return max(-2.0, min(2.0, step))
