"""The benchmark of seeds: its statistics, its curves, its cases, and one whole round with the toy agent."""

import json
import random
import statistics
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.seed import Plan, command, main
from benchmarks.seed_figure import Line, draw, standalone
from benchmarks.seed_report import accepted_document, short_diff
from benchmarks.seed_stats import bootstrap_over_cases, mean_curve, step_at, t_estimate, t_quantile
from benchmarks.seed_summary import curve_of, estimates, kept_by_surface, paired
from benchmarks.seed_trials import HARD, Result, Run, Version, fresh_cases
from rsi.analytics import progress_of
from rsi.core.records import Pool
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.reports.markdown import render_markdown
from rsi.suites import secret_seeds, suite
from rsi.testing.events import example_run
from rsi.testing.toy import toy_agent

ROOT = Path(__file__).parents[2]
SETTINGS = """
agent = {agent}
[run]
cycles = 1
programs = 8_000
[practice]
batches = 2
tasks = 3
programs = 500
[propose]
count = 3
programs = 200
[judge]
alpha = 0.5
horizon = 500
block = 12
open = 2
max_pairs = 64
programs = 20
[certificate]
pairs = 10
programs = 20
[jail]
tier = "S1"
require = "S1"
"""


def version(number: int, programs: int, solved: int, cases: int = 30) -> Version:
    hard = tuple(Result(case=str(i), family=HARD[i % 3], label="solved" if i < solved else "not found") for i in range(cases))
    return Version(number=number, candidate=f"c{number}", programs=programs, surface="code" if number else "", hard=hard, outside=hard)


def made_up(seed: int, *, frozen: bool, solved: tuple[int, ...]) -> Run:
    versions = tuple(version(number, 1_000_000 * number, count) for number, count in enumerate(solved))
    return Run(seed=seed, frozen=frozen, folder=Path("nowhere"), progress=progress_of(example_run().entries), versions=versions)


@pytest.mark.parametrize(("degrees", "quantile"), [(1, 12.706), (4, 2.776), (10, 2.228), (11, 2.201), (30, 2.042), (1000, 1.962)])
def test_quantiles_of_students_t_are_those_of_the_tables(degrees: int, quantile: float) -> None:
    assert t_quantile(degrees) == pytest.approx(quantile, abs=0.001)


def test_the_interval_over_seeds_is_students_and_one_seed_has_none() -> None:
    three = t_estimate([1.0, 2.0, 3.0])
    assert (three.mean, three.n) == (2.0, 3)
    assert [three.low, three.high] == pytest.approx([2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5])
    assert (t_estimate([5.0]).low, t_estimate([5.0]).high) == (None, None)
    with pytest.raises(ValueError, match="at least one"):
        t_estimate([])


@pytest.mark.statistical
def test_intervals_over_seeds_cover_the_truth_as_often_as_they_say() -> None:
    rng = random.Random(1)
    found = [t_estimate([rng.gauss(3, 2) for _ in range(5)]) for _ in range(4_000)]
    covered = statistics.fmean(one.low is not None and one.high is not None and one.low <= 3 <= one.high for one in found)
    assert 0.935 < covered < 0.965


@pytest.mark.statistical
def test_intervals_over_cases_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = random.Random(2)

    def estimates_of_zero_mean() -> Iterator[bool]:
        for _ in range(300):
            rows = [rng.choices((-1.0, 0.0, 1.0), weights=(1, 3, 1), k=60) for _ in range(2)]
            one = bootstrap_over_cases(rows, rng, rounds=200)
            yield one.low is not None and one.high is not None and one.low <= 0 <= one.high

    assert 0.88 < statistics.fmean(estimates_of_zero_mean()) < 0.985


def test_a_bootstrap_over_cases_gives_the_mean_sum_per_seed_and_no_width_to_equal_differences() -> None:
    same = bootstrap_over_cases([[1.0] * 10, [0.0] * 10], random.Random(0), rounds=50)
    assert (same.mean, same.low, same.high, same.n) == (5.0, 5.0, 5.0, 20)
    with pytest.raises(ValueError, match="every seed"):
        bootstrap_over_cases([[1.0], []], random.Random(0))


def test_a_step_curve_stays_at_a_value_until_the_next() -> None:
    steps = [(0.0, 4.0), (10.0, 6.0), (10.0, 7.0), (20.0, 9.0)]
    assert [step_at(steps, x) for x in (0, 9.9, 10, 19, 20, 99)] == [4, 4, 7, 7, 9, 9]


def test_the_mean_curve_changes_where_any_seed_changes_and_ends_at_the_budget() -> None:
    curve = mean_curve([[(0, 4), (10, 8)], [(0, 6), (30, 10), (60, 99)]], end=50)
    assert [(point.x, point.value.mean) for point in curve] == [(0, 5), (10, 7), (30, 9), (50, 9)]
    assert all(point.value.n == 2 for point in curve)


def test_fresh_cases_are_hard_the_same_every_time_and_in_no_pool_of_any_such_run() -> None:
    cases = fresh_cases(3, 9)
    assert [case.family for case in cases] == [*HARD] * 3
    assert cases == fresh_cases(3, 9)
    of_runs = {c.id for seed in (3, 10_003) for pool in Pool for c in suite("list_functions", secret_seeds(seed)).cases(pool, 0, 12)}
    assert not of_runs & {case.id for case in cases}
    assert not {case.id for case in cases} & {case.id for case in fresh_cases(4, 9)}


