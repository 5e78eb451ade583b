"""Many edits judged at once: every trial runs the incumbent with a random half of the open edits and so informs on all of them.

For an edit that is on with probability ½, whatever else happens, g = ±(score − b) has mean 0 if the edit does nothing: + where it was on, −
where it was off, b anything that was known before (here: what that case scored so far, over all arms). So Π(1 + λ g) is a
nonnegative martingale, its mean over several λ an e-process, and an edit may be accepted the moment it reaches 1/level (Ville). Levels
are those of `AlphaSpending`: the share of false acceptances stays ≤ α under any dependence between edits.

Edits that conflict are never on together: each round first draws a random conflict-free set without looking at scores, then tosses a coin
for each edit in it. The coin is fair given everything else, so nothing that another edit does can be mistaken for this one's effect.

Covers: looking after every trial, stopping at any time, drifting incumbents, other edits that come and go, crashes (a score of 0), any choice
of cases that does not look at the coins. Does not cover: an edit that helps on some cases as much as it hurts on others, judged
on few cases over and over; `CaseRota` keeps repetition low for that reason.
"""

import math
import random
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rsi.kernel.judge.eprocess import log_mean_exp
from rsi.kernel.judge.prior import Belief, Estimate, Prior, learn
from rsi.kernel.judge.spending import AlphaSpending

__all__ = ["STAKES", "Closed", "Draw", "Ending", "Race", "Rule", "Settings", "Standing"]

STAKES: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Fractions λ of the capital that are bet, equally weighted."""

_NEVER = -1e9


class Rule(StrEnum):
    """When an edit is accepted: on strict evidence (false-discovery rate ≤ α, proven), or fast, once P(better) is 0.9 (a belief)."""

    STRICT = "strict"
    FAST = "fast"


class Ending(StrEnum):
    """How the test of an edit ended."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    VETOED = "vetoed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a race is run.

    Attributes:
        budget: trials in all; dropping is paced so that it lasts.
        slots: edits open at a time.
        alpha: false-discovery rate of the whole race.
        horizon: edits that may ever be opened (T), declared before the first.
        rule: when an edit is accepted.
        prior: what is believed of an edit before its first trial; its weights are learnt on the way.
        review: trials between two looks at whom to drop.
        fewest: trials that an edit gets before it may be dropped.
        margin: loss on a safety suite that an accepted edit must be shown to stay above.
    """

    budget: int = 18_000
    slots: int = 16
    alpha: float = 0.10
    horizon: int = 300
    rule: Rule = Rule.STRICT
    prior: Prior = Prior()
    review: int = 25
    fewest: int = 50
    margin: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What one trial (or one build and its trials) runs: the incumbent with the edits that are `on`.

    Attributes:
        number: 0, 1, 2 …
        drawn: edits whose coin was tossed; the others are off because one of these conflicts with them, and learn nothing here.
        on: those of `drawn` that are on.
    """

    number: int
    drawn: tuple[str, ...]
    on: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of an edit: evidence, the plain estimate (never to be claimed), and the belief (which may be claimed)."""

    edit: str
    trials: int
    level: float
    log_e: float
    estimate: Estimate
    belief: Belief


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """An edit's test is over."""

    edit: str
    ending: Ending
    reason: str
    standing: Standing


class _Arm:
    """The running sums of one edit."""

    __slots__ = ("capitals", "conflicts", "edit", "level", "need", "square", "total", "trials", "weight")

    def __init__(self, edit: str, level: float, conflicts: Collection[str]) -> None:
        self.edit, self.level, self.need = edit, level, -math.log(level)
        self.conflicts = frozenset(conflicts)
        self.capitals = [0.0] * len(STAKES)
        self.total = self.square = 0.0
        self.trials = 0

    def log_e(self) -> float:
        return log_mean_exp(self.capitals)

    def estimate(self) -> Estimate:
        """Effect as twice the mean of ±(score − b); one imagined trial of the largest variance keeps the error honest at the start."""
        n = max(self.trials, 1)
        return Estimate(mean=2 * self.total / n, error=2 * math.sqrt(self.square + 0.25) / n)


