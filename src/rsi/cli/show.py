"""`rsi show`: where a run stands, and everything that was tried in it."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rsi.cli.folders import OpenRun, open_run
from rsi.cli.terminal import JsonFlag, print_json
from rsi.cli.view.live import draw
from rsi.cli.view.state import Change, RunState
from rsi.cli.view.text import clean, effect
from rsi.core.codec import encode
from rsi.core.records import Json

__all__ = ["fold", "show"]


def show(run: Path, /, *, as_json: JsonFlag = False) -> int:
    """Where a run stands, and all changes that were tried in it.

    Args:
        run: Folder of the run.
    """
    with open_run(run) as opened:
        state = fold(opened)
        if as_json:
            print_json(_data(opened, state))
            return 0
        console = Console()
        console.print(draw(state, [], None))
        console.print(_all_changes(state))
    return 0


def fold(opened: OpenRun) -> RunState:
    """The state of a run after all its entries."""
    state = RunState()
    for entry in opened.log.entries():
        state.take(entry)
    return state


def _all_changes(state: RunState) -> Table:
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("proposal", "candidate", "surface", "state", "effect", "what and why"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", ratio=1 if heading == "what and why" else None)
    for change in state.changes.values():
        table.add_row(*(Text(cell) for cell in _cells(change)))
    return table


def _cells(change: Change) -> tuple[str, ...]:
    seen = change.effect
    measured = effect(seen.mean, seen.low, seen.high) if seen and seen.pairs else ""
    why = f" — {change.why}" if change.why else ""
    return (
        clean(change.proposal, 14),
        clean(change.candidate, 13)[:12],
        change.surface,
        change.standing.value,
        measured,
        clean(change.reason + why, 300),
    )


def _data(opened: OpenRun, state: RunState) -> Json:
    return {
        "run": state.run,
        "agent": state.agent,
        "seed": state.seed,
        "tier": state.tier,
        "frozen": state.frozen,
        "ended": state.ended or None,
        "budget": int(state.budget),
        "programs": int(state.programs),
        "trials": state.trials,
        "cycles": state.cycle + 1,
        "seconds": round(state.seconds, 1),
        "release": {"candidate": opened.view.incumbent, "version": state.release.version},
        "changes": [_change(change) for change in state.changes.values()],
    }


def _change(change: Change) -> Json:
    return {
        "proposal": change.proposal,
        "candidate": change.candidate or None,
        "cycle": change.cycle,
        "surface": change.surface,
        "reason": change.reason,
        "state": change.standing.value,
        "why": change.why,
        "effect": None if change.effect is None else encode(change.effect),
    }
