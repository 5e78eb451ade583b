"""What a report is made of: blocks of plain text. Renderers give them a form, and nothing reaches a page but through a renderer."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Block",
    "Bullets",
    "Card",
    "Claim",
    "Code",
    "Document",
    "Facts",
    "Figure",
    "Heading",
    "Line",
    "Mono",
    "Paragraph",
    "Part",
    "Strong",
    "Table",
    "Tone",
]


class Tone(StrEnum):
    """How good a piece of news is."""

    GOOD = "good"
    NEUTRAL = "neutral"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that stand out."""

    text: str


@dataclass(frozen=True, slots=True)
class Mono:
    """A name, path or command."""

    text: str


Part = str | Strong | Mono
"""A piece of a line."""
Line = tuple[Part, ...]
"""Words on one line; renderers escape every part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text; `quiet` for remarks."""

    line: Line
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of lines."""

    items: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; columns whose number is in `numeric` are aligned to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Text of a file, a diff or a command, line by line."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing (SVG from `rsi.reports.figures`), its caption, and its numbers for those who cannot see it."""

    svg: str
    caption: str
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a reader should take away."""

    label: str
    headline: str
    detail: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A few numbers with their names."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A thing with a title, a tag and a badge, and what there is to say about it."""

    title: str
    tag: str
    badge: str
    blocks: "tuple[Paragraph | Bullets | Code, ...]"


Block = Heading | Paragraph | Bullets | Table | Code | Figure | Claim | Facts | Card
"""Everything that a document may contain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...]
