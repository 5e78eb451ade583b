"""The drawings of a report as inline SVG; colours come from the page's style sheet, so that they follow light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rsi.reports.words import count, percent, plain_lines, points

__all__ = ["Bar", "Pair", "Reach", "Step", "bars", "pairs", "reaches", "steps"]

_WIDTH = 760.0
_LABELS = 190.0
_ROW = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A version on a curve: from `x` on the curve stands at `mean`, which lies in [low, high] (all in [0, 1])."""

    x: float
    label: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A predicted interval and a measured mean with its interval, in score."""

    label: str
    predicted: tuple[float, float]
    mean: float
    measured: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two scores in [0, 1] of the same thing."""

    label: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An amount."""

    label: str
    amount: float


def _svg(height: float, title: str, body: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{_safe(title)}">{body}</svg>'


def _safe(text: str) -> str:
    return escape(plain_lines(text), quote=True)


def _word(x: float, y: float, text: str, *, anchor: str = "start", ink: bool = False) -> str:
    style = ' class="ink"' if ink else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{_safe(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float, style: str = "axis", width: float = 1.0) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}" stroke-width="{width:g}"/>'


def _box(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.0):.1f}" height="{height:.1f}" rx="2" class="{style}" stroke="none"/>'


def _short(label: str, limit: int = 27) -> str:
    return label if len(label) <= limit else label[: limit - 1] + "…"


def steps(curve: Sequence[Step], *, end: float, x_name: str) -> str:
    """A curve that stays at each version's mean until the next, with a band for the intervals; `end` is where the last one ends."""
    top, bottom, left, right = 26.0, 250.0, 52.0, _WIDTH - 16.0
    floor = max(0.0, int(min(step.low for step in curve) * 10) / 10)
    ceiling = min(1.0, (int(max(step.high for step in curve) * 10) + 1) / 10)
    begin = curve[0].x
    span = max(end - begin, 1e-9)

    def across(x: float) -> float:
        return left + (right - left) * (x - begin) / span

    def up(y: float) -> float:
        return bottom - (bottom - top) * (y - floor) / (ceiling - floor)

    body = []
    ticks = round((ceiling - floor) * 10)
    for tick in range(ticks + 1):
        y = floor + tick / 10
        if ticks <= 6 or tick % 2 == 0:
            body += [_rule(left, up(y), right, up(y)), _word(left - 8, up(y) + 4, f"{100 * y:.0f} %", anchor="end")]
    ends = [*(step.x for step in curve[1:]), end]
    path = " ".join(f"{across(x):.1f},{up(s.mean):.1f} {across(e):.1f},{up(s.mean):.1f}" for s, x, e in _spans(curve, ends))
    body += [_box(across(x), up(s.high), across(e) - across(x), up(s.low) - up(s.high), "band") for s, x, e in _spans(curve, ends)]
    body.append(f'<polyline points="{path}" class="path"/>')
    body += [f'<circle cx="{across(s.x):.1f}" cy="{up(s.mean):.1f}" r="4" class="main"/>' for s in curve]
    free = -1e9
    for step in curve:
        if across(step.x) - free > 9.0 * len(step.label):
            free = across(step.x)
            body.append(_word(free, bottom + 18, step.label, anchor="start" if free < left + 20 else "middle"))
    body.append(_word(right, bottom + 36, x_name, anchor="end"))
    return _svg(bottom + 44, "capability of each version with its interval", "".join(body))


def _spans(curve: Sequence[Step], ends: Sequence[float]) -> list[tuple[Step, float, float]]:
    return [(step, step.x, end) for step, end in zip(curve, ends, strict=True)]


def reaches(rows: Sequence[Reach]) -> str:
    """For each row a wide bar (predicted) and a thin one with a dot (measured), around a common zero."""
    values = [0.0, *(v for row in rows for v in (*row.predicted, *row.measured))]
    low, high = min(values), max(values)
    margin = 0.06 * max(high - low, 0.02)
    low, high = low - margin, high + margin

    def across(value: float) -> float:
        return _LABELS + (_WIDTH - _LABELS - 80) * (value - low) / (high - low)

    height = 30 + _ROW * len(rows)
    body = [_word(across(0), 14, "no change", anchor="middle")]
    for index, row in enumerate(rows):
        y = 30 + _ROW * index + _ROW / 2
        body += [
            _word(0, y + 4, _short(row.label), ink=True),
            _box(across(row.predicted[0]), y - 8, across(row.predicted[1]) - across(row.predicted[0]), 16, "back"),
            _rule(across(row.measured[0]), y, across(row.measured[1]), y, "main", 2.5),
            f'<circle cx="{across(row.mean):.1f}" cy="{y:.1f}" r="4.5" class="main"/>',
            _word(_WIDTH - 2, y + 4, points(row.mean), anchor="end", ink=True),
        ]
    body.append(_rule(across(0), 22, across(0), height, "zero"))
    return _svg(height + 6, "predicted and measured effect of each change that was kept", "".join(body))


def pairs(rows: Sequence[Pair]) -> str:
    """For each row the score before (pale) and after."""
    span = _WIDTH - _LABELS - 80
    body = []
    for index, row in enumerate(rows):
        y = 8 + 44.0 * index
        for shift, score, style in ((0, row.before, "back"), (17, row.after, "main")):
            body += [
                _box(_LABELS, y + shift, span * score, 14, style),
                _word(_LABELS + span * score + 8, y + shift + 11, percent(score), ink=style == "main"),
            ]
        body.append(_word(0, y + 20, _short(row.label), ink=True))
    return _svg(8 + 44.0 * len(rows), "score of start and release by family", "".join(body))


def bars(rows: Sequence[Bar]) -> str:
    """Amounts of programs, one bar each."""
    most = max((row.amount for row in rows), default=0.0) or 1.0
    span = _WIDTH - _LABELS - 90
    body = []
    for index, row in enumerate(rows):
        y = 4 + _ROW * index
        body += [
            _word(0, y + 16, _short(row.label), ink=True),
            _box(_LABELS, y + 4, max(1.0, span * row.amount / most), 16, "main"),
            _word(_LABELS + span * row.amount / most + 8, y + 16, count(row.amount)),
        ]
    return _svg(8 + _ROW * len(rows), "programs spent", "".join(body))
