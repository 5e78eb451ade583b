"""The summaries of `rsi bench judge` as one SVG file: true and claimed gain of each rule, side by side for each world."""

from collections.abc import Sequence
from html import escape

from rsi.bench.judge import Summary

__all__ = ["figure"]

_WIDTH, _LABELS, _ROW, _TITLE = 760.0, 150.0, 24.0, 34.0
_STYLE = """
:root{color-scheme:light dark;--bg:#fbfbfa;--ink:#1c1d20;--soft:#5d6068;--line:#e4e4e0;--accent:#2f5fd0;--faint:#c3cbdd}
@media(prefers-color-scheme:dark){:root{--bg:#15161a;--ink:#e7e7e4;--soft:#a0a3ab;--line:#2e3138;--accent:#86a8ff;--faint:#414a61}}
.page{fill:var(--bg)} text{font:12px system-ui,sans-serif;fill:var(--soft)} .ink{fill:var(--ink)} .title{font-weight:600;fill:var(--ink)}
.true{fill:var(--accent)} .claimed{fill:var(--faint)} line{stroke:var(--line)} .error{stroke:var(--ink)}
"""


def figure(summaries: Sequence[Summary]) -> str:
    """An SVG: per world and rule a wide faint bar for what is claimed, a narrow one for what is true, its standard error on it."""
    worlds = list(dict.fromkeys(summary.world for summary in summaries))
    most = max([0.1, *(max(summary.true, summary.claimed) for summary in summaries)])
    parts, y = [], 10.0
    for world in worlds:
        parts.append(f'<text x="10" y="{y + 16:.1f}" class="title">{escape(world)}: gain in points, true (blue) and claimed (grey)</text>')
        y += _TITLE
        for summary in summaries:
            if summary.world == world:
                parts.append(_row(summary, y, most))
                y += _ROW
        y += 10
    page = f'<rect class="page" width="{_WIDTH:g}" height="{y:g}"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {y:g}" role="img" aria-label="true and claimed gain by rule">'
    return f"{head}<style>{_STYLE}</style>{page}{''.join(parts)}</svg>\n"


def _row(summary: Summary, y: float, most: float) -> str:
    scale = (_WIDTH - _LABELS - 130) / most
    end = _LABELS + max(summary.true, summary.claimed, 0.0) * scale + 8
    words = f"{100 * summary.true:.1f} true, {100 * summary.claimed:.1f} claimed"
    middle = y + _ROW / 2
    low, high = (_LABELS + max(0.0, summary.true + sign * summary.error) * scale for sign in (-1, 1))
    return (
        f'<text x="{_LABELS - 8:.1f}" y="{middle + 4:.1f}" text-anchor="end" class="ink">{escape(summary.rule)}</text>'
        f'<rect x="{_LABELS:.1f}" y="{y + 3:.1f}" width="{max(summary.claimed, 0.0) * scale:.1f}" height="{_ROW - 6:.1f}" class="claimed"/>'
        f'<rect x="{_LABELS:.1f}" y="{y + 8:.1f}" width="{max(summary.true, 0.0) * scale:.1f}" height="{_ROW - 16:.1f}" class="true"/>'
        f'<line x1="{low:.1f}" y1="{middle:.1f}" x2="{high:.1f}" y2="{middle:.1f}" class="error"/>'
        f'<text x="{end:.1f}" y="{middle + 4:.1f}">{words}</text>'
    )
