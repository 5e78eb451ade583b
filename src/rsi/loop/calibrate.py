"""Step 0 of a run: version 0 on cases of a pool of its own, some of them several times, before any money is spent on changes.

What it finds (noise, floor, ceiling, cost of a trial, what the budget can detect) stands in `calibration.done`. A suite on which no change
could show a gain ends the run here, with the reason and what to do.

Covers: suites without cases, agents that answer nothing, cases nearly all at the floor or nearly all at the ceiling, all for at most
`calibrate.share` of the budget. Does not cover: cases that measure something else than what was meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rsi.config import RunConfig
from rsi.core.codec import encode
from rsi.core.records import Json, Pool
from rsi.kernel.judge import (
    ABREAST,
    Calibration,
    Prospect,
    Safeguard,
    calibration_of,
    fewest_pairs,
    power_table,
    residual_variance,
    resolution_floor,
    saturated_end,
)
from rsi.loop.chain import cost_of_pass
from rsi.loop.desk import Ticket
from rsi.loop.machine import Machine
from rsi.loop.orders import Done
from rsi.loop.trials import place_block

__all__ = ["REFUSED", "Plan", "calibrate", "plan_for"]

REFUSED = "refused"
"""The word with which the reason of a run begins that was not worth its money."""
_FEWEST = 8
_SAFETY_PART = 4
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many cases version 0 is run on, the first `again` of them `repeats` times; no cases if the share pays for too few trials."""

    cases: int
    again: int
    repeats: int

    @property
    def trials(self) -> int:
        """How many trials that is."""
        return self.cases + self.again * (self.repeats - 1)


