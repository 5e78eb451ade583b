"""Attacks for people: how far the suite is, a table of what was seen at every tier, and what it comes to."""

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from rsi.attacks import Result, Status
from rsi.cli.view.text import clean

__all__ = ["AttackProgress", "attack_lines", "attack_table", "tally"]

_MARKS = {
    Status.HELD: ("✓", "green"),
    Status.THROUGH: ("✗", "bold red"),
    Status.REPORTED: ("!", "yellow"),
    Status.NOT_RUN: ("–", "dim"),
}
LEGEND = "✓ held   ✗ got through   ! got through, and the tier does not promise to hold it   – could not be tried here"
"""What the marks of the table mean."""


class AttackProgress:
    """A line that moves on a terminal and is gone in the end; nothing elsewhere."""

    def __init__(self, console: Console, tier: str, attacks: int) -> None:
        """Shown when entered."""
        columns = (TextColumn(f"[bold]{tier}"), BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=attacks)

    def __enter__(self) -> "AttackProgress":
        """Begin to show."""
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave nothing behind."""
        self._progress.stop()

    def seen(self, result: Result) -> None:
        """One more attack is over."""
        words = f"{result.attack} {clean(result.name, 40)}: {result.status.value}"
        self._progress.update(self._task, advance=1, description=words)


def attack_table(found: Mapping[str, Sequence[Result]]) -> Table:
    """Attacks by tiers as a table for a terminal."""
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("id", no_wrap=True)
    table.add_column("attack", ratio=5)
    table.add_column("what must happen", ratio=4)
    for tier in found:
        table.add_column(tier, no_wrap=True, justify="center")
    table.add_column("what was seen", ratio=6, style="dim")
    for results in _by_attack(found):
        first = results[0]
        marks = [Text(*_MARKS[result.status]) for result in results]
        table.add_row(first.attack, Text(clean(first.name)), Text(clean(first.must)), *marks, Text(clean(_telling(results).seen, 160)))
    return table


def attack_lines(found: Mapping[str, Sequence[Result]]) -> Iterable[str]:
    """The same for a pipe or a file: one line per attack."""
    for results in _by_attack(found):
        first, states = results[0], "  ".join(f"{result.tier} {result.status.value:<11}" for result in results)
        yield f"{first.attack:<4} {states}  {clean(first.name)}; must: {clean(first.must)}; seen: {clean(_telling(results).seen, 200)}"


def tally(tier: str, results: Sequence[Result]) -> str:
    """What one tier comes to, in a line."""
    counts = {status: sum(result.status is status for result in results) for status in Status}
    words = ", ".join(f"{counts[status]} {status.value}" for status in Status)
    return f"{tier}: {len(results)} attacks: {words}; {sum(result.seconds for result in results):.1f} s"


def _by_attack(found: Mapping[str, Sequence[Result]]) -> Iterable[tuple[Result, ...]]:
    return zip(*found.values(), strict=True)


def _telling(results: Sequence[Result]) -> Result:
    """The result that says most: one that got through, else the strongest tier's."""
    order = (Status.THROUGH, Status.REPORTED, Status.HELD, Status.NOT_RUN)
    return min(results, key=lambda result: order.index(result.status))
