"""How changes were judged: in one race, or as a tree of versions, and by what that was chosen."""

from collections.abc import Iterator

from rsi.analytics import Progress
from rsi.kernel.judge import Course
from rsi.reports.document import Block, Heading, Paragraph
from rsi.reports.words import course_words

__all__ = ["course_blocks"]

_RACE = "All open changes are switched on and off on the incumbent, and each is kept once its evidence suffices."
_TREE = (
    "Changes that cannot be combined make versions of versions: the best of them is found by one posterior over all, then every change of "
    "its lineage is switched on and off on the root. What is certified at the run's false-discovery rate is kept, as in a race; "
    "what is only believed to be better is not."
)


def course_blocks(progress: Progress) -> Iterator[Block]:
    """The course that was chosen; nothing where nothing had to be chosen."""
    if progress.course is None:
        return
    yield Heading(text="Race or tree")
    yield Paragraph(line=(f"{course_words(progress.course).capitalize()}.",))
    yield Paragraph(line=(_TREE if progress.course.course is Course.TREE else _RACE,))
