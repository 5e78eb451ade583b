"""Worlds with a known truth in which judges are compared: cases, candidate edits, and what each edit really does.

Every score is binary with a probability that follows from logits: the case's own, plus a shift for each edit that is on, plus an
idiosyncratic part of that edit on some cases. The worlds are those of the reference simulation that the judge was designed on:
60 visible cases and as many fresh ones as wanted, ability 0.40 at the start, 300 candidate edits.
"""

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

__all__ = ["BUDGET", "VISIBLE", "WORLDS", "Scenario", "World"]

VISIBLE = 60
"""Cases 0 … 59 are those that every edit may have been fitted to; from 60 on they are fresh."""
BUDGET = 18_000
"""Trials of a run."""
_TRUTH = 1_500
_CASES = 7_000
_GRID = tuple((0.1 * k, math.exp(-0.005 * k * k)) for k in range(-50, 51))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a world is like.

    Attributes:
        noise: E[p(1 − p)] of one trial, which fixes how much cases differ.
        better: share of edits with +2 … +6 points.
        worse: share of edits with −1 … −8 points; all others do nothing on average.
        overfitted: share of edits with a boost of 2.5 logits on one or two hard visible cases.
        interacting: share of pairs of edits whose effects together differ from their sum (sd 0.15 logits).
        conflicting: share of pairs of edits that do not merge when both were made for the same version.
    """

    about: str
    noise: float = 0.11
    better: float = 0.08
    worse: float = 0.32
    overfitted: float = 0.25
    interacting: float = 0.0
    conflicting: float = 0.0
    edits: int = 300
    ability: float = 0.40


_MAIN = Scenario(about="a realistic loop: 8 % of the edits help")
WORLDS: Mapping[str, Scenario] = {
    "main": _MAIN,
    "null": replace(_MAIN, about="no edit can help", better=0.0),
    "noisy": replace(_MAIN, about="cases are decided by chance", noise=0.16),
    "quiet": replace(_MAIN, about="cases are nearly decided", noise=0.05),
    "overfit": replace(_MAIN, about="60 % of the edits are fitted to visible cases", overfitted=0.6),
    "interact": replace(_MAIN, about="effects of 10 % of the pairs do not add up", interacting=0.1),
    "conflict": replace(_MAIN, about="30 % of the pairs cannot be combined", conflicting=0.3),
    "scarce": replace(_MAIN, about="2 % of the edits help", better=0.02),
}
"""The worlds, by name."""


class World:
    """One drawing of a scenario. The same scenario and seed give the same cases, edits and luck, whoever is judged.

    Args:
        scenario: what the world is like.
        seed: of everything that is random in it.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        rng = random.Random(f"{seed} world")
        mean, spread = calibrated(scenario.ability, scenario.noise)
        self.scenario = scenario
        self._seed = seed
        self.cases = [rng.gauss(mean, spread) for _ in range(VISIBLE + _CASES)]
        self._true_cases = [rng.gauss(mean, spread) for _ in range(_TRUTH)]
        self.points = _effects(scenario, rng)
        self._neutral = shift_for(mean, spread, 0.0)
        self.shifts = [shift_for(mean, spread, points) for points in self.points]
        self.extras = [self._idiosyncrasies(rng) for _ in self.points]
        self._fit_to_visible(rng)
        self.interactions = _pairs(len(self.points), scenario.interacting, rng, spread=0.15)
        self.conflicts = frozenset(_pairs(len(self.points), scenario.conflicting, rng, spread=1.0))
        self._uses: dict[int, list[float]] = {}

    def _idiosyncrasies(self, rng: random.Random) -> dict[int, float]:
        """Case → logits of one edit, on 15 % of the cases; true cases have negative numbers."""
        found: dict[int, float] = {}
        case = -_TRUTH - 1
        scale = 1 / math.log(1 - 0.15)
        while (case := case + 1 + int(math.log(1.0 - rng.random()) * scale)) < VISIBLE + _CASES:
            found[case] = rng.gauss(0.0, 1.5)
        return found

    def _fit_to_visible(self, rng: random.Random) -> None:
        hard = sorted(range(VISIBLE), key=self.cases.__getitem__)[: VISIBLE // 2]
        for extra in self.extras:
            if rng.random() < self.scenario.overfitted:
                for case in rng.sample(hard, rng.choice((1, 2))):
                    extra[case] = extra.get(case, 0.0) + 2.5

    def rivals(self, edit: int) -> list[int]:
        """Edits that do not merge with this one when both were made for the same version."""
        others = range(len(self.points)) if self.conflicts else ()
        return [other for other in others if (min(edit, other), max(edit, other)) in self.conflicts]

    def logit(self, case: int, program: Iterable[int]) -> float:
        """Logit of success of a program (the edits that are on) on a case."""
        total = self.cases[case] if case >= 0 else self._true_cases[case]
        for edit in program:
            total += self.shifts[edit]
            more = self.extras[edit].get(case)
            if more is not None:
                total += more
        return total

    def together(self, program: Iterable[int]) -> float:
        """Logits that the interactions of a program's edits add on every case."""
        if not self.interactions:
            return 0.0
        edits = sorted(program)
        return sum(self.interactions.get((a, b), 0.0) for i, a in enumerate(edits) for b in edits[i + 1 :])

    def luck(self, case: int, use: int) -> float:
        """The uniform number that decides trial number `use` of a case: the same for all programs and all rules."""
        drawn = self._uses.get(case)
        if drawn is None:
            rng = random.Random(f"{self._seed} luck {case}")
            drawn = self._uses[case] = [rng.random() for _ in range(40)]
        while use >= len(drawn):
            drawn.append(random.Random(f"{self._seed} luck {case} {len(drawn)}").random())
        return drawn[use]

    def truth(self, program: Iterable[int]) -> float:
        """Mean probability of success over 1,500 fresh cases that no rule can draw."""
        edits = tuple(program)
        more = self.together(edits)
        return sum(logistic(self.logit(case, edits) + more) for case in range(-_TRUTH, 0)) / _TRUTH

    def helps(self, edit: int, program: Iterable[int]) -> bool:
        """Whether an edit is truly better within a program: its shift and its interactions there exceed those of an edit without effect."""
        edits = set(program) | {edit}
        return self.shifts[edit] + self.together(edits) - self.together(edits - {edit}) > self._neutral + 1e-9


def logistic(logit: float) -> float:
    """Probability of success at a logit."""
    return 1.0 / (1.0 + math.exp(-logit)) if logit > -700 else 0.0


def _effects(scenario: Scenario, rng: random.Random) -> list[float]:
    """True effects in score at the start, in random order."""
    better, worse = round(scenario.better * scenario.edits), round(scenario.worse * scenario.edits)
    points = [rng.uniform(0.02, 0.06) for _ in range(better)] + [-rng.uniform(0.01, 0.08) for _ in range(worse)]
    points += [0.0] * (scenario.edits - len(points))
    rng.shuffle(points)
    return points


def _pairs(edits: int, share: float, rng: random.Random, *, spread: float) -> dict[tuple[int, int], float]:
    if share == 0:
        return {}
    return {(a, b): rng.gauss(0.0, spread) for a in range(edits) for b in range(a + 1, edits) if rng.random() < share}


def _expected(mean: float, spread: float) -> tuple[float, float]:
    """E[p] and E[p(1 − p)] where the logit of p is normal."""
    total = chance = noise = 0.0
    for z, weight in _GRID:
        p = logistic(mean + spread * z)
        total, chance, noise = total + weight, chance + weight * p, noise + weight * p * (1 - p)
    return chance / total, noise / total


@cache
def calibrated(ability: float, noise: float) -> tuple[float, float]:
    """Mean and standard deviation of the cases' logits with which E[p] = `ability` and E[p(1 − p)] = `noise`."""
    low, high = 0.01, 12.0
    for _ in range(50):
        spread = (low + high) / 2
        if _expected(_centre(ability, spread), spread)[1] > noise:
            low = spread
        else:
            high = spread
    return _centre(ability, spread), spread


def _centre(ability: float, spread: float) -> float:
    low, high = -30.0, 30.0
    for _ in range(50):
        middle = (low + high) / 2
        if _expected(middle, spread)[0] < ability:
            low = middle
        else:
            high = middle
    return middle


@cache
def _moved(mean: float, spread: float, shift: float) -> float:
    """E[p] of an edit with this shift: on 15 % of the cases its idiosyncratic part widens the distribution."""
    wide = math.sqrt(spread * spread + 1.5 * 1.5)
    return 0.85 * _expected(mean + shift, spread)[0] + 0.15 * _expected(mean + shift, wide)[0]


@cache
def shift_for(mean: float, spread: float, points: float) -> float:
    """The shift in logits with which an edit changes E[p] by `points`."""
    goal = _expected(mean, spread)[0] + points
    low, high = -6.0, 6.0
    for _ in range(30):
        middle = (low + high) / 2
        if _moved(mean, spread, middle) < goal:
            low = middle
        else:
            high = middle
    return middle
