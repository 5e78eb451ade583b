"""What the report says of growth: nothing before there are changes enough, and then the law with its numbers."""

import random
from typing import Any

import pytest

from rsi.analytics import Trend, pace_of, progress_of
from rsi.core.protocols import Entry
from rsi.reports import report_of, summary_of
from rsi.reports.html import render_html
from rsi.reports.markdown import render_markdown
from rsi.testing.events import RunBuilder


def run_of(waits: list[float], *, tree: bool = False) -> list[Entry]:
    """A run that spends so many programs before each change that it keeps."""
    run = RunBuilder()
    run.cycle()
    run.trials(run.start, [0.0, 0.0, 0.0, 1.0])
    if tree:
        run.add("course.chosen", {"course": "tree", "changes": 9, "pairs": 30, "conflicting": 28, "share": 28 / 30})
    for number, wait in enumerate(waits):
        name = run.propose(after=f"DEPTH = {number}\n")
        candidate = run.test(name)
        run.job("practise", programs=round(wait))
        run.accept(name, candidate, mean=0.01, low=0.004, high=0.016)
    run.end()
    return run.entries


def page(entries: list[Entry]) -> str:
    document = report_of(progress_of(entries), lambda before, after: "")
    assert ("Does it accelerate?" in render_html(document)) == ("Does it accelerate?" in render_markdown(document))
    return render_markdown(document).partition("## Does it accelerate?")[2].partition("\n## ")[0]


def test_of_few_kept_changes_it_says_that_no_law_can_be_told_yet() -> None:
    entries = run_of([100.0] * 3)
    assert page(entries).strip() == (
        "**Not identifiable yet**: 3 kept changes, and with fewer than 25 no law of growth can be told from another."
    )
    growth: Any = summary_of(progress_of(entries))["growth"]
    assert growth == {"is": "Growth", "points": 3, "trend": "not identifiable yet", "aicc": {}, "exponent": [0.0, 0.0, 0.0]}


@pytest.mark.parametrize(
    ("waits", "trend"),
    [
        ([1e6 * 0.9**number for number in range(60)], Trend.ACCELERATING),
        ([random.Random(5).expovariate(0.001) for _ in range(60)], Trend.LINEAR),
    ],
)
def test_of_many_it_tells_the_law_that_fits_with_the_distance_to_the_others(waits: list[float], trend: Trend) -> None:
    entries = run_of(waits)
    text = page(entries)
    assert text.strip().startswith(f"**{trend.value.capitalize()}**: over 60 kept changes") and "exponent of the power law is" in text
    assert text.count("| 0.0 |") >= 1 and all(f"| {law} |" in text for law in ("linear", "power", "exponential", "saturating"))
    growth: Any = summary_of(progress_of(entries))["growth"]
    assert growth["trend"] == trend.value and growth["exponent"][1] <= growth["exponent"][0] <= growth["exponent"][2]


def test_of_a_tree_which_keeps_all_at_its_end_and_of_a_run_that_kept_nothing_it_tells_no_course_of_gains() -> None:
    tree = run_of([100.0] * 30, tree=True)
    assert page(tree).strip().startswith("Not told: a tree keeps all") and pace_of(progress_of(tree)) is None
    nothing = run_of([])
    assert page(nothing) == "" and summary_of(progress_of(nothing))["growth"] is None


def test_what_the_sealed_cases_cost_is_no_part_of_the_time_in_which_changes_were_found() -> None:
    entries = run_of([100.0] * 30)
    run = RunBuilder()
    run.entries = entries[:-1]
    run.trials(run.start, [0.0] * 9, purpose="certificate", programs=10**6)
    assert pace_of(progress_of(run.entries)) == pace_of(progress_of(entries))
