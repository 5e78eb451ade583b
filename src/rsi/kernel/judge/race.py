"""Many edits judged at once: every trial runs the incumbent with a random half of the open edits, and so informs on all of them.

For an edit that is on with probability ½, whatever else happens, g = ±(score − b) has mean 0 if the edit does nothing: + where it was on, −
where it was off, b anything that was known before (`Forecast`). So Π(1 + λ g) is a nonnegative martingale, its mean over several λ
an e-process, and the edit may be accepted the moment it reaches 1/level (Ville's inequality). Levels are those of `AlphaSpending` (e-LOND):
the expected share of false acceptances stays ≤ α under any dependence between edits.

Edits that conflict are never on together: each round first draws a conflict-free set without looking at scores to come, then tosses
a coin for each edit in it. The coin is fair given everything else, so nothing that another edit does is mistaken for this one's effect.

An edit that only takes something out again, a removal, need not be better: it is accepted once it is shown to lose less than a tolerated
amount, and dropped once any loss is shown (`SafetyEvidence`, each at 5 %). That is no part of α, since nothing is claimed to be better;
neither does its acceptance raise the levels of others, nor its result teach what is believed of edits.

Covers: looking after every trial, stopping at any time, drifting incumbents, other edits that come and go, results that come back late or
in another order, crashes (a score of 0), builds (one draw, many cases), any choice of cases that does not look at the coins.
Does not cover: an edit that helps on some cases as much as it hurts on others, judged on few cases over and over: it does something, on
those cases. `CaseRota` keeps repetition low for that reason.
"""

import math
import random
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence

from rsi.kernel.judge.entrants import STAKES, Arm, Closed, Draw, Ending, Rule, Settings, Standing, State
from rsi.kernel.judge.expected import Forecast
from rsi.kernel.judge.prior import Estimate, Prior, learn
from rsi.kernel.judge.rounds import ABREAST, Round, Ways, staked, tossed
from rsi.kernel.judge.spending import AlphaSpending

__all__ = ["Fits", "Race", "Row"]

Fits = Callable[[Sequence[str]], bool]
"""Whether edits can all be on together; then so can any of them."""

Row = tuple[Hashable, float | None]
"""A case and what the program scored on it, in [0, 1]; None where it crashed."""

REMOVAL_LEVEL = 0.05
"""A removal that loses more than is tolerated is accepted with at most this probability."""
_LESSON, _LESSON_SHARE = 8, 8
"""The prior is learnt anew after so many closed edits, or a part of all of them: so an edit costs the same however many there were."""
_RIVALS_TURN = 4


