"""`rsi show`: where a run stands, and everything that was tried in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rsi.analytics import Attempt, Progress, Query, Use, ledger_of, outcome_of, retests_of
from rsi.cli.folders import OpenRun, open_run
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.cli.view.picture import Picture, surface_text
from rsi.cli.view.state import RunState
from rsi.cli.view.text import clean
from rsi.core.codec import encode
from rsi.core.errors import IntegrityError
from rsi.core.records import Json
from rsi.reports.summary import (
    belief_data,
    calibration_data,
    course_data,
    predictions_of,
    retests_data,
    safety_data,
    sight_data,
    uses_data,
    violations_of,
)
from rsi.reports.target import agents_data, target_data
from rsi.reports.words import belief_words, machine_words, plural, retest_words

__all__ = ["show"]

LedgerFlag = Annotated[bool, Parameter(negative=(), help="Every use of hidden cases, and what left the kernel because of it.")]


def show(run: Path, /, *, ledger: LedgerFlag = False, as_json: JsonFlag = False) -> int:
    """Where a run stands, and all changes that were tried in it.

    Args:
        run: Folder of the run.
    """
    with open_run(run) as opened:
        state, progress = _fold(opened)
        queries = ledger_of(opened.log.entries()) if ledger else ()
    if ledger:
        return _show_ledger(queries, progress.uses, as_json)
    if as_json:
        print_json(_data(progress))
        return 0
    console = Console()
    console.print(Picture(state=state))
    if progress.machine is not None:
        console.print(Padding(Text(f"Machine as the agent knows it: {machine_words(progress.machine)}", style="dim"), (0, 2)))
    console.print(Padding(_all_changes(progress), (0, 2)))
    for line in _violations(progress):
        console.print(Padding(line, (0, 2)))
    return 0


def _show_ledger(queries: Sequence[Query], uses: Mapping[str, Use], as_json: bool) -> int:
    """Every use of hidden cases, line by line, and the sums."""
    if as_json:
        lines: list[Json] = [{name: value for name, value in _fields(query).items() if name != "is"} for query in queries]
        print_json({"queries": lines, "uses": uses_data(uses)})
        return 0
    for query in queries:
        where = query.pool if query.season is None else f"{query.pool}, season {query.season}"
        cases = f"{plural(query.cases, 'case')}" + ("" if query.first is None else f" from {query.first}")
        say(f"{query.seq:>6}  {clean(query.who, 40):40}  {query.version[:12]:12}  {where:18}  {cases:20}  left: {clean(query.left, 60)}")
    for pool, use in uses.items():
        say(
            f"{pool}: {plural(use.queries, 'block')} of {plural(use.cases, 'trial')}; something left the kernel {plural(use.words, 'time')}"
        )
    return 0


def _fields(query: Query) -> dict[str, Json]:
    data = encode(query)
    assert isinstance(data, dict)
    return data


def _fold(opened: OpenRun) -> tuple[RunState, Progress]:
    state = RunState()
    for entry in opened.log.entries():
        state.take(entry)
    progress = state.progress
    if progress is None:
        raise IntegrityError(f"{opened.folder}/log.jsonl does not begin with the start of a run")
    return state, progress


def _all_changes(progress: Progress) -> Table:
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    for width in (12, 10, 9):
        table.add_column(no_wrap=True, min_width=width)
    table.add_column(ratio=1)
    for attempt in progress.proposed:
        pairs = attempt.verdict.effect.pairs if attempt.verdict else 0
        measured = f"{belief_words(attempt.belief)}, {pairs} pairs" if attempt.belief else ""
        name = (attempt.candidate or attempt.proposal.id)[:12]
        why = f" — {attempt.reason}" if attempt.reason else ""
        table.add_row(Text(clean(name)), surface_text(attempt), Text(attempt.fate.value), Text(measured))
        table.add_row("", "", "", Text(clean(attempt.proposal.reason + why, 300), style="dim"))
        for removal in retests_of(progress.attempts, attempt.proposal.id):
            table.add_row("", "", "", Text(clean(f"tested again ({removal.proposal.id}): {retest_words(removal)}", 300), style="dim"))
    return table


def _violations(progress: Progress) -> list[Text]:
    """One line for each attack that a version or a proposal tried."""
    return [
        Text(
            f"{clean((one.candidate or one.proposal or 'the start')[:12])} tried: {clean(one.name, 80)}, in {clean(one.call, 20)}, "
            f"{plural(one.times, 'trial' if one.call == 'solve' else 'call')}",
            style="red",
        )
        for one in progress.tried
        if one.is_violation
    ]


def _data(progress: Progress) -> Json:
    """The state of a run as plain data: what `summary.json` has at the end, and all changes with their fates."""
    return {
        "run": progress.run,
        "agent": progress.agent,
        "seed": progress.seed,
        "tier": progress.tier,
        "frozen": not progress.improves,
        "ended": progress.ended,
        "budget": progress.costs.budget,
        "programs": progress.costs.programs,
        "trials": progress.trials,
        "cycles": len(progress.cycles),
        "wall_s": round(progress.costs.wall_s, 3),
        "release": progress.release,
        "version": progress.incumbents[-1].number,
        "machine": progress.machine,
        **({"target": target_data(progress), "agents": agents_data(progress)} if progress.target else {}),
        "outcome": outcome_of(progress).value,
        "course": course_data(progress),
        "could_have_seen": sight_data(progress),
        "calibration": calibration_data(progress),
        "uses": uses_data(progress.uses),
        "certificate": encode(progress.certificate),
        "safety": safety_data(progress.safety),
        "violations": violations_of(progress),
        "predictions": predictions_of(progress),
        "changes": [_change(attempt) for attempt in progress.proposed],
        "retests": retests_data(progress),
    }


def _change(attempt: Attempt) -> Json:
    return {
        "proposal": attempt.proposal.id,
        "candidate": attempt.candidate,
        "cycle": attempt.cycle,
        "surface": attempt.proposal.surface.value,
        "reason": attempt.proposal.reason,
        "state": attempt.fate.value,
        "why": attempt.reason,
        "pairs": attempt.verdict.effect.pairs if attempt.verdict else 0,
        "believed": belief_data(attempt.belief),
    }
