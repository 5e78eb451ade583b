"""`benchmarks.recursion`: what its table says of runs."""

from pathlib import Path

from benchmarks.recursion import line_of, table
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


def test_the_table_has_a_line_for_each_run_and_the_mean_over_seeds_of_each_arm() -> None:
    lines = [
        line_of(PLAN, compared()),
        line_of(Plan(seed=4, frozen=False, folder=Path()), None),
        line_of(Plan(seed=3, frozen=True, folder=Path()), None),
    ]
    text = table(lines)
    assert len(text) == 1 + 3 + 2
    assert text[-2].startswith("recursive: mean ρ over 2 seeds 1.50 (") and text[-1] == "frozen: mean ρ over 1 seeds 1.00"
