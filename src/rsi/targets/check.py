"""`rsi check`: a target tried out before anything is spent: its files, its cases, its scorer, the start in a jail, what a run could see.

Covers: patterns that name nothing, a jail that this machine has not, cases that recur or carry what is hidden, generators and scorers that
give something else the second time, scorers that break over odd outputs, a start that fails, noise, saturation, cases that influence one
another.
Does not cover: whether the score measures what was meant.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from rsi.config import RunConfig
from rsi.core.errors import InfrastructureError, JailError, UserError
from rsi.core.protocols import Execution, Jail
from rsi.core.records import CandidateId, Case, Clock, Pool
from rsi.kernel.evaluate import Ran, run_cases
from rsi.kernel.judge import (
    Calibration,
    Prospect,
    calibration_of,
    power_table,
    race_visible_effect,
    residual_variance,
    resolution_floor,
    saturated_end,
)
from rsi.suites import secret_seeds
from rsi.targets.findings import Checked, Cost, Remark, Weight
from rsi.targets.load import Target
from rsi.targets.probing import probe_cases, probe_files, probe_scorer
from rsi.targets.scorer import Scorer
from rsi.targets.suite import TargetSuite

__all__ = ["MakeJail", "check_target", "judging_trials"]

MakeJail = Callable[[Target], Jail]
"""Opens the strongest jail of this machine that a target can have; a `UserError` or `JailError` says why there is none."""
_CASES, _AGAIN, _REPEATS = 32, 6, 4
_PATIENCE_S = 60.0
_START = CandidateId("start")
_WORTH_SEEING = 0.05
_MOST_TRIALS = 100_000_000
_MANY = 0.8
_CERTIFIED, _PRACTISED = 0.2, 0.2


def check_target(target: Target, make_jail: MakeJail, *, seed: int = 1, patience_s: float = _PATIENCE_S) -> Checked:
    """Try a target out; whatever is wrong with it is a remark.

    Args:
        target: as it was loaded.
        make_jail: opens jails.
        seed: of the cases; a run of another seed has others.
        patience_s: about so long the start is run at most.
    """
    remarks = list(probe_files(target))
    with ExitStack() as stack:
        scorer = stack.enter_context(Scorer(target.folder, target.spec))
        try:
            seeds = secret_seeds(seed)
            suite = TargetSuite(target, seeds, scorer)
            remarks += probe_cases(target, suite, seeds)
            cases = suite.cases(Pool.CALIBRATION, 0, _CASES)
        except (UserError, InfrastructureError) as error:
            remarks.append(Remark(weight=Weight.PROBLEM, at="cases", text=str(error)))
            return _closed(target, "", None, remarks)
        try:
            jail = make_jail(target)
            stack.callback(jail.close)
        except (UserError, JailError) as error:
            remarks.append(Remark(weight=Weight.PROBLEM, at="jail.tier", text=str(error)))
            return _closed(target, "", None, remarks)
        if jail.tier < target.spec.tier:
            text = f"a jail of tier {target.spec.tier} is needed, and this machine offers {jail.tier}; `rsi doctor` says what would help"
            remarks.append(Remark(weight=Weight.PROBLEM, at="jail.tier", text=text))
        try:
            tried = _Tried(jail, suite, target, cases, patience_s)
            remarks += tried.remarks
            remarks += probe_scorer(target, suite, tried.answered)
        except InfrastructureError as error:
            at = "jail" if isinstance(error, JailError) else "score"
            remarks.append(Remark(weight=Weight.PROBLEM, at=at, text=str(error)))
            return _closed(target, jail.tier, None, remarks)
        return _closed(target, jail.tier, tried, remarks, suite.size(Pool.JUDGE))


def judging_trials(budget: int) -> int:
    """About how many trials of a budget are left to judging, when practice and the certificate have had theirs."""
    return int(budget * (1 - _CERTIFIED - _PRACTISED))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One case, as it came out each time."""

    case: Case
    ran: Ran


