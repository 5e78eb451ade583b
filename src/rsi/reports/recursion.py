"""Whether improving got easier in a run: its versions as frozen improvers, from the files that `rsi run` leaves in its folder."""

from pathlib import Path

from rsi.bench.improvers.plot import ratios
from rsi.bench.improvers.results import Results, table
from rsi.core.codec import decode, encode, loads
from rsi.core.errors import IntegrityError, MessageError
from rsi.core.records import Json
from rsi.kernel.judge import Ratio, Record
from rsi.reports.document import Block, Code, Figure, Heading, Paragraph, Table

__all__ = ["RECURSION_FOLDER", "recursion_blocks", "recursion_data", "recursion_of", "recursion_words"]

RECURSION_FOLDER = "recursion"
"""Where in a run's folder its versions are compared as improvers."""
_MOST_BYTES = 64_000_000


def recursion_of(folder: Path) -> Results | None:
    """What the comparison came to; None where there is none.

    Raises:
        IntegrityError: its file is none of this version of rsi.
    """
    path = folder / RECURSION_FOLDER / "improver.json"
    if not path.is_file():
        return None
    try:
        data = loads(path.read_bytes(), max_bytes=_MOST_BYTES)
        return decode(Results, data["results"] if isinstance(data, dict) else None)
    except MessageError as error:
        raise IntegrityError(f"{path} is no comparison of improvers ({error}); delete it, and the same run measures again") from None


def recursion_words(found: Results) -> str:
    """The comparison in a line: `Recursion: version 3 gains 1.62 times what version 0 gains (1.20 … 2.10) …`."""
    latest = _record(found, found.versions[-1])
    others = [record for record in found.records if record.name not in found.versions and record.name != "sham"]
    best = max(others, key=lambda record: record.gain, default=None)
    points = f"{100 * latest.gain:.1f} points"
    beside = "" if best is None else f": {points}, the best method of people, {best.name}, {100 * best.gain:.1f}"
    kind = "shown" if found.compounding.shown else "not shown"
    return (
        f"Recursion: on {found.problems} sealed problems {found.versions[-1]} gains {_times(latest.against)} what {found.versions[0]} "
        f"gains{beside}. Compounding: {kind}."
    )


def recursion_data(found: Results | None) -> Json:
    """The comparison as plain data for the summary; null where there is none."""
    return None if found is None else encode(found)


def recursion_blocks(found: Results | None) -> tuple[Block, ...]:
    """The comparison as a section of the report; nothing where there is none."""
    if found is None:
        return ()
    rows = [
        (record.name, f"{100 * record.gain:+.1f}", f"{100 * record.area:.1f}", *_cells(record.against), str(record.failed))
        for record in found.records
    ]
    return (
        Heading(text="Has improving become easier?"),
        Paragraph(line=(recursion_words(found),)),
        Paragraph(
            line=(
                "Every version is frozen and improves the same sealed programs from the same starts under the same budget, beside methods "
                "of people, random edits, and a sham with changes that mean nothing. ρ is its expected gain by that of version 0.",
            ),
            quiet=True,
        ),
        Figure(
            svg=ratios(found),
            caption="Expected gain by that of version 0: wide bars hold whenever one looks, sharp lines if leads have no side",
            table=Table(
                header=("improver", "gain", "curve", "ρ", "interval", "if symmetric", "failed"),
                rows=tuple(rows),
                numeric=frozenset(range(1, 7)),
            ),
        ),
        Code(text="\n".join(table(found)), language="text"),
    )


def _record(found: Results, name: str) -> Record:
    return next(record for record in found.records if record.name == name)


def _cells(ratio: Ratio | None) -> tuple[str, str, str]:
    if ratio is None:
        return "1", "", ""
    return _number(ratio.ratio), _interval(ratio.low, ratio.high), _interval(ratio.sharp_low, ratio.sharp_high)


def _times(ratio: Ratio | None) -> str:
    if ratio is None or ratio.ratio is None:
        return "no known multiple of"
    sharp, safe = _interval(ratio.sharp_low, ratio.sharp_high), _interval(ratio.low, ratio.high)
    return f"{ratio.ratio:.2f} times ({sharp} if leads have no side, {safe} in any case)"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _interval(low: float | None, high: float | None) -> str:
    return f"{'−∞' if low is None else f'{low:.2f}'} … {'∞' if high is None else f'{high:.2f}'}"
