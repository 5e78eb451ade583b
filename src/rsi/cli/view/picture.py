"""One picture of a run: what it tries now, what it kept and why, how able it is, what it costs, when it ends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rsi.analytics import Attempt, Capability, Harm, Progress
from rsi.cli.view.state import OpenTest, Practice, RunState
from rsi.cli.view.text import clean, count, duration, effect, evidence, part, percent
from rsi.core.records import Surface
from rsi.kernel.judge import Prior, estimate_of
from rsi.reports.words import belief_words, calibration_words, course_words, enforced, proof_words, safety_words

__all__ = ["Note", "Picture", "surface_text"]

_SPARKS = "▁▂▃▄▅▆▇█"
_STEPS = 8
_MOST_KEPT = 6
_WIDE = 118
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A run as it stands, laid out for the width that there is.

    Attributes:
        notes: what happened lately, oldest first.
        left: seconds until the budget is spent, None if nothing can be said.
    """

    state: RunState
    notes: Sequence[Note] = ()
    left: float | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw: changes take one line each where there is room, else two."""
        progress = self.state.progress
        if progress is None:
            yield Padding(Text("rsi is starting …", style="dim"), (1, 2))
            return
        wide = options.max_width >= _WIDE
        parts: list[RenderableType] = [_header(progress), _bar(progress, self.left), Text(), _standing(self.state, progress)]
        if self.state.tests:
            parts += _section("Being tried", _changes([_tried(self.state, test) for test in self.state.tests.values()], wide))
        if progress.accepted:
            versions = [(version.number, attempt) for version, attempt in progress.kept][-_MOST_KEPT:]
            parts += _section("Kept", _changes([_kept(version, attempt) for version, attempt in versions], wide))
        if self.notes:
            parts += _section("Latest", _latest(self.notes))
        yield Padding(Group(*parts), (1, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    surface: Text
    reason: Text
    measured: Text
    pairs: Text
    last: Text


def surface_text(attempt: Attempt) -> Text:
    """The surface of a change, in its colour."""
    surface = attempt.proposal.surface
    return Text(surface.value, style=_STYLES[surface])


def _section(title: str, content: RenderableType) -> list[RenderableType]:
    return [Text(), Text(title, style="bold"), content]


def _whom(progress: Progress) -> str:
    """What is improved in a run: a target by its name, or the agent itself."""
    return clean(progress.target.get("name"), 40) if isinstance(progress.target, dict) else "itself"


def _header(progress: Progress) -> Group:
    row = _grid("left", "right")
    frozen = " · improver frozen at version 0" if not progress.improves else ""
    title = Text.assemble(
        ("rsi ", "bold cyan"), (clean(progress.agent, 40), "bold"), (f" improves {_whom(progress)} · seed {progress.seed}{frozen}", "dim")
    )
    cycles = len(progress.cycles)
    phase = f"ended: {clean(progress.ended, 40)}" if progress.ended else f"cycle {cycles}" if cycles else "first practice"
    row.add_row(title, Text(f"{phase} · jail {progress.tier}, {proof_words(progress.proof)}", style="dim"))
    weak = [] if progress.tier == "S3" else [Text(f"jail {enforced(progress.tier)}", style="yellow")]
    return Group(row, *weak)


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
    rows.add_column(style="bold", no_wrap=True, min_width=9)
    rows.add_column(no_wrap=True, overflow="ellipsis")
    if progress.calibrated is not None:
        rows.add_row("Step 0", Text(clean(calibration_words(progress.calibrated), 200)))
    if progress.course is not None:
        rows.add_row("Course", Text(clean(course_words(progress.course), 200)))
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
    if progress.safety is not None:
        rows.add_row("Safety", Text(safety_words(progress.safety), style="" if progress.safety.harm is Harm.NONE else "bold yellow"))
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


def _tried(state: RunState, test: OpenTest) -> _Row:
    attempt, seen = state.attempt(test.proposal), test.effect
    estimate = estimate_of(seen)
    return _Row(
        surface=surface_text(attempt) if attempt else Text(),
        reason=Text(clean(attempt.proposal.reason) if attempt else ""),
        measured=Text(belief_words(Prior().believe(estimate)) if estimate else "first cases are running"),
        pairs=Text(f"{seen.pairs} pairs", style="dim"),
        last=_evidence(test),
    )


def _kept(version: int, attempt: Attempt) -> _Row:
    seen = attempt.verdict.effect if attempt.verdict else None
    return _Row(
        surface=surface_text(attempt),
        reason=Text(clean(attempt.proposal.reason)),
        measured=Text(belief_words(attempt.belief) if attempt.belief else "", style="green"),
        pairs=Text(f"{seen.pairs} pairs" if seen else "", style="dim"),
        last=Text(f"version {version}", style="dim"),
    )


def _changes(rows: Sequence[_Row], wide: bool) -> Table:
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=10)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    if not wide:
        for row in rows:
            table.add_row(row.surface, row.reason)
            table.add_row("", Text("  ").join((row.measured, row.pairs, row.last)))
        return table
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, width=22, overflow="ellipsis")
    for row in rows:
        table.add_row(row.surface, row.reason, row.measured, row.pairs, row.last)
    return table


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


def _grid(*justify: str) -> Table:
    row = Table.grid(expand=True)
    for side in justify:
        row.add_column(justify="right" if side == "right" else "left", no_wrap=True, overflow="ellipsis")
    return row
