"""What `benchmarks.scratch` hands over: the table, the data behind it, and a drawing of what each way of learning solves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

from benchmarks.scratch_stats import Quotient, Row, rows_of
from benchmarks.seed_figure import standalone
from benchmarks.seed_stats import Estimate, t_estimate

__all__ = ["Outcome", "draw", "rows_by_set", "table", "write_all"]

_WIDTH, _LABELS, _ROW, _TOP = 760.0, 190.0, 26.0, 44.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of all ways at one seed.

    Attributes:
        start: set of tasks → how many version 0 solves before it learns.
        solved: set of tasks → way → how many are solved after learning.
        practice: way → tasks solved in practice, as it says itself, by round.
        programs: way → programs spent on learning.
        failures: way → why it stopped learning early.
    """

    seed: int
    start: Mapping[str, int]
    solved: Mapping[str, Mapping[str, int]]
    practice: Mapping[str, Sequence[int]]
    programs: Mapping[str, int]
    failures: Mapping[str, str]


def rows_by_set(outcomes: Sequence[Outcome]) -> dict[str, list[Row]]:
    """The rows of each set of held-out tasks, over all seeds."""
    made = {}
    for name, ways in outcomes[0].solved.items():
        start = [outcome.start[name] for outcome in outcomes]
        made[name] = rows_of(start, {way: [outcome.solved[name][way] for outcome in outcomes] for way in ways})
    return made


def table(outcomes: Sequence[Outcome], sizes: Mapping[str, int]) -> str:
    """The results in Markdown."""
    parts = []
    for name, rows in rows_by_set(outcomes).items():
        start = t_estimate([outcome.start[name] for outcome in outcomes])
        parts += [
            f"Solved of {sizes[name]} tasks ({name}), {len(outcomes)} seeds, 95 % intervals over seeds; {_words(start)} before learning.",
            "",
            "| way of learning | solved | more than the first | gain by the first's |",
            "| --- | --- | --- | --- |",
        ]
        parts += [f"| {row.way} | {_words(row.solved)} | {_words(row.lead)} | {_quotient(row.gain)} |" for row in rows]
        parts.append("")
    for outcome in outcomes:
        parts += [f"Seed {outcome.seed}: {way} stopped early: {reason}" for way, reason in outcome.failures.items()]
    return "\n".join(parts)


def _words(value: Estimate | None) -> str:
    if value is None:
        return "–"
    return f"{value.mean:.1f}{_interval(value.low, value.high, 1)}"


def _quotient(value: Quotient | None) -> str:
    if value is None or value.ratio is None:
        return "–"
    return f"{value.ratio:.2f}{_interval(value.low, value.high, 2)}"


def _interval(low: float | None, high: float | None, digits: int) -> str:
    text = "" if low is None or high is None else f" ({low:.{digits}f} … {high:.{digits}f})"
    return text.replace("-", "−")


def write_all(outcomes: Sequence[Outcome], folder: Path, *, sizes: Mapping[str, int], programs: int) -> None:
    """Write scratch.md, scratch.json and scratch.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_by_set(outcomes)
    data = {
        "programs": programs,
        "sizes": dict(sizes),
        "rows": {name: [asdict(row) for row in own] for name, own in rows.items()},
        "seeds": [asdict(outcome) for outcome in outcomes],
    }
    (folder / "scratch.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    (folder / "scratch.md").write_text(table(outcomes, sizes), encoding="utf-8")
    starts = {name: t_estimate([outcome.start[name] for outcome in outcomes]).mean for name in rows}
    (folder / "scratch.svg").write_text(standalone(draw(rows, starts, sizes)), encoding="utf-8")


def draw(rows: Mapping[str, Sequence[Row]], starts: Mapping[str, float], sizes: Mapping[str, int]) -> str:
    """For each set of tasks and each way a line over its interval and a dot at its mean; dashed where version 0 stands before it learns."""
    body: list[str] = []
    top = 0.0
    for name, own in rows.items():
        most = max(sizes[name], 1)
        bottom = top + _TOP + _ROW * len(own)
        body.append(_text(10, top + 20, f"solved of {sizes[name]} tasks, {name}", "start"))
        at = _across(starts[name], most)
        body.append(f'<line x1="{at:.1f}" y1="{top + 30:.1f}" x2="{at:.1f}" y2="{bottom:.1f}" class="axis" style="stroke-dasharray:4 3"/>')
        body += [_line(row, top + _TOP + _ROW * k, most) for k, row in enumerate(own)]
        top = bottom
    title = "tasks solved after learning from scratch"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {top + 14:g}" role="img" aria-label="{title}">'
    return f"{head}{''.join(body)}</svg>"


def _line(row: Row, y: float, most: int) -> str:
    mean = row.solved.mean
    low = mean if row.solved.low is None else row.solved.low
    high = mean if row.solved.high is None else row.solved.high
    return (
        _text(_LABELS - 10, y + 4, row.way if len(row.way) < 27 else f"…{row.way[-25:]}", "end")
        + f'<line x1="{_across(low, most):.1f}" y1="{y:.1f}" x2="{_across(high, most):.1f}" y2="{y:.1f}" class="main" stroke-width="2.5"/>'
        + f'<circle cx="{_across(mean, most):.1f}" cy="{y:.1f}" r="4.5" class="main"/>'
        + _text(_WIDTH - 8, y + 4, f"{mean:.1f}", "end")
    )


def _across(value: float, most: int) -> float:
    return _LABELS + (_WIDTH - _LABELS - 70) * min(max(value, 0.0), most) / most


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