class Race:
    """Open edits, draw, run, observe; and be told who is accepted and who is dropped.

    Args:
        settings: how the race is run.
        rng: every random choice of the race. The same generator and the same calls give the same race, so replaying the observations
            rebuilds its state.
        levels: hands out the levels of the tests instead of the settings' α and horizon: for showing what a liar would do.
    """

    def __init__(self, settings: Settings, rng: random.Random, *, levels: AlphaSpending | None = None) -> None:
        self._settings = settings
        self._rng = rng
        self._levels = levels or AlphaSpending(settings.alpha, settings.horizon)
        self._ways = Ways()
        self._open: dict[str, Arm] = {}
        self._finished: list[Closed] = []
        self._lessons: list[Estimate] = []
        self._forecast, self._safety_forecast = Forecast(), Forecast()
        self._prior = settings.prior
        self._draws = self._spent = self._reviewed = self._taught = 0
        self._safety_due = 0.0

    @property
    def vacancies(self) -> int:
        """How many edits may be opened now."""
        return min(self.room, self._levels.remaining)

    @property
    def room(self) -> int:
        """How many removals may be opened now: they need a place, but no level."""
        return self._settings.slots - len(self._open)

    @property
    def finished(self) -> tuple[Closed, ...]:
        """Every edit whose test is over, in order."""
        return tuple(self._finished)

    @property
    def prior(self) -> Prior:
        """What is believed of an edit before its trials, as learnt so far."""
        return self._prior

    def open(self, edit: str, conflicts: Collection[str] = (), *, tolerance: float | None = None) -> None:
        """Let an edit in, at a level that is thereby spent; `conflicts` are edits (open or not) that it can never be on with.

        Args:
            tolerance: of an edit that takes something out, the loss in score that is tolerated; it spends no level of the error budget.

        Raises:
            ValueError: it is open already, there is no vacancy, or the tolerance is not in (0, 1].
        """
        if edit in self._open:
            raise ValueError(f"edit {edit} is open already")
        if tolerance is not None and not 0.0 < tolerance <= 1.0:
            raise ValueError(f"tolerance {tolerance!r} must lie in (0, 1]")
        level = self._level_of(is_removal=tolerance is not None)
        if level is None:
            raise ValueError(f"no vacancy for edit {edit}: {len(self._open)} are open, {self._levels.remaining} of the horizon are left")
        self._open[edit] = Arm(edit, level, set(conflicts) - {edit}, self._settings.margin, tolerance)
        for other in self._open.values():
            if edit in other.conflicts or other.edit in conflicts:
                other.conflicts.add(edit)
                self._open[edit].conflicts.add(other.edit)
        self._open[edit].conflicts.discard(edit)

    def _level_of(self, *, is_removal: bool) -> float | None:
        """The level of the next test; None if there is no place for it."""
        if is_removal:
            return REMOVAL_LEVEL if self.room > 0 else None
        return self._levels.open_test() if self.vacancies > 0 else None

    def withdraw(self, edit: str, reason: str) -> Closed:
        """End the test of an open edit for a reason that has nothing to do with its scores, e.g. it no longer merges with the incumbent.

        Raises:
            ValueError: it is not open.
        """
        if edit not in self._open:
            raise ValueError(f"edit {edit} is not open")
        return self._close(self._open[edit], Ending.WITHDRAWN, reason)

    def draw(self, fits: Fits | None = None) -> Draw:
        """What the next trial, or the next build with all its trials, is to run.

        Args:
            fits: whether edits can all be on together, where pairs do not say it all (three that merge in pairs only). It is asked before
                any coin is tossed: to throw a draw away because its subset does not compose would make the coins unfair.
        """
        drawn = self._conflict_free(self._shuffled() if any(arm.conflicts for arm in self._open.values()) else self._open)
        if fits is not None and not fits(drawn):
            drawn = self._fitting(drawn, fits)
        self._draws += 1
        return Draw(number=self._draws - 1, drawn=drawn, on=tossed(drawn, self._rng))

    def draw_round(self) -> Round:
        """What is to be run side by side next; the incumbent alone if nothing is open.

        Where not all edits can be in it, those that look best are. With a margin, some rounds are played on safety cases; they are about
        edits that were not yet shown to be harmless. An edit that lacks nothing but that is in no other round.
        """
        hopeful = self._promising()
        if self._settings.margin is not None:
            unsafe = [edit for edit in hopeful if self.standing(edit).harmless is False]
            hopeful = [edit for edit in hopeful if not self.standing(edit).is_held_up]
            if self._is_safety_due(bool(unsafe), bool(hopeful)):
                self._draws += 1
                return self._side_by_side(unsafe[:ABREAST], safety=True)
        free, few = self._conflict_free(hopeful), hopeful[:ABREAST]
        self._draws += 1
        if self._ways.is_apart(together=len(free), apart=len(few)):
            return self._side_by_side(few, safety=False)
        on = tossed(free, self._rng)
        return Round(number=self._draws - 1, drawn=free, arms=(on, frozenset(free) - on), apart=False)

    def _side_by_side(self, edits: Sequence[str], *, safety: bool) -> Round:
        arms = (frozenset[str](), *(frozenset([edit]) for edit in edits))
        return Round(number=self._draws - 1, drawn=tuple(edits), arms=arms, apart=True, safety=safety)

    def _is_safety_due(self, is_useful: bool, are_others: bool) -> bool:
        """Whether the next round is one on safety cases: by its share, or as long as no other is of use."""
        self._safety_due = min(1.0, self._safety_due + self._settings.safety_share)
        if not is_useful or (are_others and self._safety_due < 0.999):
            return False
        self._safety_due = 0.0
        return True

    def observe(self, draw: Draw, rows: Sequence[Row], *, safety: bool = False) -> tuple[Closed, ...]:
        """Learn what a draw scored on one case or, for a build, on several; returns the tests that end with that.

        Args:
            rows: of one kind of suite; the bet is on their mean.
            safety: whether they are of a safety suite.

        Raises:
            ValueError: no rows, or a score outside [0, 1].
        """
        scores = [0.0 if score is None else score for _, score in rows]
        if not scores or not all(0.0 <= score <= 1.0 for score in scores):
            raise ValueError(f"draw {draw.number} needs scores in [0, 1], not {scores!r}")
        forecast = self._safety_forecast if safety else self._forecast
        surprise = math.fsum(score - forecast.of(case) for (case, _), score in zip(rows, scores, strict=True)) / len(rows)
        for (case, _), score in zip(rows, scores, strict=True):
            forecast.add(case, score)
        self._spent += len(rows)
        self._blame(draw, sum(score is None for _, score in rows))
        if safety:
            self._bet_on_safety(draw, surprise)
        else:
            self._bet(draw, surprise, len(rows), math.fsum(scores))
        return tuple(self._settle(draw.drawn))

    def observe_round(self, played: Round, arms: Sequence[Sequence[Row]]) -> tuple[Closed, ...]:
        """Learn what each arm of a round scored on the same cases, in the order of `played.arms`; returns the tests that end with that.

        Edits that were closed since the round was drawn are passed over.

        Raises:
            ValueError: an arm is missing or on other cases, no rows, or a score outside [0, 1].
        """
        scores = [[0.0 if score is None else score for _, score in rows] for rows in arms]
        cases = [[case for case, _ in rows] for rows in arms]
        if len(arms) != len(played.arms) or not cases[0] or any(other != cases[0] for other in cases):
            raise ValueError(f"round {played.number} needs {len(played.arms)} arms on the same cases")
        if not all(0.0 <= score <= 1.0 for row in scores for score in row):
            raise ValueError(f"round {played.number} needs scores in [0, 1], not {scores!r}")
        self._spent += len(arms) * len(cases[0])
        crashes = [sum(score is None for _, score in rows) for rows in arms]
        seen = []
        for edit in played.drawn:
            one, other = played.pair_of(edit)
            differences = [mine - theirs for mine, theirs in zip(scores[one], scores[other], strict=True)]
            seen.append(math.fsum(differences) / len(differences))
            arm = self._open.get(edit)
            if arm is None:
                continue
            arm.crashed_on += crashes[one]
            arm.crashed_off += crashes[other]
            if played.safety:
                arm.bet_on_safety(differences)
            else:
                self._bet_on_differences(arm, differences, math.fsum(scores[one]) + math.fsum(scores[other]), apart=played.apart)
        if len(seen) > 1 and not played.safety:
            self._ways.add(seen, apart=played.apart)
        return tuple(self._settle(played.drawn))

    def standing(self, edit: str) -> Standing:
        """What is known of an open edit."""
        return self._open[edit].standing(self._prior)

    @property
    def opened(self) -> int:
        """Edits opened so far."""
        return self._levels.opened

    @property
    def remaining(self) -> int:
        """Edits that may still be opened, now or when a place is free."""
        return self._levels.remaining

    def state(self) -> State:
        """Where the race stands."""
        standings = [arm.standing(self._prior) for arm in self._open.values()]
        standings.sort(key=lambda standing: (-standing.belief.p_better, standing.edit))
        return State(spent=self._spent, opened=self._levels.opened, open=tuple(standings), prior=self._prior)

    def _shuffled(self) -> list[str]:
        edits = list(self._open)
        self._rng.shuffle(edits)
        return edits

    def _promising(self) -> list[str]:
        """The open edits by P(better), oldest first: few are known well soon, and who falls behind makes room for fresh ones.

        Every fourth time by what each might be worth, drawn from the belief in it, so that a better rival of a good edit is not overlooked.
        Where nobody is accepted or dropped, all are to be known alike: whoever has had the fewest trials comes first.
        """
        if self._settings.rule is Rule.REPORT:
            return sorted(self._open, key=lambda edit: self._open[edit].trials)
        beliefs = {edit: self._prior.believe(arm.estimate()) for edit, arm in self._open.items()}
        if self._draws % _RIVALS_TURN:
            hopes = {edit: belief.p_better for edit, belief in beliefs.items()}
        else:
            hopes = {edit: self._rng.gauss(belief.mean, belief.spread) for edit, belief in beliefs.items()}
        return sorted(hopes, key=lambda edit: -hopes[edit])

    def _conflict_free(self, edits: Iterable[str]) -> tuple[str, ...]:
        """Those of the edits, the first ones first, that can all be on together."""
        barred, chosen = set[str](), []
        for edit in edits:
            if edit not in barred:
                chosen.append(edit)
                barred |= self._open[edit].conflicts
        return tuple(chosen)

    def _fitting(self, edits: Sequence[str], fits: Fits) -> tuple[str, ...]:
        """As many of these edits, in random order, as fit together."""
        order, chosen = list(edits), tuple[str, ...]()
        self._rng.shuffle(order)
        for edit in order:
            if fits((*chosen, edit)):
                chosen = (*chosen, edit)
        return chosen

    def _bet(self, draw: Draw, surprise: float, rows: int, scores: float) -> None:
        """All edits bet on the same number, only the sign differs. The mean of a block is small: it is magnified, and cut at ±1."""
        amount = max(-1.0, min(1.0, surprise * max(1.0, math.sqrt(rows) / 1.5)))
        gains = [math.log1p(stake * amount) for stake in STAKES]
        losses = [math.log1p(-stake * amount) for stake in STAKES]
        for edit in draw.drawn:
            arm = self._open.get(edit)
            if arm is None:
                continue
            own = surprise if edit in draw.on else -surprise
            arm.add(own, rows, scores, gains if edit in draw.on else losses)
            if arm.spared is not None:
                arm.spared.add(own)

    @staticmethod
    def _bet_on_differences(arm: Arm, differences: Sequence[float], scores: float, *, apart: bool) -> None:
        """Case by case where nothing but the edit is different; else once, since all cases share the coins."""
        cases = len(differences)
        mean = math.fsum(differences) / cases
        if arm.spared is not None:
            for difference in differences if apart else (mean,):
                arm.spared.add_pair(difference)
        if apart:
            amounts = [arm.cut(difference) for difference in differences]
            gains = [math.fsum(math.log1p(stake * amount) for amount in amounts) for stake in STAKES]
        else:
            amount = staked(mean, cases, arm.square / cases**2, arm.trials // (2 * cases))
            gains = [math.log1p(stake * amount) for stake in STAKES]
        arm.add(mean / 2, 2 * cases, scores, gains)

    def _bet_on_safety(self, draw: Draw, surprise: float) -> None:
        for edit in draw.drawn:
            evidence = self._open[edit].safety if edit in self._open else None
            if evidence is not None:
                evidence.add(surprise if edit in draw.on else -surprise)

    def _blame(self, draw: Draw, crashes: int) -> None:
        for edit in draw.drawn if crashes else ():
            arm = self._open.get(edit)
            if arm is not None and edit in draw.on:
                arm.crashed_on += crashes
            elif arm is not None:
                arm.crashed_off += crashes

    def _settle(self, drawn: Iterable[str]) -> list[Closed]:
        """Who is vetoed or accepted now; and, from time to time, who is dropped."""
        events: list[Closed] = []
        for edit in drawn:
            arm = self._open.get(edit)
            if arm is not None and arm.safety is not None and arm.safety.harmful:
                events.append(self._close(arm, Ending.VETOED, "harm was shown on a safety suite"))
            elif arm is not None and arm.spared is not None and arm.spared.harmful:
                events.append(self._close(arm, Ending.DROPPED, "a loss was shown"))
            elif arm is not None and arm.is_shown and self._settings.rule is Rule.STRICT and (arm.safety is None or arm.safety.harmless):
                events += self._accept(arm, f"the e-value reached {1 / arm.level:.0f}")
        if self._spent - self._reviewed >= self._settings.review and self._settings.rule is not Rule.REPORT:
            self._reviewed = self._spent
            events += self._review()
        return events

    def _accept(self, arm: Arm, reason: str) -> list[Closed]:
        if arm.spared is None:
            self._levels.accepted()
        events = [self._close(arm, Ending.ACCEPTED, reason)]
        for other in sorted(arm.conflicts & self._open.keys()):
            events.append(self._close(self._open[other], Ending.WITHDRAWN, f"conflicts with {arm.edit}, which was accepted"))
        return events

    def _close(self, arm: Arm, ending: Ending, reason: str) -> Closed:
        del self._open[arm.edit]
        for other in self._open.values():
            other.conflicts.discard(arm.edit)
        closed = Closed(edit=arm.edit, ending=ending, reason=reason, standing=arm.standing(self._prior))
        self._finished.append(closed)
        if arm.spared is None:
            self._lessons.append(closed.standing.estimate)
        if len(self._lessons) >= self._taught + max(_LESSON, self._taught // _LESSON_SHARE):
            self._taught = len(self._lessons)
            self._prior = learn(self._settings.prior, self._lessons)
        return closed

    def _review(self) -> list[Closed]:
        """Drop from the least promising upwards: the hopeless always, the doubtful while others are waiting and time is short."""
        settings, events = self._settings, list[Closed]()
        chances = {edit: self._hope_of(arm) for edit, arm in self._open.items()}
        for edit in sorted(chances, key=lambda edit: (chances[edit], edit)):
            arm, chance = self._open.get(edit), chances[edit]
            if arm is None or arm.trials < settings.fewest:
                continue
            if settings.rule is Rule.FAST and chance >= settings.confident and (arm.safety is None or arm.safety.harmless):
                events += self._accept(arm, f"P(better) {chance:.2f} (fast rule)")
            elif chance < self._patience() * self._prior.better:
                what = "better" if arm.spared is None else "as good"
                events.append(self._close(arm, Ending.DROPPED, f"P({what}) fell to {chance:.3f} after {arm.trials} trials"))
        return events

    def _hope_of(self, arm: Arm) -> float:
        """P(better); of a removal P(not worse), since it need be no more than that."""
        belief = self._prior.believe(arm.estimate())
        return belief.p_better if arm.spared is None else 1.0 - belief.p_worse

    def _patience(self) -> float:
        """The multiple κ of the prior's P(better) below which an edit is dropped now: quickest search, paced by the budget."""
        settings = self._settings
        late = len(self._lessons) < settings.horizon * self._spent / settings.budget
        crowded = settings.slots if settings.crowded is None else settings.crowded
        return settings.hasty if late and len(self._open) >= crowded else settings.hopeless
