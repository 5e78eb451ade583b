"""What was found out before the first change was judged: noise, ends of the scale, cost of a trial, and what the budget could detect."""

from collections.abc import Iterator

from rsi.analytics import Progress
from rsi.kernel.judge import Calibration, Prospect
from rsi.reports.document import Block, Facts, Heading, Paragraph, Table
from rsi.reports.words import count, one_line, percent, plural, points

__all__ = ["before_blocks"]


def before_blocks(progress: Progress) -> Iterator[Block]:
    """Step 0; nothing where the log says nothing of it."""
    found = progress.calibrated
    if found is None:
        return
    yield Heading(text="Before the first change")
    if found.refused is not None:
        yield Paragraph(line=(f"Refused: {one_line(found.refused, 600)}.",))
    if found.calibration is None:
        if found.refused is None:
            yield Paragraph(line=("The share of the budget that calibration may use paid for too few trials: nothing was measured.",))
        return
    yield Paragraph(
        line=(f"Version 0 ran on cases of a pool of its own, on which nothing else was ever decided. {_noise(found.calibration)}",)
    )
    seconds = (("Processor time per trial", f"{1000 * found.trial_cpu_s:.1f} ms"),) if found.trial_cpu_s else ()
    yield _facts(found.calibration, found.programs, seconds)
    if found.prospect is not None:
        yield from _prospect(found.prospect)


def _noise(seen: Calibration) -> str:
    if not seen.repeated:
        return "No case was run twice, so its noise is not known."
    cases = plural(seen.repeated, "case")
    if seen.is_deterministic:
        return f"Repeats of {cases} with the same seed all came out alike: the target is deterministic."
    return (
        f"Repeats of {cases} with the same seed differ by {100 * seen.noise**0.5:.1f} points of score (standard deviation): "
        "the target is not deterministic."
    )


def _facts(seen: Calibration, spent: int, seconds: tuple[tuple[str, str], ...]) -> Facts:
    return Facts(
        items=(
            ("Trials", f"{seen.trials} on {plural(seen.cases, 'case')}"),
            ("Score of version 0", percent(seen.score)),
            ("Variance between repeats", f"{seen.noise:.4f}"),
            ("Variance between cases", f"{seen.between:.4f}"),
            ("Cases at the floor", percent(seen.floor)),
            ("Cases at the ceiling", percent(seen.ceiling)),
            ("Programs per trial", count(seen.programs)),
            *seconds,
            ("Programs spent on this", count(spent)),
        )
    )


def _prospect(prospect: Prospect) -> Iterator[Block]:
    yield Paragraph(
        line=(
            f"With this budget at most {prospect.trials:,} trials were left to judging. The more changes share them, the larger an effect "
            "must be to be seen (every other time):",
        )
    )
    rows = tuple(
        (str(row.edits), f"{row.trials:,}", "none" if row.effect is None else f"{points(row.effect)} points") for row in prospect.rows
    )
    yield Table(header=("changes", "trials for each", "smallest effect detected"), rows=rows, numeric=frozenset({0, 1, 2}))
    if prospect.floor is not None and prospect.cases is not None:
        yield Paragraph(
            line=(
                f"There are only {plural(prospect.cases, 'different case')} to judge on. Repeating them cannot tell effects below about "
                f"{points(prospect.floor)} points from the luck of which cases these are.",
            )
        )
