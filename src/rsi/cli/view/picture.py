"""One picture of a run: what it tries now, what it kept and why, how able it is, what it costs, when it ends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rsi.analytics import Attempt, Capability, Progress
from rsi.cli.view.state import OpenTest, Practice, RunState
from rsi.cli.view.text import clean, count, duration, effect, evidence, part, percent
from rsi.core.records import Surface

__all__ = ["Note", "draw", "kept_changes", "surface_text"]

_SPARKS = "▁▂▃▄▅▆▇█"
_STEPS = 8
_MOST_KEPT = 8
_STYLES = {
    Surface.CODE: "cyan",
    Surface.PARAMETERS: "blue",
    Surface.TRAINING: "magenta",
    Surface.SEARCH: "yellow",
    Surface.PROMPT: "green",
    Surface.RESOURCES: "bright_black",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of what happened lately."""

    seconds: float
    text: str


def draw(state: RunState, notes: Sequence[Note], left: float | None) -> RenderableType:
    """The whole picture.

    Args:
        notes: what happened lately, oldest first.
        left: seconds until the budget is spent, None if nothing can be said.
    """
    progress = state.progress
    if progress is None:
        return Padding(Text("rsi is starting …", style="dim"), (1, 2))
    parts: list[RenderableType] = [_header(progress), _bar(progress, left), Text(), _standing(state, progress)]
    if state.tests:
        parts += [Text(), Text("Being tried", style="bold"), _tests(state)]
    if progress.accepted:
        parts += [Text(), Text("Kept", style="bold"), kept_changes(progress)]
    if notes:
        parts += [Text(), Text("Latest", style="bold"), _latest(notes)]
    return Padding(Group(*parts), (1, 2))


def surface_text(attempt: Attempt) -> Text:
    """The surface of a change, in its colour."""
    surface = attempt.proposal.surface
    return Text(surface.value, style=_STYLES[surface])


def kept_changes(progress: Progress) -> Table:
    """The changes that were kept, with effect, interval and pairs; the latest ones if there are many."""
    rows = _changes_table()
    for version, attempt in list(enumerate(progress.accepted, 1))[-_MOST_KEPT:]:
        seen = attempt.verdict.effect if attempt.verdict else None
        measured = effect(seen.mean, seen.low, seen.high) if seen else ""
        pairs = f"{seen.pairs} pairs" if seen else ""
        rows.add_row(
            surface_text(attempt),
            Text(clean(attempt.proposal.reason)),
            Text(measured, style="green"),
            Text(pairs, style="dim"),
            Text(f"version {version}", style="dim"),
        )
    return rows


def _header(progress: Progress) -> Table:
    row = _grid("left", "right")
    frozen = " · improver frozen at version 0" if not progress.improves else ""
    title = Text.assemble(
        ("rsi ", "bold cyan"), (clean(progress.agent, 40), "bold"), (f" improves itself · seed {progress.seed}{frozen}", "dim")
    )
    cycles = len(progress.cycles)
    phase = f"ended: {clean(progress.ended, 40)}" if progress.ended else f"cycle {cycles}" if cycles else "first practice"
    row.add_row(title, Text(f"{phase} · jail {progress.tier}", style="dim"))
    return row


def _bar(progress: Progress, left: float | None) -> Table:
    costs = progress.costs
    row = Table.grid(expand=True, padding=(0, 2, 0, 0))
    row.add_column(ratio=1)
    row.add_column(no_wrap=True)
    whole = costs.budget or max(1, costs.programs)
    ahead = f" · about {duration(left)} left" if left is not None else ""
    words = f"{count(costs.programs)} of {count(whole)} programs · {duration(costs.wall_s)}{ahead}"
    bar = ProgressBar(total=1.0, completed=part(costs.programs, whole), complete_style="cyan", finished_style="cyan")
    row.add_row(bar, Text(words))
    return row


def _standing(state: RunState, progress: Progress) -> Table:
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(no_wrap=True, overflow="ellipsis")
    rows.add_row("Release", _release(progress))
    if state.practice:
        rows.add_row("Practice", _practice(state.practice))
    limits = progress.cycles[-1].limitations if progress.cycles else ()
    if limits:
        more = f"  and {len(limits) - 1} more" if len(limits) > 1 else ""
        rows.add_row("Limits", Text.assemble(clean(limits[0].text, 90), (more, "dim")))
    issued = progress.certificate
    if issued is not None:
        gain = effect(issued.gain, issued.low, issued.high)
        style = "bold green" if issued.low > 0 else "bold"
        rows.add_row("Certified", Text.assemble((gain, style), (f"  on {issued.pairs} sealed cases", "dim")))
    return rows


def _release(progress: Progress) -> Text:
    start, now = progress.incumbents[0], progress.incumbents[-1]
    before = f"   version 0: {_measured(start.capability)}" if now is not start else ""
    return Text.assemble((f"version {now.number}", "cyan"), f"  {_measured(now.capability)}", (before, "dim"))


def _measured(capability: Capability | None) -> str:
    if capability is None:
        return "not measured on fresh cases yet"
    return f"{percent(capability.mean)} of judge cases ({100 * capability.low:.0f} – {percent(capability.high)}, {capability.cases} cases)"


def _practice(batches: Sequence[Practice]) -> Text:
    recent = batches[-24:]
    sparks = "".join(_SPARKS[int(part(batch.solved, batch.tasks) * (len(_SPARKS) - 1))] for batch in recent)
    return Text.assemble((sparks, "cyan"), f"  {recent[-1].solved} of {recent[-1].tasks} tasks solved in the last batch")


def _tests(state: RunState) -> Table:
    rows = _changes_table()
    for test in state.tests.values():
        attempt = state.attempt(test.proposal)
        if attempt is None:
            continue
        seen = test.effect
        measured = effect(seen.mean, seen.low, seen.high) if seen.pairs else "first cases are running"
        rows.add_row(
            surface_text(attempt),
            Text(clean(attempt.proposal.reason)),
            Text(measured),
            Text(f"{seen.pairs} pairs", style="dim"),
            _evidence(test),
        )
    return rows


def _evidence(test: OpenTest) -> Text:
    """Steps on a log scale from no evidence (1) to what is needed."""
    steps = int(_STEPS * part(max(0.0, test.process.log_e), math.log(max(test.threshold, 1.0))))
    words = f" {evidence(test.process.e_value)} of {evidence(test.threshold)}"
    return Text.assemble(("▰" * steps, "cyan"), ("▱" * (_STEPS - steps), "dim"), words)


def _latest(notes: Sequence[Note]) -> Table:
    rows = Table.grid(expand=True, padding=(0, 2, 0, 0))
    rows.add_column(justify="right", style="dim", no_wrap=True)
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for note in notes:
        style = "green" if note.text.startswith("KEPT") else "dim" if note.text.startswith(("rejected", "undecided")) else ""
        rows.add_row(duration(note.seconds), Text(note.text, style=style))
    return rows


def _changes_table() -> Table:
    rows = Table.grid(expand=True, padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True, width=10)
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True, justify="right")
    rows.add_column(no_wrap=True, width=22, overflow="ellipsis")
    return rows


def _grid(*justify: str) -> Table:
    row = Table.grid(expand=True)
    for side in justify:
        row.add_column(justify="right" if side == "right" else "left", no_wrap=True, overflow="ellipsis")
    return row
