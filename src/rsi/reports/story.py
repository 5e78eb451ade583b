"""The report of a run as a document: what it is, what it may claim, how it came about, what it cost, how to check it."""

from rsi.analytics import Progress
from rsi.reports.before import before_blocks
from rsi.reports.changes import Diff, change_blocks, curve_blocks, other_blocks
from rsi.reports.claims import claim_blocks
from rsi.reports.costs import cost_blocks, proof_blocks
from rsi.reports.course import course_blocks
from rsi.reports.document import Block, Document, Paragraph
from rsi.reports.foresight import prediction_blocks
from rsi.reports.growth import growth_blocks
from rsi.reports.retested import retest_blocks
from rsi.reports.target import agent_blocks, target_blocks
from rsi.reports.tried import tried_blocks
from rsi.reports.words import one_line

__all__ = ["report_of"]


def report_of(progress: Progress, diff: Diff) -> Document:
    """The whole report.

    Args:
        progress: where the run stands.
        diff: gives the change from one candidate to another.
    """
    title, subtitle = _on_target(progress) if progress.target else _on_itself(progress)
    return Document(
        title=title,
        subtitle=f"{subtitle} and a judge out of its reach kept only those that were shown to be better on cases nobody had seen before. "
        "Below stand what the result is worth on sealed cases, every change that was kept, what it all cost, and how to check it.",
        blocks=(
            *_remarks(progress),
            *claim_blocks(progress),
            *target_blocks(progress),
            *before_blocks(progress),
            *course_blocks(progress),
            *curve_blocks(progress),
            *change_blocks(progress, diff),
            *agent_blocks(progress),
            *retest_blocks(progress),
            *growth_blocks(progress),
            *other_blocks(progress),
            *prediction_blocks(progress),
            *tried_blocks(progress),
            *cost_blocks(progress),
            *proof_blocks(progress),
        ),
    )


def _on_itself(progress: Progress) -> tuple[str, str]:
    """Title and the beginning of the story, where an agent improves itself."""
    agent = one_line(progress.agent, 60)
    return f"How “{agent}” {'improved' if progress.accepted else 'tried to improve'} itself", (
        f"In this run of rsi an AI system, “{agent}”, looked for its own limits, proposed changes to its own code, parameters and ways "
        "of learning,"
    )


def _on_target(progress: Progress) -> tuple[str, str]:
    """The same, where agents improve a target."""
    agent, name = one_line(progress.agent, 60), one_line(str(progress.target.get("name")) if isinstance(progress.target, dict) else "", 60)
    return f"How “{agent}” {'improved' if progress.accepted else 'tried to improve'} “{name}”", (
        f"In this run of rsi “{agent}” was shown how “{name}” does on practice cases and proposed changes to it,"
    )


def _remarks(progress: Progress) -> tuple[Block, ...]:
    if progress.improves:
        return ()
    line = "This is a frozen control: every change was proposed by version 0; no version that was kept improved another."
    return (Paragraph(line=(line,), quiet=True),)