def plan_for(config: RunConfig) -> Plan:
    """As many cases and repeats as `calibrate.share` of the budget pays for, half of the trials for repeats where they are few.

    A quarter of the share is left to a safety suite, if there is one.
    """
    wanted = config.calibrate
    affordable = _affordable(config)
    if config.safety.suite:
        affordable -= affordable // _SAFETY_PART
    if affordable < max(_FEWEST, wanted.repeats):
        return Plan(cases=0, again=0, repeats=wanted.repeats)
    more = wanted.repeats - 1
    again = max(1, min(config.judge.block, wanted.cases, affordable // (2 * more)))
    return Plan(cases=max(again, min(wanted.cases, affordable - again * more)), again=again, repeats=wanted.repeats)


def _affordable(config: RunConfig) -> int:
    """Trials that the share of step 0 pays for."""
    return int(config.calibrate.share * config.run.programs) // config.judge.programs


async def calibrate(machine: Machine) -> None:
    """Run version 0, write down what that shows, and end the run if no gain could be seen on this suite."""
    if machine.state.cause.ended is not None:
        return
    plan = plan_for(machine.config)
    found = len(machine.suite.cases(Pool.CALIBRATION, 0, max(1, plan.cases)))
    if not found or not machine.suite.cases(Pool.JUDGE, 0, 1):
        _close(machine, None, None, [], f"the suite {machine.suite.scorer.name} gives no cases: look at its data or its generator")
        return
    plan = Plan(cases=min(plan.cases, found), again=min(plan.again, found), repeats=plan.repeats)
    done = [await ticket for ticket in _place(machine, plan)]
    guards = [await ticket for ticket in _place_safety(machine, plan)]
    if machine.state.cause.ended is None:
        calibration, guard = _seen(done), _seen(guards)
        refused = None if calibration is None else _why_refused(machine.config, calibration)
        _close(machine, calibration, guard, [one for one in [*done, *guards] if one is not None], refused or _why_blind(machine, guard))


def _place(machine: Machine, plan: Plan) -> list[Ticket]:
    start, programs = machine.state.start, machine.config.judge.programs

    def place(first: int, count: int) -> Ticket:
        return place_block(machine, start, Pool.CALIBRATION, first, count, programs=programs)

    repeats = [place(0, plan.again) for _ in range(plan.repeats if plan.again else 0)]
    size = machine.config.judge.block
    return repeats + [place(first, min(size, plan.cases - first)) for first in range(plan.again, plan.cases, size)]


def _place_safety(machine: Machine, plan: Plan) -> list[Ticket]:
    """Version 0 on a few cases of the safety suite, if there is one, as far as the share pays for them besides."""
    wanted, judge = machine.config.calibrate, machine.config.judge
    affordable = _affordable(machine.config) - plan.trials
    cases = min(wanted.cases, affordable) if machine.config.safety.suite and plan.cases else 0
    firsts = range(0, max(0, cases), judge.block)
    machine.state.safety_frontier = max(0, cases)
    return [
        place_block(machine, machine.state.start, Pool.SAFETY, first, min(judge.block, cases - first), programs=judge.programs)
        for first in firsts
    ]


def _seen(done: Sequence[Done | None]) -> Calibration | None:
    rows = [row for one in done if one is not None for row in _rows(one)]
    return calibration_of(rows) if rows else None


def _rows(done: Done) -> list[tuple[str, float | None, int]]:
    """Case, score and programs of each trial of a block; the score is None where there was no answer."""
    found: list[tuple[str, float | None, int]] = []
    for row in done.value if isinstance(done.value, list) else ():
        assert isinstance(row, dict)
        score, used = row["score"], row["programs"]
        answered = float(score) if isinstance(score, int | float) and row["outcome"] == "answered" else None
        found.append((str(row["case"]), answered, used if isinstance(used, int) else 0))
    return found


def _why_refused(config: RunConfig, seen: Calibration) -> str | None:
    if seen.is_dead:
        return (
            f"version 0 gave no answer in any of {seen.trials} trials, so there is nothing to improve on: repair the agent first; "
            "`trials.done` in the log says how each one ended"
        )
    end = saturated_end(seen, config.calibrate.saturated)
    if end is None:
        return None
    share = seen.floor if end == "floor" else seen.ceiling
    where = f"{100 * share:.0f} % of {seen.cases} cases are at the {end}"
    if end == "ceiling":
        return f"the suite is saturated: {where}, so hardly a gain is left to show; take harder cases, or fewer judge.programs per case"
    return (
        f"the suite is saturated: {where}, so hardly a change could be told from nothing; take easier cases, more judge.programs per case "
        f"(now {config.judge.programs}), or a start that solves some of them"
    )


def _why_blind(machine: Machine, guard: Calibration | None) -> str | None:
    """Why no harm could be seen on the safety suite: who solves nothing there has nothing to lose."""
    if guard is None or saturated_end(guard, machine.config.calibrate.saturated) != "floor":
        return None
    return (
        f"the safety suite {machine.config.safety.suite} can show no harm: version 0 fails on {100 * guard.floor:.0f} % of {guard.cases} "
        "cases there; take an easier one, or none"
    )


def _safeguard(machine: Machine, guard: Calibration | None, trials: int) -> Safeguard:
    """What the rounds that are played on the safety suite can show, if so many trials are left to judging."""
    wanted, pairs = machine.config.safety, fewest_pairs(machine.config.safety.margin)
    return Safeguard(
        suite=wanted.suite,
        margin=wanted.margin,
        cases=guard.cases if guard else 0,
        score=guard.score if guard else None,
        pairs=pairs,
        changes=int(wanted.share * trials * ABREAST / (ABREAST + 1)) // pairs,
    )


def _close(machine: Machine, seen: Calibration | None, guard: Calibration | None, blocks: list[Done], why_refused: str | None) -> None:
    """Write the event; the run ends if the suite is refused."""
    spent = sum(done.programs for done in blocks)
    prospect = None if seen is None else _prospect(machine, seen)
    body: dict[str, Json] = {
        "programs": spent,
        "refused": why_refused,
        "calibration": _rounded(encode(seen)),
        "prospect": _rounded(encode(prospect)),
    }
    if machine.config.safety.suite:
        trials = prospect.trials if prospect else machine.purse.left // machine.config.judge.programs
        body["safety"] = _rounded(encode(_safeguard(machine, guard, trials)))
    seconds = sum(done.clock.cpu_s for done in blocks)
    machine.emit("calibration.done", body, beside={"trial_cpu_s": round(seconds / seen.trials, 4)} if seen else {})
    if why_refused is not None:
        machine.state.cause.ended = f"{REFUSED}: {why_refused}"


def _prospect(machine: Machine, seen: Calibration) -> Prospect:
    """What a race can detect with the trials that are left to judging at most, at the price per trial that was just seen.

    As many changes share a trial as the improver keeps open; more can be, but only until it has waited for them.
    """
    config, judge = machine.config, machine.config.judge
    usual = min(config.propose.when_open_below, judge.open, judge.horizon)
    trials = max(0, machine.purse.left - cost_of_pass(config)) // max(1, round(seen.programs))
    size = machine.suite.size(Pool.JUDGE)
    variance = residual_variance(noise=seen.noise, between=seen.between, uses=trials / size if size else 1.0)
    return Prospect(
        trials=trials,
        variance=variance,
        cases=size,
        floor=resolution_floor(size) if size else None,
        rows=power_table(trials=trials, slots=usual, horizon=judge.horizon, alpha=judge.alpha, variance=variance),
    )


def _rounded(data: Json) -> Json:
    """Plain data with few digits, which are all that count here."""
    if isinstance(data, dict):
        return {name: _rounded(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_rounded(value) for value in data]
    return round(data, _DIGITS) if isinstance(data, float) else data
