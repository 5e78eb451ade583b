"""Blocks of trials: a version on some cases of a pool, each block one order, each with one entry in the log."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rsi.core.records import CaseId, Clock, Json, Outcome, Pool, Trial
from rsi.kernel.evaluate import Bench, run_trials
from rsi.kernel.judge import Row
from rsi.loop.desk import Ticket
from rsi.loop.machine import Machine
from rsi.loop.orders import Done, Line, Order, always
from rsi.loop.quarantine import sentence_for
from rsi.loop.state import Version, run_seed
from rsi.loop.usage import asked_by, chats_for, tell_calls

__all__ = ["place_block", "rows_by_case", "rows_of", "scores_of"]

_PURPOSES = {Pool.CALIBRATION: "calibration", Pool.JUDGE: "judge", Pool.SEALED: "certificate", Pool.SAFETY: "safety"}


def place_block(
    machine: Machine,
    version: Version,
    pool: Pool,
    first: int,
    count: int,
    *,
    programs: int,
    wanted: Callable[[], bool] = always,
    played: Json = None,
) -> Ticket:
    """Place `count` trials of a version, from case number `first` of a pool on, `programs` programs each.

    Args:
        played: the round of the race that they belong to, as it stands in the log.
    """
    suite, manifest, name = machine.suite, version.manifest, version.id
    seed = run_seed(machine.config, "trials", pool.value, first)

    def work(bench: Bench) -> Done:
        chats = chats_for(machine, manifest, key, machine.config.models.calls_per_trial)
        trials, clock = run_trials(
            machine.watched(bench.jail),
            bench.spare,
            suite=suite.scorer,
            candidate=name,
            files=version.runnable,
            manifest=manifest,
            cases=suite.cases(pool, first, count),
            programs=programs,
            seed=seed,
            limits=machine.limits,
            chats=chats,
        )
        return replace(block_done(trials, programs, clock), asked=asked_by(chats, is_scored=True))

    def note(done: Done) -> None:
        body: Json = {
            "job": key,
            "candidate": name,
            "pool": pool.value,
            "purpose": _PURPOSES[pool],
            "first": first,
            "programs": done.programs,
            "race": played,
            "trials": done.value,
            **({} if done.asked is None else {"asked": machine.blob(done.asked)}),
        }
        machine.emit("trials.done", body, done.clock)
        tell_calls(machine, done, key)
        sentence_for(machine, version, "solve" if suite.scorer.episodes(pool) is None else "improve", done)

    key = machine.key("trials", version.key, pool.value, first, count)
    cost = count * programs
    if pool is Pool.JUDGE:
        machine.seasons.enter(first, count)
    ticket = machine.desk.place(Order(key=key, line=Line.JUDGE, programs=cost, duration=cost, work=work, note=note, wanted=wanted))
    if pool is Pool.JUDGE:
        machine.seasons.follow(ticket, first, count)
    return ticket


def block_done(trials: Sequence[Trial], programs: int, clock: Clock) -> Done:
    """A block as it stands in the log; a trial that was no answer is charged in full."""
    charged = sum(_charged(trial, programs) for trial in trials)
    return Done(outcome=Outcome.ANSWERED, reason="", programs=charged, value=rows_of(trials), clock=clock)


def rows_of(trials: Sequence[Trial]) -> Json:
    """Trials as rows of the log."""
    return [
        {
            "case": trial.case,
            "family": trial.family,
            "outcome": trial.outcome.value,
            "score": trial.score,
            "label": trial.label,
            "programs": trial.programs,
        }
        for trial in trials
    ]


def scores_of(done: Done) -> dict[CaseId, tuple[str, float]]:
    """Family and value of each case of a block, in case order; what is no answer is at the floor (0)."""
    assert isinstance(done.value, list)
    return {CaseId(str(row["case"])): (str(row["family"]), _score(row) or 0.0) for row in done.value if isinstance(row, dict)}


def rows_by_case(done: Done) -> Iterator[Row]:
    """Each case of a block with its score, None where there was no answer."""
    assert isinstance(done.value, list)
    return ((CaseId(str(row["case"])), _score(row)) for row in done.value if isinstance(row, dict))


def _score(row: dict[str, Json]) -> float | None:
    score = row["score"]
    return float(score) if isinstance(score, int | float) else None


def _charged(trial: Trial, programs: int) -> int:
    return min(programs, max(0, trial.programs)) if trial.outcome is Outcome.ANSWERED else programs
