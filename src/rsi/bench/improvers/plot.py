"""The results of a tournament of improvers as SVG files: what each gains for how much, and its ratio to version 0."""

from collections.abc import Mapping, Sequence
from html import escape

from rsi.bench.improvers.results import Results
from rsi.kernel.judge import Episode, Ratio, Record

__all__ = ["curves", "ratios"]

_WIDTH, _LABELS, _ROW = 760.0, 190.0, 30.0
_STYLE = """
:root{color-scheme:light dark;--bg:#fbfbfa;--ink:#1c1d20;--soft:#5d6068;--line:#e4e4e0;--accent:#2f5fd0;--faint:#c3cbdd}
@media(prefers-color-scheme:dark){:root{--bg:#15161a;--ink:#e7e7e4;--soft:#a0a3ab;--line:#2e3138;--accent:#86a8ff;--faint:#414a61}}
.page{fill:var(--bg)} text{font:12px system-ui,sans-serif;fill:var(--soft)} .ink{fill:var(--ink)} .title{font-weight:600;fill:var(--ink)}
line{stroke:var(--line)} .wide{fill:var(--faint)} .sharp{stroke:var(--accent);stroke-width:3} .dot{fill:var(--accent)}
.one{stroke:var(--soft);stroke-dasharray:3 3} polyline{fill:none;stroke-width:2;stroke:var(--faint)} .version{stroke:var(--accent)}
.latest{stroke-width:3.5}
"""
_LEAST, _MOST = -0.5, 4.0


def ratios(results: Results) -> str:
    """Per improver a wide bar for the interval of its ratio to version 0, a line for the sharp one, a dot for the ratio seen."""
    rows = [record for record in results.records if record.against is not None]
    y, parts = 58.0, [f'<text x="10" y="24" class="title">Expected gain by that of {escape(results.versions[0])}: ρ</text>']
    for tick in range(5):
        parts.append(_upright(_across(tick), 40.0, y + _ROW * len(rows), "one" if tick == 1 else ""))
        parts.append(f'<text x="{_across(tick):.1f}" y="48" text-anchor="middle">{tick}</text>')
    for record in rows:
        parts.append(_ratio_row(record, y))
        y += _ROW
    return _page(y + 12, "ratio of expected gains by improver", parts)


def _ratio_row(record: Record, y: float) -> str:
    ratio, middle = record.against, y + _ROW / 2
    assert ratio is not None
    low, high = _ends(ratio.low, ratio.high)
    sharp_low, sharp_high = _ends(ratio.sharp_low, ratio.sharp_high)
    dot = "" if ratio.ratio is None else f'<circle cx="{_across(ratio.ratio):.1f}" cy="{middle:.1f}" r="5" class="dot"/>'
    return (
        f'<text x="{_LABELS - 10:.1f}" y="{middle + 4:.1f}" text-anchor="end" class="ink">{escape(_short(record.name))}</text>'
        f'<rect x="{low:.1f}" y="{middle - 8:.1f}" width="{high - low:.1f}" height="16" class="wide"/>'
        f'<line x1="{sharp_low:.1f}" y1="{middle:.1f}" x2="{sharp_high:.1f}" y2="{middle:.1f}" class="sharp"/>{dot}'
        f'<text x="{_WIDTH - 8:.1f}" y="{middle + 4:.1f}" text-anchor="end">{_words(ratio)}</text>'
    )


def _words(ratio: Ratio) -> str:
    return "no ratio" if ratio.ratio is None else f"{ratio.ratio:.2f}"


def _ends(low: float | None, high: float | None) -> tuple[float, float]:
    return _across(_LEAST if low is None else low), _across(_MOST if high is None else high)


def _across(ratio: float) -> float:
    return _LABELS + (_WIDTH - _LABELS - 70) * (min(max(ratio, _LEAST), _MOST) - _LEAST) / (_MOST - _LEAST)


def curves(results: Results, episodes: Mapping[str, Sequence[Episode]]) -> str:
    """Mean best gain so far on practice instances over the evaluations used; versions in colour, the latest thick."""
    top, bottom, right = 44.0, 330.0, _WIDTH - _LABELS
    means = {name: _mean_curve(own, results.budget) for name, own in episodes.items()}
    most = max([0.02, *(max(curve) for curve in means.values())])

    def place(k: int, gain: float, points: int) -> str:
        return f"{50 + (right - 50) * k / (points - 1):.1f},{bottom - (bottom - top) * gain / most:.1f}"

    parts = ['<text x="10" y="24" class="title">Best gain so far on practice instances, in points</text>']
    for share in (0.0, 0.5, 1.0):
        y = bottom - (bottom - top) * share
        parts.append(f'<line x1="50" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="42" y="{y + 4:.1f}" text-anchor="end">{100 * most * share:.1f}</text>')
    free = -1e9
    for name, curve in sorted(means.items(), key=lambda item: -item[1][-1]):
        line = " ".join(place(k, gain, len(curve)) for k, gain in enumerate(curve))
        style = ("version" if name in results.versions else "") + (" latest" if name == results.versions[-1] else "")
        free = max(free + 15, bottom - (bottom - top) * curve[-1] / most)
        parts.append(f'<polyline points="{line}" class="{style.strip()}"/>')
        parts.append(f'<text x="{right + 8:.1f}" y="{free + 4:.1f}" class="ink">{escape(_short(name))} {100 * curve[-1]:.1f}</text>')
    parts.append(f'<text x="{right:.1f}" y="{bottom + 22:.1f}" text-anchor="end">evaluations, up to {results.budget}</text>')
    return _page(max(bottom + 34, free + 20), "best gain so far by improver", parts)


def _mean_curve(episodes: Sequence[Episode], budget: int, points: int = 61) -> list[float]:
    return [sum(_at(episode, budget * k / (points - 1)) for episode in episodes) / len(episodes) for k in range(points)]


def _at(episode: Episode, used: float) -> float:
    return next((gain for since, gain in reversed(episode.curve) if since <= used), 0.0)


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else "…" + name[1 - most :]


def _upright(x: float, top: float, bottom: float, style: str) -> str:
    return f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" class="{style}"/>'


def _page(height: float, title: str, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{escape(title)}">'
    return f'{head}<style>{_STYLE}</style><rect class="page" width="{_WIDTH:g}" height="{height:g}"/>{"".join(parts)}</svg>\n'