class Race:
    """Open edits, toss coins, observe scores, and be told who is accepted and who is dropped.

    Args:
        settings: how the race is run.
        rng: every random choice of the race; the same generator and the same calls give the same race, so that replaying the
            observations rebuilds its state.
    """

    def __init__(self, settings: Settings, rng: random.Random) -> None:
        self._settings = settings
        self._rng = rng
        self._levels = AlphaSpending(settings.alpha, settings.horizon)
        self._open: dict[str, _Arm] = {}
        self._closed: dict[str, Closed] = {}
        self._cases: dict[Hashable, list[float]] = {}
        self._mean = 0.5
        self._seen = 0.0
        self._draws = 0
        self._spent = 0
        self._reviewed = 0
        self._prior = settings.prior
        self._conflicting = False

    # -- what a caller does

    def open(self, edit: str, conflicts: Collection[str] = ()) -> bool:
        if edit in self._open:
            raise ValueError(f"edit {edit} is open already")
        level = None if len(self._open) >= self._settings.slots else self._levels.open_test()
        if level is None:
            return False
        arm = self._open[edit] = _Arm(edit, level, conflicts)
        for other in arm.conflicts & self._open.keys():
            self._open[other].conflicts |= {edit}
        return True

    def draw(self) -> Draw:
        drawn = self._conflict_free()
        bits = self._rng.getrandbits(len(drawn)) if drawn else 0
        on = frozenset(edit for place, edit in enumerate(drawn) if bits >> place & 1)
        self._draws += 1
        return Draw(number=self._draws - 1, drawn=drawn, on=on)

    def observe(self, draw: Draw, rows: Sequence[tuple[Hashable, float]]) -> tuple[Closed, ...]:
        surprise = math.fsum(score - self._expected(case) for case, score in rows) / len(rows)
        for case, score in rows:
            self._remember(case, score)
        accepted = self._bet(draw, surprise, len(rows))
        self._spent += len(rows)
        events = []
        for arm in accepted:
            if arm.edit in self._open:
                events += self._accept(arm)
        if self._spent - self._reviewed >= self._settings.review:
            self._reviewed = self._spent
            events += self._review()
        return tuple(events)

    # -- inside

    def _conflict_free(self) -> tuple[str, ...]:
        if not any(arm.conflicts for arm in self._open.values()):
            return tuple(self._open)
        names = list(self._open)
        self._rng.shuffle(names)
        chosen, barred = [], set()
        for name in names:
            if name not in barred:
                chosen.append(name)
                barred |= self._open[name].conflicts
        return tuple(chosen)

    def _expected(self, case: Hashable) -> float:
        known = self._cases.get(case)
        return self._mean if known is None else min(1.0, max(0.0, self._mean + known[1] / (known[0] + 1.0)))

    def _remember(self, case: Hashable, score: float) -> None:
        known = self._cases.setdefault(case, [0.0, 0.0])
        known[0] += 1.0
        known[1] += score - self._mean
        self._seen += 1
        self._mean += (score - self._mean) / min(self._seen + 4, 500.0)

    def _bet(self, draw: Draw, surprise: float, rows: int) -> list[_Arm]:
        bet = max(-1.0, min(1.0, surprise * max(1.0, math.sqrt(rows) / 1.5)))
        ups = [math.log1p(stake * bet) for stake in STAKES]
        downs = [math.log1p(-stake * bet) for stake in STAKES]
        square = (rows * surprise) ** 2
        winners = []
        for edit in draw.drawn:
            arm = self._open.get(edit)
            if arm is None:
                continue
            is_on = edit in draw.on
            gains = ups if is_on else downs
            capitals = arm.capitals
            for k, gain in enumerate(gains): capitals[k] += gain
            arm.total += rows * surprise if is_on else -rows * surprise
            arm.square += square
            arm.trials += rows
            if max(capitals) >= arm.need and self._settings.rule is Rule.STRICT and arm.log_e() >= arm.need:
                winners.append(arm)
        return winners

    def _accept(self, arm: _Arm) -> list[Closed]:
        events = [self._close(arm, Ending.ACCEPTED, "")]
        self._levels.accepted()
        for other in sorted(arm.conflicts & self._open.keys()):
            events.append(self._close(self._open[other], Ending.WITHDRAWN, f"conflicts with {arm.edit}, which was accepted"))
        return events

    def _close(self, arm, ending, reason):
        del self._open[arm.edit]
        c = Closed(edit=arm.edit, ending=ending, reason=reason, standing=self._standing(arm))
        self._closed[arm.edit] = c
        return c

    def _standing(self, arm):
        e = arm.estimate()
        return Standing(edit=arm.edit, trials=arm.trials, level=arm.level, log_e=arm.log_e(), estimate=e, belief=self._prior.believe(e))

    kmin, kmax = 0.1, 1.0
    def _review(self):
        events = []
        s = self._settings
        beliefs = sorted(((self._prior.believe(arm.estimate()).p_better, arm) for arm in self._open.values()), key=lambda x: (x[0], x[1].edit))
        if s.rule is Rule.FAST:
            for p, arm in reversed(beliefs):
                if p >= 0.9 and arm.edit in self._open: events += self._accept(arm)
            beliefs=[b for b in beliefs if b[1].edit in self._open]
        due = s.horizon * self._spent / s.budget
        done = len(self._closed)
        changed = len(events)
        for p, arm in beliefs:
            if arm.trials < s.fewest: continue
            kappa = self.kmax if done < due else self.kmin
            if p < kappa * self._prior.better:
                events.append(self._close(arm, Ending.DROPPED, f"P {p:.3f}")); done += 1
        if len(events) and len(self._closed) // 8 != (len(self._closed)-len(events)) // 8:
            self._prior = learn(s.prior, [c.standing.estimate for c in self._closed.values()])
        return events
