"""The drawing of `benchmarks.seed`: mean curves of tasks solved against programs spent, each with its band, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from benchmarks.seed_stats import CurvePoint
from rsi.reports.style import STYLE
from rsi.reports.words import count

__all__ = ["Line", "draw", "standalone"]

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 760.0, 52.0, 640.0, 22.0, 330.0
_TICKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A mean curve, its name, its colour (CSS) and whether it is dashed; the last point is where it ends."""

    name: str
    colour: str
    dashed: bool
    points: Sequence[CurvePoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """From data to places on the paper."""

    end: float
    floor: float
    ceiling: float

    def across(self, x: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * x / max(self.end, 1.0)

    def up(self, y: float) -> float:
        inside = min(max(y, self.floor), self.ceiling)
        return _BOTTOM - (_BOTTOM - _TOP) * (inside - self.floor) / (self.ceiling - self.floor)


def draw(lines: Sequence[Line], *, cases: int, x_name: str) -> str:
    """The curves as one SVG element that takes its ink from the page's style sheet; `cases` is the most that can be solved."""
    step = _step(lines, cases)
    ends = [value for line in lines for point in line.points for value in _extent(point)]
    floor = max(0, int(min(ends) // step) * step)
    ceiling = min(-(-cases // step) * step, (int(max(ends) // step) + 1) * step)
    frame = _Frame(end=max(line.points[-1].x for line in lines), floor=floor, ceiling=ceiling)
    body = [*_axes(frame, step, x_name), *(_band(frame, line) for line in lines), *(_path(frame, line) for line in lines)]
    body += _names(frame, lines)
    title = f"hard tasks solved of {cases} against programs spent"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} 384" role="img" aria-label="{title}">{"".join(body)}</svg>'


def standalone(svg: str) -> str:
    """The drawing as a file of its own, with its style sheet and a ground."""
    head, rest = svg.split(">", 1)
    return f'{head}><style>{STYLE}</style><rect width="100%" height="100%" style="fill:var(--bg)"/>{rest}\n'


def _extent(point: CurvePoint) -> tuple[float, ...]:
    return tuple(value for value in (point.value.low, point.value.mean, point.value.high) if value is not None)


def _step(lines: Sequence[Line], cases: int) -> int:
    """A round distance between ticks so that there are about five."""
    ends = [value for line in lines for point in line.points for value in _extent(point)]
    span = max(max(ends) - max(min(ends), 0.0), 1.0)
    return next((step for step in (1, 2, 5, 10, 20, 25, 50, 100, 200) if span / step <= _TICKS), cases)


def _axes(frame: _Frame, step: int, x_name: str) -> list[str]:
    body = []
    for y in range(int(frame.floor), int(frame.ceiling) + 1, step):
        at = frame.up(y)
        body.append(f'<line x1="{_LEFT:g}" y1="{at:.1f}" x2="{_RIGHT:g}" y2="{at:.1f}" class="axis"/>')
        body.append(_word(_LEFT - 8, at + 4, str(y), "end"))
    for tick in range(_TICKS):
        x = frame.end * tick / (_TICKS - 1)
        body.append(_word(frame.across(x), _BOTTOM + 18, count(x), "middle"))
    return [*body, _word(_RIGHT, _BOTTOM + 40, x_name, "end")]


def _word(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    look = f' style="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{look}>{escape(text)}</text>'


def _band(frame: _Frame, line: Line) -> str:
    boxes = []
    for point, after in pairwise(line.points):
        if point.value.low is not None and point.value.high is not None:
            x, top, bottom = frame.across(point.x), frame.up(point.value.high), frame.up(point.value.low)
            boxes.append(f"M{x:.1f} {top:.1f}H{frame.across(after.x):.1f}V{bottom:.1f}H{x:.1f}Z")
    return f'<path d="{"".join(boxes)}" style="fill:{line.colour};opacity:.13;stroke:none"/>' if boxes else ""


def _path(frame: _Frame, line: Line) -> str:
    first = line.points[0]
    path = f"M{frame.across(first.x):.1f} {frame.up(first.value.mean):.1f}"
    path += "".join(f"H{frame.across(p.x):.1f}V{frame.up(p.value.mean):.1f}" for p in line.points[1:])
    dashes = ";stroke-dasharray:6 4" if line.dashed else ""
    return f'<path d="{path}" style="fill:none;stroke:{line.colour};stroke-width:2.5;stroke-linejoin:round{dashes}"/>'


def _names(frame: _Frame, lines: Sequence[Line]) -> list[str]:
    """The name of each line at its end, moved apart where two ends meet."""
    placed: list[str] = []
    free = -1e9
    for line in sorted(lines, key=lambda line: -line.points[-1].value.mean):
        mean = line.points[-1].value.mean
        y = max(frame.up(mean) + 4, free + 16)
        free = y
        placed.append(_word(_RIGHT + 8, y, f"{line.name} {mean:.1f}", "start", f"fill:{line.colour};font-weight:600"))
    return placed
