"""What was kept and tested again: whether it still earns its place, with the evidence."""

from collections.abc import Iterator

from rsi.analytics import Progress
from rsi.reports.document import Block, Heading, Paragraph, Table
from rsi.reports.words import one_line, retest_words

__all__ = ["retest_blocks"]

_MOST_ROWS = 40


def retest_blocks(progress: Progress) -> Iterator[Block]:
    """Each test of a kept change, in the order in which they were made; nothing where none was made."""
    removals = progress.removals
    if not removals:
        return
    yield Heading(text="Tested again: does it still earn its place?")
    yield Paragraph(
        line=(
            "When a season of cases was over, and at the end, the incumbent met itself without one kept change, on fresh cases. "
            "A change is taken out once it is shown that no more than a small margin is lost by that, and stays once a loss is shown.",
        ),
        quiet=True,
    )
    rows = []
    for removal in removals[-_MOST_ROWS:]:
        first = removal if removal.removes is None else progress.attempts.get(removal.removes, removal)
        rows.append((removal.removes or "", first.proposal.surface.value, one_line(first.proposal.reason, 160), retest_words(removal)))
    yield Table(header=("change", "surface", "what it was", "tested again"), rows=tuple(rows))