def test_arms_are_compared_pair_by_pair_and_a_seed_without_its_control_is_left_out() -> None:
    runs = [
        made_up(1, frozen=False, solved=(5, 9)),
        made_up(1, frozen=True, solved=(5, 6)),
        made_up(2, frozen=False, solved=(4, 8)),
        made_up(2, frozen=True, solved=(4,)),
        made_up(3, frozen=False, solved=(0, 30)),
    ]
    assert [(one.seed, other.seed) for one, other in paired(runs)] == [(1, 1), (2, 2)]
    found = estimates(runs)
    assert found["recursive − frozen: hard tasks, over seeds"].mean == 3.5
    assert found["recursive − frozen: hard tasks, over cases"].mean == 3.5
    assert found["recursive − frozen: outside tasks, over seeds"].mean == 3.5
    assert found["recursive: hard tasks, release"].n == 3
    assert kept_by_surface(runs[0]) == {"code": 1}
    assert [(point.x, point.value.mean) for point in curve_of(runs, frozen=True)] == [(0, 4.5), (1_000_000, 5), (40_000_000, 5)]


def test_arms_that_were_asked_other_cases_are_not_compared() -> None:
    one, other = made_up(1, frozen=False, solved=(5,)), made_up(1, frozen=True, solved=(5,))
    strange = Version(number=0, candidate="c0", programs=0, surface="", hard=one.release.hard[1:], outside=None)
    moved = Run(seed=1, frozen=True, folder=other.folder, progress=other.progress, versions=(strange,))
    with pytest.raises(ValueError, match="same cases"):
        estimates([one, moved])


def test_a_drawing_is_well_formed_and_names_its_lines_where_they_end() -> None:
    curve = mean_curve([[(0, 40), (5e6, 80)], [(0, 44), (2e6, 60)]], end=1e7)
    lone = mean_curve([[(0, 40), (9e6, 66)]], end=1e7)
    lines = [
        Line(name="a<b", colour="var(--accent)", dashed=False, points=curve),
        Line(name="alone", colour="red", dashed=True, points=lone),
    ]
    root = ElementTree.fromstring(standalone(draw(lines, cases=200, x_name="programs")))
    words = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"a<b 70.0", "alone 66.0", "programs", "10.0 M"} <= set(words)
    assert sum(element.tag.endswith("path") for element in root.iter()) == 3


def test_a_short_diff_puts_sources_first_and_cuts_data() -> None:
    data = "--- a/corpus.json\n+++ b/corpus.json\n@@ -1 +1,50 @@\n" + "+[1, 2]\n" * 50
    source = "--- a/train.py\n+++ b/train.py\n@@ -1 +1,20 @@\n" + "+x = 1\n" * 20
    told = short_diff(data + source, "v3")
    assert told.startswith("--- a/train.py") and told.count("+x = 1") == 20
    assert told.count("+[1, 2]") < 15 and told.endswith("more lines: rsi diff RUN v3")


def test_the_same_command_makes_a_run_and_takes_it_up_again() -> None:
    line = command(Plan(seed=4, frozen=True, folder=Path("out/run-4")), programs="3M", config=None, workers=1)
    assert line[1:4] == ["-m", "rsi", "run"] and line[-1] == "--frozen-improver"
    assert line[line.index("--programs") + 1] == "3M" and "--config" not in line


def test_help_says_how_to_start_it() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks.seed", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "--measure-only" in done.stdout and not done.stderr


def test_without_a_finished_run_there_is_nothing_to_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--measure-only", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.timeout(110)
def test_a_whole_round_with_the_toy_agent_gives_a_report_and_a_second_round_measures_nothing_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agent").mkdir()
    for name, content in toy_agent().items():
        (tmp_path / "agent" / name).write_bytes(content)
    (tmp_path / "c.toml").write_text(SETTINGS.format(agent=json.dumps(str(tmp_path / "agent"))))
    out = tmp_path / "out"
    line = ["--seeds", "1", "--config", str(tmp_path / "c.toml"), "--out", str(out), "--jobs", "2", "--workers", "1"]
    line += ["--cases", "6", "--case-programs", "50"]
    assert main(line) == 0, capsys.readouterr().err
    told = json.loads((out / "report.json").read_text())
    assert [(run["seed"], run["arm"]) for run in told["runs"]] == [(1, "recursive"), (1, "frozen")]
    assert all(len(run["versions"]) == 1 + sum(run["kept"].values()) for run in told["runs"])
    assert {"report.html", "report.md", "seed.svg", "accepted.md"} <= {path.name for path in out.iterdir()}
    kept = {path: path.stat().st_mtime_ns for path in (out / "trials").iterdir()}
    assert kept and main(line) == 0
    assert {path: path.stat().st_mtime_ns for path in (out / "trials").iterdir()} == kept
    assert json.loads((out / "report.json").read_text()) == told


def test_the_document_of_changes_shows_those_of_the_recursive_arm_with_their_diffs(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path / "objects.git")
    story = example_run(archive=archive)
    archive.close()
    log = FileEventLog(tmp_path / "log.jsonl", kernel="0" * 16)
    for entry in story.entries:
        log.append(entry.kind, entry.body, entry.clock)
    log.close()
    progress = progress_of(story.entries)
    versions = tuple(
        Version(number=one.number, candidate=one.candidate, programs=one.programs, surface="code", hard=(), outside=None)
        for one in progress.incumbents
    )
    text, control = (
        render_markdown(accepted_document([Run(seed=7, frozen=frozen, folder=tmp_path, progress=progress, versions=versions)]))
        for frozen in (False, True)
    )
    changes = len(versions) - 1
    assert changes > 0 and text.count("```diff") == changes
    assert [text.count(f"**{word}**") for word in ("Reason", "Prediction", "Believed")] == [changes] * 3
    assert "```diff" not in control
