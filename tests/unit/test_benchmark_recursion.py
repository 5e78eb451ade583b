"""`benchmarks.recursion`: what its table says of runs."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.recursion import line_of, table
from benchmarks.recursion_pooled import draw, gains_of, pooled
from benchmarks.seed import Plan
from rsi.bench.improvers.results import Results, results_of
from rsi.kernel.judge import Episode

PLAN = Plan(seed=3, frozen=False, folder=Path("runs"))


def episodes(gain: float, wobble: float) -> list[Episode]:
    """An improver that gains so much on average."""
    return [
        Episode(problem=f"p{k}", seed=0, family="f", start=0.4, final=0.4 + gain + wobble * (-1) ** k, used=160, curve=((10, gain),))
        for k in range(40)
    ]


def compared() -> Results:
    found = {"version 0": episodes(0.1, 0.02), "version 2": episodes(0.2, 0.04), "random": episodes(0.05, 0.0), "sham": episodes(0.1, 0.02)}
    return results_of(["version 0", "version 2"], found, problems=40, repetitions=1, budget=160, alpha=0.05)


def test_a_run_is_told_by_the_ratio_of_its_release_with_the_interval_and_everybodys_gains() -> None:
    line = line_of(PLAN, compared())
    assert (line.seed, line.kept, line.compounding) == (3, 2, False)
    assert line.rho is not None and abs(line.rho - 2) < 1e-9
    assert line.low is not None and line.high is not None and line.low < 2 < line.high
    assert line.gains == {"zero": 10.0, "release": 20.0, "random": 5.0, "sham": 10.0}


def test_a_run_that_kept_nothing_has_the_ratio_one_and_no_interval() -> None:
    line = line_of(PLAN, None)
    assert (line.rho, line.low, line.high, line.kept) == (1.0, None, None, 0)


def test_the_table_has_a_line_for_each_run_and_the_mean_over_seeds_of_each_arm_and_of_their_differences() -> None:
    lines = [
        line_of(PLAN, compared()),
        line_of(Plan(seed=4, frozen=False, folder=Path()), None),
        line_of(Plan(seed=3, frozen=True, folder=Path()), None),
    ]
    text = table(lines)
    assert len(text) == 1 + 3 + 5
    assert text[4].startswith("recursive: mean ρ over 2 seeds 1.50 (") and text[-2] == "frozen: mean ρ over 1 seeds 1.00"
    assert text[5:7] == ["recursive: release − sham in points 10.00", "recursive: release − random in points 15.00"]
    assert text[-1] == "recursive − frozen: ρ over 1 seeds 1.00"


def test_runs_together_are_told_by_total_gains_with_an_interval_over_their_problems() -> None:
    zero = [0.1 + 0.02 * (-1) ** k for k in range(40)]
    better = {"version 0": zero, "version 1": zero, "release": [2 * gain for gain in zero], "sham": zero[::-1]}
    runs = [better, {"version 0": zero, "version 1": zero, "release": zero, "sham": zero}]
    assert len(pooled(runs)) == 3
    release, zero_row, sham = (next(row for row in pooled(runs) if row.name == name) for name in ("release", "version 0", "sham"))
    assert abs(release.ratio - 1.5) < 1e-9 and abs(release.gain - 15) < 1e-9 and release.by_run == pytest.approx((2, 1))
    assert 1.4 < release.low <= 1.5 <= release.high < 1.6
    assert (zero_row.low, zero_row.ratio, zero_row.high) == (1.0, 1.0, 1.0)
    assert sham.low < 1 < sham.high and sham.ratio == pytest.approx(1)


def test_an_improver_that_missed_a_run_is_not_told_of_and_the_picture_has_all_the_others() -> None:
    rows = pooled([{"version 0": [0.1, 0.2], "release": [0.3, 0.2], "tpe": [0.1, 0.1]}, {"version 0": [0.1, 0.1], "release": [0.1, 0.2]}])
    assert {row.name for row in rows} == {"version 0", "release"}
    picture = ElementTree.fromstring(draw(rows, [1.0, 1.9]))
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("release") == texts.count("frozen control") == 1 and "1.45" in texts


def test_the_gains_of_a_run_are_read_from_what_it_wrote_and_there_are_none_where_nothing_was_compared(tmp_path: Path) -> None:
    assert gains_of(tmp_path) is None
    played = {"version 0": [{"start": 0.4, "final": 0.5}], "version 3": [{"start": 0.4, "final": 0.7}]}
    (tmp_path / "recursion").mkdir()
    whole = {"episodes": played, "results": {"versions": ["version 0", "version 3"]}}
    (tmp_path / "recursion" / "improver.json").write_text(json.dumps(whole))
    assert gains_of(tmp_path) == {"version 0": [pytest.approx(0.1)], "release": [pytest.approx(0.3)]}
