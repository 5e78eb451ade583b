"""A run drawn in the terminal: what it tries now, what it kept and why, how able it is, what it costs, when it ends."""

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rsi.cli.view.plain import Teller
from rsi.cli.view.state import Capability, Change, OpenTest, Practice, RunState
from rsi.cli.view.text import clean, count, duration, effect, evidence, part, percent
from rsi.core.protocols import Entry
from rsi.kernel.judge import wilson

__all__ = ["LiveView", "Note", "draw", "seconds_left"]

_SPARKS = "▁▂▃▄▅▆▇█"
_LATEST = 6
_SURFACES = {
    "code": "cyan",
    "parameters": "blue",
    "training": "magenta",
    "search": "yellow",
    "prompt": "green",
    "resources": "bright_black",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of what happened lately."""

    seconds: float
    text: str


class LiveView:
    """Keeps a drawing of the run up to date in a terminal.

    Args:
        console: the terminal.
        now: a monotonic clock in seconds.
    """

    def __init__(self, console: Console, now: Callable[[], float]) -> None:
        self._teller = Teller()
        self._notes: deque[Note] = deque(maxlen=_LATEST)
        self._now = now
        self._began = now()
        self._spent_before: float | None = None
        self._guard = threading.Lock()
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=4, transient=False)

    @property
    def state(self) -> RunState:
        """The run after the entries seen so far."""
        return self._teller.state

    def observe(self, entry: Entry) -> None:
        """Take one entry."""
        with self._guard:
            line = self._teller.tell(entry)
            if line is not None:
                self._notes.append(Note(seconds=self.state.seconds, text=line))
            if entry.kind in ("run.started", "run.resumed"):
                self._began, self._spent_before = self._now(), self.state.programs

    def __enter__(self) -> "LiveView":
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last drawing in the terminal."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        with self._guard:
            since = self._now() - self._began
            left = seconds_left(self.state, since, self._spent_before or 0.0)
            return draw(self.state, list(self._notes), left)


def seconds_left(state: RunState, since: float, spent_before: float) -> float | None:
    """Seconds until the budget is spent at the pace of this process; None while nothing can be said.

    Args:
        since: seconds since this process took the run up.
        spent_before: programs that were spent before that.
    """
    spent = state.programs - spent_before
    if state.ended or spent <= 0 or since < 2:
        return None
    return max(0.0, (state.budget - state.programs) * since / spent)


def draw(state: RunState, notes: list[Note], left: float | None) -> RenderableType:
    """The whole picture."""
    parts: list[RenderableType] = [_header(state), _bar(state, left), Text(), _standing(state)]
    if state.tests:
        parts += [Text(), _title("Being tried"), _tests(state)]
    if state.kept:
        parts += [Text(), _title("Kept"), _kept(state)]
    if notes:
        parts += [Text(), _title("Latest"), _latest(notes)]
    return Padding(Group(*parts), (1, 2, 1, 2))


def _title(text: str) -> Text:
    return Text(text, style="bold")


def _header(state: RunState) -> Table:
    row = Table.grid(expand=True)
    row.add_column(no_wrap=True)
    row.add_column(justify="right", no_wrap=True)
    frozen = "  improver frozen" if state.frozen else ""
    left = Text.assemble(("rsi ", "bold cyan"), (state.run or "starting", "bold"), (f"  seed {state.seed}{frozen}", "dim"))
    phase = "finished" if state.ended else f"cycle {state.cycle + 1}" if state.cycle >= 0 else "first practice"
    row.add_row(left, Text(f"{phase} · jail {state.tier or '…'}", style="dim"))
    return row


def _bar(state: RunState, left: float | None) -> Table:
    row = Table.grid(expand=True, padding=(0, 2, 0, 0))
    row.add_column(ratio=1)
    row.add_column(no_wrap=True)
    share = part(state.programs, state.budget)
    ahead = "" if state.ended else f" · about {duration(left)} left" if left is not None else ""
    words = f"{count(state.programs)} of {count(state.budget)} programs · {duration(state.seconds)}{ahead}"
    row.add_row(ProgressBar(total=1.0, completed=share, complete_style="cyan", finished_style="cyan"), Text(words))
    return row


def _standing(state: RunState) -> Table:
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column()
    rows.add_row("Release", _release(state))
    if state.practice:
        rows.add_row("Practice", _practice(state.practice))
    if state.limitations:
        more = f"  and {len(state.limitations) - 1} more" if len(state.limitations) > 1 else ""
        rows.add_row("Limits", Text.assemble(clean(state.latest_limitation, 90), (more, "dim")))
    if state.certificate is not None:
        body = state.certificate
        gain = effect(body.number("gain"), body.number("low"), body.number("high"))
        rows.add_row("Certified", Text.assemble((gain, "bold green"), (f"  on {body.number('pairs'):.0f} sealed cases", "dim")))
    return rows


def _release(state: RunState) -> Text:
    start = f"  start {_measured(state.start_share)}" if state.release.version and state.start_share.cases else ""
    return Text.assemble((f"version {state.release.version}  ", "cyan"), _measured(state.release.capability), (start, "dim"))


def _measured(capability: Capability) -> str:
    if not capability.cases:
        return "not measured yet"
    low, high = wilson(capability.total, capability.cases)
    return f"{percent(capability.share)} of judge cases ({100 * low:.0f} – {percent(high)}, n = {capability.cases})"


def _practice(batches: list[Practice]) -> Text:
    recent = batches[-24:]
    sparks = "".join(_SPARKS[int(part(b.solved, b.tasks) * (len(_SPARKS) - 1))] for b in recent)
    return Text.assemble((sparks, "cyan"), f"  {recent[-1].solved} of {recent[-1].tasks} tasks solved in the last batch")


def _tests(state: RunState) -> Table:
    rows = _changes_table()
    for test in state.tests.values():
        seen = test.effect
        measured = Text(effect(seen.mean, seen.low, seen.high) if seen.pairs else "first cases are running")
        rows.add_row(*_named(test.change), measured, Text(f"{seen.pairs} pairs"), _evidence(test))
    return rows


def _kept(state: RunState) -> Table:
    rows = _changes_table()
    for version, change in list(enumerate(state.kept, 1))[-8:]:
        seen = change.effect
        measured = effect(seen.mean, seen.low, seen.high) if seen else ""
        pairs = f"{seen.pairs} pairs" if seen else ""
        rows.add_row(*_named(change), Text(measured, style="green"), Text(pairs), Text(f"→ version {version}", style="dim"))
    return rows


def _changes_table() -> Table:
    rows = Table.grid(expand=True, padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True, width=10)
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True, justify="right")
    rows.add_column(no_wrap=True, width=22, overflow="ellipsis")
    return rows


def _named(change: Change) -> tuple[Text, Text]:
    return Text(change.surface, style=_SURFACES.get(change.surface, "white")), Text(clean(change.reason))


def _evidence(test: OpenTest) -> Text:
    """Eight steps on a log scale from no evidence (1) to the threshold."""
    steps = int(8 * part(max(0.0, test.process.log_e), math.log(max(test.threshold, 1.0))))
    words = f" {evidence(test.process.e_value)} of {evidence(test.threshold)}"
    return Text.assemble(("▰" * steps, "cyan"), ("▱" * (8 - steps), "dim"), words)


def _latest(notes: list[Note]) -> Table:
    rows = Table.grid(expand=True, padding=(0, 2, 0, 0))
    rows.add_column(justify="right", style="dim", no_wrap=True)
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for note in notes:
        style = "green" if note.text.startswith("KEPT") else "dim" if note.text.startswith(("not kept", "undecided")) else ""
        rows.add_row(duration(note.seconds), Text(note.text, style=style))
    return rows
