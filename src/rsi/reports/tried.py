"""What candidates tried instead of getting better: every violation by its name, and what merely failed."""

from collections.abc import Iterator

from rsi.analytics import Progress, Retreat, Tried
from rsi.reports.document import Block, Bullets, Heading, Paragraph, Strong, Table
from rsi.reports.words import one_line, plural

__all__ = ["tried_blocks"]

_MOST_ROWS = 40
_WHAT = {
    "build": "its build",
    "solve": "solving cases",
    "practise": "practice",
    "diagnose": "diagnosing itself",
    "propose": "proposing",
    "learn": "learning",
}


def tried_blocks(progress: Progress) -> Iterator[Block]:
    """Violations with their versions, who proposed these, on which call and how often; what was undone for it; other failures."""
    yield Heading(text="What candidates tried")
    violations = [one for one in progress.tried if one.is_violation]
    failures = [one for one in progress.tried if not one.is_violation]
    if violations:
        yield Paragraph(
            line=("Breaks of the rules of the jail, and changes refused as attacks. Each counts as the floor, and its version is out:",)
        )
        yield _table(violations, "what was tried")
    else:
        yield Paragraph(line=("No version broke the rules of its jail, and no proposal held a secret of the run.",))
    if progress.retreats:
        yield Bullets(items=tuple((Strong(gone.candidate[:12]), _undone(gone)) for gone in progress.retreats))
    if failures:
        yield Paragraph(line=("Builds and trials that ended without an answer; no violation, but the floor all the same:",), quiet=True)
        yield _table(failures, "outcome")


def _undone(gone: Retreat) -> str:
    back = f"the run went back to {gone.incumbent[:12]}" if gone.incumbent else "it was the start, so the run ended"
    return f" was the incumbent when it did this in {_what(gone.call)} ({one_line(gone.name, 80)}): it was quarantined, {back}."


def _what(call: str) -> str:
    return _WHAT.get(call, one_line(call, 20))


def _table(tried: list[Tried], first: str) -> Table:
    rows = [
        (
            one_line(one.name, 80),
            one.candidate[:12] if one.candidate else "never applied",
            one.proposal or "the start",
            one.improver[:12] if one.improver else "",
            _what(one.call),
            plural(one.times, "trial" if one.call == "solve" else "call"),
        )
        for one in tried[:_MOST_ROWS]
    ]
    if len(tried) > _MOST_ROWS:
        rows.append((f"and {len(tried) - _MOST_ROWS} more", "", "", "", "", ""))
    return Table(header=(first, "version", "proposal", "proposed by", "on which call", "how often"), rows=tuple(rows))
