"""How well the improvers foresaw what their changes are worth: scores, skill, reliability, and whether their word counts by now."""

from collections.abc import Iterator

from rsi.analytics import Progress
from rsi.reports.document import Block, Heading, Paragraph, Strong, Table
from rsi.reports.words import earned, percent, plural

__all__ = ["prediction_blocks"]


def prediction_blocks(progress: Progress) -> Iterator[Block]:
    """The predictions of all proposals whose tests have closed, against climatology: the running base rate and spread of effects."""
    skill = progress.predictions
    if skill is None:
        return
    yield Heading(text="What was foreseen")
    yield Paragraph(
        line=(
            f"Each proposal says how likely it is to be better, and by how much. {plural(skill.closed, 'test has', 'tests have')} closed; "
            "each prediction was scored against what the judge believed in the end, and against who only knows the tests closed before "
            "(0 is perfect for both scores; skill is 1 for perfect foresight and 0 for none).",
        )
    )
    rows = (
        (
            "better or not (Brier)",
            f"{skill.brier:.3f}",
            f"{skill.base_brier:.3f}",
            f"{skill.skill:+.2f} ({skill.low:+.2f} … {skill.high:+.2f})",
        ),
        ("by how many points (CRPS)", f"{100 * skill.crps:.2f}", f"{100 * skill.base_crps:.2f}", f"{skill.crps_skill:+.2f}"),
    )
    yield Table(header=("score of", "predictions", "base rate", "skill (95 %)"), rows=rows, numeric=frozenset({1, 2, 3}))
    table = tuple((f"{percent(b.low)} … {percent(b.high)}", str(b.closed), percent(b.stated), percent(b.found)) for b in skill.table)
    header = ("stated P(better)", "tests", "stated, on average", "found, on average")
    yield Table(header=header, rows=table, numeric=frozenset({1, 2, 3}))
    yield Paragraph(line=("A say in what is tested first must be earned: ", Strong(earned(skill)), "."))
