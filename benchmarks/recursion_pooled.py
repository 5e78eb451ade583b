"""What several runs say together: each improver's gain by that of version 0, over all their sealed problems, as table and picture."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

__all__ = ["Gains", "Row", "draw", "gains_of", "pooled", "words"]

Gains = Mapping[str, Sequence[float]]
"""Of one run: the gain of each improver on each problem, in the same order; the first version is `version 0`, the last one `release`."""

RESAMPLES = 4_000
ZERO, RELEASE = "version 0", "release"
_STYLE = """
:root{color-scheme:light dark;--bg:#fbfbfa;--ink:#1c1d20;--soft:#5d6068;--line:#e4e4e0;--accent:#2f5fd0}
@media(prefers-color-scheme:dark){:root{--bg:#15161a;--ink:#e7e7e4;--soft:#a0a3ab;--line:#2e3138;--accent:#86a8ff}}
text{font:12px system-ui,sans-serif;fill:var(--ink)} .title{font-weight:600}
"""
_WIDTH, _LABELS, _ROW, _MOST = 760.0, 150.0, 30.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One improver over all runs.

    Attributes:
        gain: mean, in points.
        ratio: its gain by that of version 0.
        low, high: 95 % interval of that ratio.
        by_run: the ratio in each run.
    """

    name: str
    gain: float
    ratio: float
    low: float
    high: float
    by_run: tuple[float, ...]


def gains_of(folder: Path) -> Gains | None:
    """The gains of a finished run; None where it kept nothing, so that nothing was compared."""
    path = folder / "recursion" / "improver.json"
    if not path.exists():
        return None
    data = json.loads(path.read_text("utf-8"))
    latest = data["results"]["versions"][-1]
    names = {name: RELEASE if name == latest else name for name in data["episodes"]}
    return {names[name]: [one["final"] - one["start"] for one in played] for name, played in data["episodes"].items()}


def pooled(runs: Sequence[Gains]) -> list[Row]:
    """All improvers that took part in every run, versions between the first and the last left out, the best first.

    The ratio is that of total gains; its interval is from a bootstrap over the problems of each run (percentiles; Efron 1979), with the
    same draws for both, since problems are the same for both. It says how far the problems may mislead, not how far other run seeds would.
    """
    rng = random.Random("pooled")
    draws = [[rng.choices(range(len(run[ZERO])), k=len(run[ZERO])) for run in runs] for _ in range(RESAMPLES)]
    below = [sum(sum(run[ZERO][k] for k in drawn) for run, drawn in zip(runs, draw, strict=True)) for draw in draws]
    names = [name for name in runs[0] if all(name in run for run in runs) and (name == ZERO or not name.startswith("version "))]
    return sorted((_row(name, runs, draws, below) for name in names), key=lambda row: -row.gain)


def _row(name: str, runs: Sequence[Gains], draws: Sequence[Sequence[Sequence[int]]], below: Sequence[float]) -> Row:
    above = [sum(sum(run[name][k] for k in drawn) for run, drawn in zip(runs, draw, strict=True)) for draw in draws]
    ratios = sorted(over / under for over, under in zip(above, below, strict=True) if under > 0)
    total, count = sum(sum(run[name]) for run in runs), sum(len(run[name]) for run in runs)
    return Row(
        name=name,
        gain=100 * total / count,
        ratio=total / sum(sum(run[ZERO]) for run in runs),
        low=ratios[int(0.025 * len(ratios))],
        high=ratios[min(len(ratios) - 1, int(0.975 * len(ratios)))],
        by_run=tuple(sum(run[name]) / sum(run[ZERO]) for run in runs),
    )


def words(rows: Sequence[Row], runs: int) -> list[str]:
    """The rows as a table."""
    head = f"together, {runs} runs: gain in points, and ratio to version 0 (95 %, a bootstrap over their problems)"
    return [head, *(f"{row.name:>12} {row.gain:6.1f}  {row.ratio:5.2f} ({row.low:.2f} … {row.high:.2f})" for row in rows)]


def draw(rows: Sequence[Row], frozen: Sequence[float]) -> str:
    """The ratios as SVG: a bar for the interval, a large dot for all runs together, a small one for each run.

    `frozen`: ρ of each frozen control, 1 where it kept nothing.
    """
    shown = [row for row in rows if row.name != ZERO]
    bottom = 50.0 + _ROW * (len(shown) + bool(frozen))
    parts = ['<text x="10" y="22" class="title">Gain on sealed problems by that of version 0</text>']
    for tick in range(int(_MOST) + 1):
        x, dashes = _across(tick), ' stroke-dasharray="3 3"' if tick == 1 else ""
        parts.append(f'<line x1="{x:.1f}" y1="46" x2="{x:.1f}" y2="{bottom:.1f}" stroke="var(--line)"{dashes}/>')
        parts.append(f'<text x="{x:.1f}" y="40" text-anchor="middle">{tick}</text>')
    for number, row in enumerate(shown):
        middle = 50.0 + _ROW * (number + 0.5)
        low, high = _across(row.low), _across(row.high)
        colour = "var(--accent)" if row.name == RELEASE else "var(--soft)"
        parts.append(f'<rect x="{low:.1f}" y="{middle - 6:.1f}" width="{high - low:.1f}" height="12" fill="{colour}" opacity="0.3"/>')
        parts.append(f'<circle cx="{_across(row.ratio):.1f}" cy="{middle:.1f}" r="5.5" fill="{colour}"/>')
        parts += _labelled(row.name, middle, row.by_run, f"{row.ratio:.2f}")
    if frozen:
        middle = 50.0 + _ROW * (len(shown) + 0.5)
        parts += _labelled("frozen control", middle, frozen, f"{sum(frozen) / len(frozen):.2f}")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {bottom + 10:g}" role="img" aria-label="ratios of gains">'
    paper = f'<rect width="{_WIDTH:g}" height="{bottom + 10:g}" fill="var(--bg)"/>'
    return f"{head}<style>{_STYLE}</style>{paper}{''.join(parts)}</svg>\n"


def _labelled(name: str, middle: float, by_run: Sequence[float], said: str) -> list[str]:
    dots = "".join(f'<circle cx="{_across(ratio):.1f}" cy="{middle:.1f}" r="2.5" fill="var(--ink)"/>' for ratio in by_run)
    label = f'<text x="{_LABELS - 10:g}" y="{middle + 4:.1f}" text-anchor="end">{escape(name)}</text>'
    return [dots, label, f'<text x="{_WIDTH - 8:g}" y="{middle + 4:.1f}" text-anchor="end">{said}</text>']


def _across(ratio: float) -> float:
    return _LABELS + (_WIDTH - _LABELS - 60) * min(max(ratio, 0.0), _MOST) / _MOST
