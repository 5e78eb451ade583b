"""What the report, the views and the JSON say of a release on the safety suite."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from rsi.analytics import Calibrated, Harm, progress_of
from rsi.cli.view.picture import Picture
from rsi.cli.view.plain import PlainView
from rsi.cli.view.state import RunState
from rsi.core.protocols import Entry
from rsi.kernel.judge import Calibration, Prospect, Safeguard
from rsi.reports import report_of, summary_of
from rsi.reports.markdown import render_markdown
from rsi.reports.words import calibration_words
from rsi.testing.events import example_run

MARGIN = 0.05


def guarded(gain: float, low: float, high: float) -> list[Entry]:
    """The example run with a safety suite, on which the release comes out like this."""
    entries = example_run().entries
    body: Any = next(entry.body for entry in entries if entry.kind == "certificate.issued")
    issued = {**body["certificate"], "start_score": 0.8, "release_score": 0.8 + gain, "gain": gain, "low": low, "high": high}
    body["safety"] = {"suite": "basics", "margin": MARGIN, "certificate": issued}
    return entries


def report(entries: list[Entry]) -> str:
    return render_markdown(report_of(progress_of(entries), lambda before, after: ""))


@pytest.mark.parametrize(
    ("numbers", "harm"),
    [
        ((0.0, -0.04, 0.04), Harm.NONE),
        ((-0.02, -0.04, -0.01), Harm.NONE),
        ((0.0, -0.06, 0.06), Harm.OPEN),
        ((-0.1, -0.2, -0.01), Harm.SHOWN),
    ],
)
def test_a_release_is_harmless_only_where_the_lower_bound_is_above_minus_the_margin(
    numbers: tuple[float, float, float], harm: Harm
) -> None:
    entries = guarded(*numbers)
    told: Any = summary_of(progress_of(entries))["safety"]
    assert (told["suite"], told["margin"], told["found"]) == ("basics", MARGIN, harm.value)
    assert json.dumps(told)
    text = report(entries)
    assert f"safety suite basics: {harm.value}, start 80.0 %" in text
    assert ("**Warning:** safety suite basics" in text) == (harm is not Harm.NONE)


def test_both_views_say_it() -> None:
    lines: list[str] = []
    view, state, out = PlainView(lines.append), RunState(), io.StringIO()
    for entry in guarded(-0.1, -0.2, -0.01):
        view.observe(entry)
        state.take(entry)
    Console(file=out, width=220, color_system=None).print(Picture(state=state))
    said = "safety suite basics: harm shown, start 80.0 %, release 70.0 %, −10.0 points"
    assert any(said in line for line in lines)
    assert said in out.getvalue()


def test_a_run_without_a_safety_suite_says_nothing_of_one() -> None:
    entries = example_run().entries
    assert summary_of(progress_of(entries))["safety"] is None
    assert "afety suite" not in report(entries)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (7, "114 cases at least to show a change harmless, the budget lasts for about 7 changes"),
        (0, "the rounds played on it are too few to show that of any change: raise the budget, safety.share or safety.margin"),
    ],
)
def test_step_0_says_what_can_be_shown_on_it(changes: int, words: str) -> None:
    seen = Calibration(
        trials=64, cases=64, repeated=8, answered=64, score=0.2, noise=0.0, between=0.1, floor=0.8, ceiling=0.2, programs=3000.0
    )
    guard = Safeguard(suite="basics", margin=MARGIN, cases=64, score=0.859, pairs=114, changes=changes)
    prospect = Prospect(trials=9, variance=0.1, cases=None, floor=None, rows=())
    for calibration in (seen, None):
        found = Calibrated(calibration=calibration, prospect=prospect, refused=None, programs=1, trial_cpu_s=None, safeguard=guard)
        assert "safety suite basics: version 0 scores 85.9 % there, 114 cases at least" in calibration_words(found)
        assert words in calibration_words(found)
