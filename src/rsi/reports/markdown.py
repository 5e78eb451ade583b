"""A document as Markdown (CommonMark with tables): no part of a text can become markup, whatever an agent wrote."""

import re
from collections.abc import Iterator
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
from rsi.reports.words import one_line, plain_lines

__all__ = ["render_markdown"]

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|&~$])")
_ADDRESS = re.compile(r"(://|www\.|@)", re.IGNORECASE)
_LEADING = re.compile(r"^(\d{1,9}(?=[.)])|[-+=>](?=\s|$|[-=]))")
_LIMIT = 4000


def render_markdown(document: Document) -> str:
    """The document as Markdown text; figures appear as their tables.

    Covers: markup, HTML, addresses that would become links, fences inside code. Does not cover: what a reader makes of plain words.
    """
    parts = [f"# {_text(document.title)}", _text(document.subtitle)]
    parts.extend(text for block in document.blocks for text in _block(block))
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"## {_text(block.text)}"
        case Paragraph():
            yield _paragraph(block.line)
        case Bullets():
            yield "\n".join(f"- {_paragraph(item)}" for item in block.items)
        case Table():
            yield _table(block)
        case Code():
            yield _fenced(block)
        case Figure():
            yield f"*{_text(block.caption)}*"
            yield _table(block.table)
        case Claim():
            yield f"**{_text(block.label)}: {_text(block.headline)}**"
            yield _text(block.detail)
        case Facts():
            yield "\n".join(f"- {_text(name)}: **{_text(value)}**" for name, value in block.items)
        case Card():
            yield f"### {_text(block.title)} ({_text(block.tag)}): {_text(block.badge)}"
            for inner in block.blocks:
                yield from _block(inner)
        case _:
            assert_never(block)


def _text(text: str) -> str:
    """Plain words in which no character means anything to Markdown."""
    escaped = _MARKUP.sub(r"\\\1", one_line(text, _LIMIT))
    return _ADDRESS.sub(lambda match: match[0][:-1] + "\\" + match[0][-1] if match[0] != "://" else "\\://", escaped)


def _part(part: Part) -> str:
    match part:
        case str():
            lead, tail = (" " if part[:1].isspace() else ""), (" " if part[-1:].isspace() else "")
            return lead + _text(part) + (tail if part.strip() else "")
        case Strong():
            words = _text(part.text)
            return f"**{words}**" if words else ""
        case Mono():
            return _mono(part.text)
        case _:
            assert_never(part)


def _mono(text: str) -> str:
    line = one_line(text, _LIMIT)
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}" if line else ""


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _paragraph(line: Line) -> str:
    return _LEADING.sub(lambda match: match[0] + "\\" if match[0].isdigit() else "\\" + match[0], "".join(map(_part, line)).strip())


def _table(table: Table) -> str:
    rule = ["---:" if column in table.numeric else "---" for column in range(len(table.header))]
    rows = [list(map(_text, table.header)), rule, *(list(map(_text, row)) for row in table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _fenced(code: Code) -> str:
    text = plain_lines(code.text).rstrip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{code.language}\n{text}\n{fence}"
