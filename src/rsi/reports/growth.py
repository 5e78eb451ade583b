"""Whether gains came faster and faster: what may be said of that, and by what."""

from collections.abc import Iterator

from rsi.analytics import ENOUGH, Growth, Progress, Trend, pace_of
from rsi.core.codec import encode
from rsi.core.records import Json
from rsi.kernel.judge import Course
from rsi.reports.document import Block, Heading, Paragraph, Strong, Table
from rsi.reports.words import plural

__all__ = ["growth_blocks", "growth_data"]

_TREE = "Not told: a tree keeps all that it keeps at its end, so that there is no course of gains to look at."
_MEANING = {
    Trend.ACCELERATING: "the power or the exponential law fits far better than a straight line and than a ceiling",
    Trend.SATURATING: "a ceiling fits far better than a straight line",
    Trend.OPEN: "no law is shown to fit better than the others",
    Trend.LINEAR: "gains came at a constant rate, as far as can be told",
}
_HOW = (
    "Each change that was kept counts with what is believed of it, in logits of the score, in the stretch of programs that it was kept in; "
    "laws are compared by AICc, lower is better. Growth is called accelerating only if one of the rising laws leads both others by 6 and "
    "the whole interval of the exponent lies above 1. In simulated runs of 40 to 60 changes the interval, made for 95 %, held the truth in "
    "88 % to 92 % where growth was straight and in 49 % to 72 % where it slowed down; growth with the square of time was called "
    "accelerating in 38 % of runs of 40 changes, and straight growth in none of 100. It describes this run, and forecasts nothing."
)


def growth_data(progress: Progress) -> Json:
    """How many gains there are, what may be said of them, AICc by law and the exponent with its interval; null where there is nothing."""
    found = pace_of(progress)
    return None if found is None else encode(found)


def growth_blocks(progress: Progress) -> Iterator[Block]:
    """A section of one line until there are gains enough; nothing where nothing was kept."""
    if not progress.kept:
        return
    found = pace_of(progress)
    if found is None and (progress.course is None or progress.course.course is not Course.TREE):
        return
    yield Heading(text="Does it accelerate?")
    if found is None:
        yield Paragraph(line=(_TREE,))
    elif found.trend is Trend.UNKNOWN:
        line = f": {plural(found.points, 'kept change')}, and with fewer than {ENOUGH} no law of growth can be told from another."
        yield Paragraph(line=(Strong(found.trend.value.capitalize()), line))
    else:
        yield from _told(found)


def _told(found: Growth) -> Iterator[Block]:
    exponent, low, high = found.exponent
    meaning = f": over {plural(found.points, 'kept change')}, {_MEANING[found.trend]}. "
    power = f"The exponent of the power law is {exponent:.2f} ({low:.2f} … {high:.2f})."
    yield Paragraph(line=(Strong(found.trend.value.capitalize()), meaning, power))
    best = min(found.aicc.values())
    rows = tuple((law.value, f"{value - best:.1f}") for law, value in found.aicc.items())
    yield Table(header=("law", "AICc above the best"), rows=rows, numeric=frozenset({1}))
    yield Paragraph(line=(_HOW,), quiet=True)