class _Tried:
    """The start, run on some cases, some of them several times, within some patience."""

    def __init__(self, jail: Jail, suite: TargetSuite, target: Target, cases: Sequence[Case], patience_s: float) -> None:
        self._jail, self._suite, self._target = jail, suite, target
        self.seen: list[_Seen] = []
        self._alone: list[_Seen] = []
        self.wall_s = self.cpu_s = 0.0
        self.first_s = self._run(cases[:1])
        each = max(self._run(cases[:1]), 1e-4)
        affordable = max(2, int(patience_s / each))
        again = max(1, min(_AGAIN, affordable // 8))
        for _ in range(_REPEATS - 1 if affordable > 4 else 1):
            self._run(cases[:again])
        if self._suite.execution(Pool.CALIBRATION).is_shared and again > 1:
            self._run_alone(cases[:again])
        self._run(cases[again : max(2, min(len(cases), affordable // 2))])
        self.calibration = calibration_of([(one.case.id, one.ran.trial.score, one.ran.trial.programs) for one in self.seen])
        self.remarks = [*self._failures(), *self._unsteady(), *self._influenced(), *self._saturated()]

    @property
    def answered(self) -> Sequence[tuple[Case, Ran]]:
        """Cases with what came out, where something did."""
        return [(one.case, one.ran) for one in self.seen if one.ran.output is not None]

    @property
    def cost(self) -> Cost:
        """What one case took."""
        count, budget = len(self.seen), self._target.spec.budget.trials
        return Cost(wall_s=self.wall_s / count, cpu_s=self.cpu_s / count, first_s=self.first_s, trials=budget)

    def _run(self, cases: Sequence[Case]) -> float:
        """Run the start as a run of the target does, and say how many seconds that took."""
        seen, clock = self._ran(cases, self._suite.execution(Pool.CALIBRATION))
        self.seen += seen
        self.wall_s, self.cpu_s = self.wall_s + clock.wall_s, self.cpu_s + clock.cpu_s
        return clock.wall_s

    def _run_alone(self, cases: Sequence[Case]) -> None:
        """Run the start with a process for each case."""
        self._alone, _ = self._ran(cases, replace(self._suite.execution(Pool.CALIBRATION), is_shared=False))

    def _ran(self, cases: Sequence[Case], execution: Execution) -> tuple[list[_Seen], Clock]:
        files = self._target.files
        ran, clock = run_cases(self._jail, suite=self._suite, execution=execution, candidate=_START, files=files, cases=cases)
        return [_Seen(case=case, ran=one) for case, one in zip(cases, ran, strict=True)], clock

    def _failures(self) -> list[Remark]:
        failed = [one.ran for one in self.seen if one.ran.trial.score is None]
        if not failed:
            return []
        said = f"{failed[0].trial.label}: {failed[0].error or failed[0].feedback}".strip(": ")
        first = " ".join(said.split())[:300]
        if len(failed) == len(self.seen):
            text = f"the start gives no answer on any of {len(self.seen)} runs ({first}); repair it first"
            return [Remark(weight=Weight.PROBLEM, at="case", text=text)]
        text = f"the start gives no answer on {len(failed)} of {len(self.seen)} runs ({first}); each of them counts as the worst score"
        return [Remark(weight=Weight.WARNING, at="case", text=text)]

    def _unsteady(self) -> list[Remark]:
        """Whether the same case came out differently."""
        differing = sum(len(values) > 1 for values in self._values().values())
        if not differing:
            return []
        text = (
            f"{differing} of {self.calibration.repeated} cases that were run again came out differently (standard deviation "
            f"{100 * self.calibration.noise**0.5:.1f} points), and a run needs more trials for that; draw random numbers from a seed that "
            "stands in the case, if you can"
        )
        return [Remark(weight=Weight.WARNING, at="case", text=text)]

    def _influenced(self) -> list[Remark]:
        """Whether cases that come out the same every time come out otherwise in a process of their own."""
        usual = self._values()
        differing = sum(usual[one.case.id] == {min(usual[one.case.id])} != {one.ran.trial.value} for one in self._alone)
        if not differing:
            return []
        text = (
            f"{differing} of {len(self._alone)} cases come out otherwise in a process of their own, so cases of a block influence one "
            "another; set case.isolated = true"
        )
        return [Remark(weight=Weight.WARNING, at="case.isolated", text=text)]

    def _values(self) -> dict[str, set[float]]:
        """How each case came out."""
        spread: dict[str, set[float]] = {}
        for one in self.seen:
            spread.setdefault(one.case.id, set()).add(one.ran.trial.value)
        return spread

    def _saturated(self) -> list[Remark]:
        seen, score = self.calibration, self._target.spec.score
        if seen.is_dead:
            return []
        most = RunConfig().calibrate.saturated
        end = saturated_end(seen, most)
        share = {"floor": seen.floor, "ceiling": seen.ceiling}
        worst, best = score.unscaled(0.0), score.unscaled(1.0)
        for name, bound in (("floor", worst), ("ceiling", best)):
            if share[name] > _MANY:
                text = (
                    f"{100 * share[name]:.0f} % of {seen.cases} cases are at the {name} ({score.metric} {bound:g}"
                    f"{' or worse, or no answer' if name == 'floor' else ' or better'}), so that hardly a change could be seen on them; "
                    "set low and high wider, or take other cases"
                )
                return [Remark(weight=Weight.PROBLEM if end == name else Weight.WARNING, at="score", text=text)]
        return []


def _closed(target: Target, tier: str, tried: _Tried | None, remarks: list[Remark], size: int | None = None) -> Checked:
    seen = tried.calibration if tried and not tried.calibration.is_dead else None
    prospect = _prospect(target, seen, size) if seen else None
    needed = _needed(prospect.variance) if prospect else None
    if prospect and not any(row.effect is not None for row in prospect.rows):
        text = f"no effect, however large, would be seen with {target.spec.budget.trials} trials"
        text += f"; about {_budget(needed)} would show 5 points" if needed else ""
        remarks.append(Remark(weight=Weight.WARNING, at="budget.trials", text=text))
    remarks += [Remark(weight=Weight.WARNING, at=target.name, text=f"what cannot be guaranteed here: {lost}") for lost in target.lost]
    order = list(Weight)
    return Checked(
        target=target,
        tier=tier,
        calibration=seen,
        cost=tried.cost if tried else None,
        prospect=prospect,
        needed=_budget(needed) if needed else None,
        remarks=sorted(remarks, key=lambda remark: order.index(remark.weight)),
    )


def _prospect(target: Target, seen: Calibration, size: int | None) -> Prospect:
    config = RunConfig()
    trials = judging_trials(target.spec.budget.trials)
    variance = residual_variance(noise=seen.noise, between=seen.between, uses=trials / size if size else 1.0)
    slots = min(config.propose.when_open_below, config.judge.open, config.judge.horizon)
    rows = power_table(trials=trials, slots=slots, horizon=config.judge.horizon, alpha=config.judge.alpha, variance=variance)
    return Prospect(trials=trials, variance=variance, cases=size, floor=resolution_floor(size) if size else None, rows=rows)


def _needed(variance: float) -> int | None:
    """Trials for judging with which a change of five points is seen about every other time."""
    judge, trials = RunConfig().judge, 64
    while trials < _MOST_TRIALS:
        effect = race_visible_effect(trials=trials, level=judge.alpha / judge.horizon, variance=max(variance, 1e-6))
        if effect is not None and effect <= _WORTH_SEEING:
            return trials
        trials = trials * 5 // 4
    return None


def _budget(judging: int | None) -> int:
    """The budget of a run that leaves so many trials to judging, rounded to two digits."""
    wanted = (judging or 0) / (1 - _CERTIFIED - _PRACTISED)
    return int(float(f"{wanted:.1e}"))
