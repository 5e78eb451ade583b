"""A document as one HTML file: no script, nothing fetched, every text escaped, and a policy that forbids all of it besides."""

from collections.abc import Iterable
from html import escape
from typing import assert_never

from rsi.reports.document import (
    Block,
    Bullets,
    Card,
    Claim,
    Code,
    Document,
    Facts,
    Figure,
    Heading,
    Line,
    Mono,
    Paragraph,
    Part,
    Strong,
    Table,
)
from rsi.reports.style import STYLE
from rsi.reports.words import plain_lines

__all__ = ["render_html"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_MARKS = (("+++", "h"), ("---", "h"), ("@@", "h"), ("+", "a"), ("-", "d"))


def render_html(document: Document) -> str:
    """The document as a self-contained page.

    Covers: markup and attributes in texts (escaped), scripts and requests (forbidden by the page's policy). Does not cover: what a
    reader makes of plain words.
    """
    body = "\n".join(map(_block, document.blocks))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{_text(document.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{_text(document.title)}</h1>
<p class="lead">{_text(document.subtitle)}</p>
{body}
<footer>Written by rsi from the run’s log and archive; nothing on this page was fetched from anywhere.</footer>
</main>
</body>
</html>
"""


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"<h2>{_text(block.text)}</h2>"
        case Paragraph():
            return f'<p class="quiet">{_line(block.line)}</p>' if block.quiet else f"<p>{_line(block.line)}</p>"
        case Bullets():
            return "<ul>" + "".join(f"<li>{_line(item)}</li>" for item in block.items) + "</ul>"
        case Table():
            return _table(block)
        case Code():
            return _code(block)
        case Figure():
            numbers = f"<details><summary>The numbers</summary>{_table(block.table)}</details>"
            return f"<figure>{block.svg}<figcaption>{_text(block.caption)}</figcaption>{numbers}</figure>"
        case Claim():
            return _claim(block)
        case Facts():
            items = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in block.items)
            return f'<dl class="facts">{items}</dl>'
        case Card():
            return _card(block)
        case _:
            assert_never(block)


def _text(text: str) -> str:
    return escape(plain_lines(text), quote=True)


def _line(line: Line) -> str:
    return "".join(map(_part, line))


def _part(part: Part) -> str:
    match part:
        case str():
            return _text(part)
        case Strong():
            return f"<strong>{_text(part.text)}</strong>"
        case Mono():
            return f"<code>{_text(part.text)}</code>"
        case _:
            assert_never(part)


def _cells(tag: str, cells: Iterable[str], numeric: frozenset[int]) -> str:
    parts = (f'<{tag} class="num">{_text(c)}</{tag}>' if i in numeric else f"<{tag}>{_text(c)}</{tag}>" for i, c in enumerate(cells))
    return f"<tr>{''.join(parts)}</tr>"


def _table(table: Table) -> str:
    rows = "".join(_cells("td", row, table.numeric) for row in table.rows)
    head = _cells("th", table.header, table.numeric)
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _code(code: Code) -> str:
    lines = plain_lines(code.text).rstrip("\n").split("\n")
    shown = map(_diff_line, lines) if code.language == "diff" else (escape(line, quote=True) for line in lines)
    return "<pre><code>" + "\n".join(shown) + "</code></pre>"


def _diff_line(line: str) -> str:
    mark = next((name for start, name in _MARKS if line.startswith(start)), None)
    text = escape(line, quote=True)
    return f'<span class="{mark}">{text}</span>' if mark else text


def _claim(claim: Claim) -> str:
    return (
        f'<section class="claim {claim.tone.value}"><p class="label">{_text(claim.label)}</p>'
        f'<p class="headline">{_text(claim.headline)}</p><p>{_text(claim.detail)}</p></section>'
    )


def _card(card: Card) -> str:
    head = f'<h3>{_text(card.title)}</h3><span class="tag">{_text(card.tag)}</span><span class="badge">{_text(card.badge)}</span>'
    return f'<article class="card"><header>{head}</header>{"".join(map(_block, card.blocks))}</article>'
