"""What a report says of people and agents from outside: guarantees that grants cost, what they had tried, faults of the judge."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsi.bridges.counter import DEFECTS
from rsi.bridges.usage import tried_by
from rsi.core.codec import loads
from rsi.core.errors import MessageError
from rsi.core.protocols import Entry
from rsi.core.records import Json
from rsi.kernel.sandbox.granted import lost_by
from rsi.reports.document import Block, Bullets, Heading, Line, Paragraph, Strong
from rsi.reports.words import one_line, plural

__all__ = ["Outsiders", "outside_blocks", "outside_data", "outsiders_of"]

_MOST_BYTES, _MOST_SHOWN = 4_000_000, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsiders:
    """What is known of them.

    Attributes:
        lost: guarantees that are lost by what was granted, a sentence each.
        tried: practice cases that were run for each by `rsi mcp`.
        defects: reports, oldest first: when, by whom, and what.
    """

    lost: tuple[str, ...] = ()
    tried: tuple[tuple[str, int], ...] = ()
    defects: tuple[tuple[float, str, str], ...] = ()


def outsiders_of(folder: Path, first: Entry | None) -> Outsiders:
    """What the folder of a run tells of them; `first` is the entry with which its log begins."""
    config = first.body.get("config") if first is not None and isinstance(first.body, dict) else None
    section = config.get("outside") if isinstance(config, dict) else None
    grants = section.get("grants") if isinstance(section, dict) else None
    return Outsiders(
        lost=lost_by([str(grant) for grant in grants]) if isinstance(grants, list) else (),
        tried=tuple(sorted(tried_by(folder).items())),
        defects=tuple(_defects(folder / DEFECTS)),
    )


def _defects(path: Path) -> Iterator[tuple[float, str, str]]:
    if not path.is_file():
        return
    for line in path.read_bytes()[:_MOST_BYTES].splitlines():
        try:
            data = loads(line)
        except MessageError:
            continue
        if isinstance(data, dict) and isinstance(at := data.get("at"), int | float):
            yield float(at), str(data.get("by")), str(data.get("text"))


def outside_blocks(found: Outsiders) -> Iterator[Block]:
    """A section of the report; nothing where nobody came from outside."""
    if not (found.lost or found.tried or found.defects):
        return
    yield Heading(text="From outside")
    if found.lost:
        yield Bullets(items=tuple((Strong("A guarantee is lost:"), f" {sentence}.") for sentence in found.lost))
    if found.tried:
        told = ", ".join(f"{name} {plural(cases, 'practice case')}" for name, cases in found.tried)
        yield Paragraph(line=(f"Had tried beside the run, and paid from no budget of it: {told}.",), quiet=True)
    if found.defects:
        yield Paragraph(
            line=(Strong(f"{plural(len(found.defects), 'report')} of a fault of the judge"), ", in the words of who reported it:")
        )
        yield Bullets(items=tuple(_line(by, text) for _, by, text in found.defects[-_MOST_SHOWN:]))


def _line(by: str, text: str) -> Line:
    return (Strong(one_line(by, 60)), f": {one_line(text, 600)}")


def outside_data(found: Outsiders) -> dict[str, Json]:
    """The same as plain data for the summary."""
    defects: list[Json] = [{"at": at, "by": by, "text": text} for at, by, text in found.defects]
    tried: dict[str, Json] = {name: cases for name, cases in found.tried}
    return {"lost": [*found.lost], "tried": tried, "defects": defects}
