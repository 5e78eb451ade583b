"""The seed agent improves itself in a small real run, through the command line and in whatever jail this machine offers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SETTINGS = """
[run]
cycles = 2
programs = 900_000
[practice]
batches = 2
tasks = 150
programs = 100_000
[propose]
count = 3
programs = 2_000
[judge]
alpha = 0.9
horizon = 4
block = 16
max_pairs = 64
programs = 1_500
[certificate]
pairs = 32
programs = 2_000
"""

pytestmark = pytest.mark.timeout(240)


def rsi(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "rsi", *words], cwd=place, capture_output=True, text=True, timeout=200)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, jail_require: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run that is over, and what it said."""
    place = tmp_path_factory.mktemp("seed")
    (place / "small.toml").write_text(f'{SETTINGS}[jail]\nrequire = "{jail_require}"\n')
    return place, rsi(place, "run", "--config", "small.toml", "--out", "run")


def kinds(run: Path) -> list[str]:
    return [json.loads(line)["kind"] for line in (run / "log.jsonl").read_text().splitlines()]


def kept(run: Path) -> list[Any]:
    summary = json.loads((run / "summary.json").read_text())
    return list(summary["accepted"])


def test_a_run_ends_well_and_says_what_it_kept_or_that_it_kept_nothing(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    place, done = finished
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "" and "trying parameters" in done.stdout
    accepted = kept(place / "run")
    assert done.stdout.count("KEPT ") == len(accepted)
    if accepted:
        assert "Certified gain on sealed cases" in done.stdout or "gain" in done.stdout.splitlines()[-2]
    else:
        assert "No improvement found: no change was shown to be better, the release is the start." in done.stdout


def test_its_log_has_practice_proposals_tests_and_an_end(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    found = kinds(finished[0] / "run")
    assert found[0] == "run.started" and found[-1] == "run.ended"
    assert {"job.done", "cycle.opened", "proposal.made", "test.opened", "trials.done"} <= set(found)
    assert "proposal.malformed" not in found


def test_no_call_to_the_agent_failed(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    lines = [json.loads(line) for line in (finished[0] / "run/log.jsonl").read_text().splitlines()]
    jobs = [line["body"] for line in lines if line["kind"] == "job.done"]
    assert {job["call"] for job in jobs} >= {"build", "practise", "diagnose", "propose"}
    assert [job["reason"] for job in jobs if job["outcome"] != "answered"] == []


def test_a_stranger_can_read_about_it(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    run = finished[0] / "run"
    assert "parameters" in (run / "report.md").read_text() and "<svg" in (run / "report.html").read_text()
    summary = json.loads((run / "summary.json").read_text())
    assert 0 < summary["programs"] <= 900_000 and summary["proposals"] >= 1 and summary["trials"] > 0


def test_every_verdict_can_be_derived_again_and_trials_give_the_same_again(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    done = rsi(finished[0], "verify", "run", "--rejudge", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 differ" in done.stdout and "verified" in done.stdout


@pytest.mark.slow
def test_in_the_frozen_control_version_0_goes_on_improving(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    place, _ = finished
    done = rsi(place, "run", "--config", "small.toml", "--frozen-improver", "--out", "frozen")
    assert done.returncode == 0, done.stdout + done.stderr
    found = kinds(place / "frozen")
    assert found.count("proposal.made") >= found.count("cycle.opened") > 0 and "proposal.refused" not in found
    assert rsi(place, "verify", "frozen").returncode == 0


@pytest.mark.slow
def test_one_worker_and_two_decide_the_same(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    place, _ = finished
    assert rsi(place, "run", "--config", "small.toml", "--out", "one", "--workers", "1").returncode == 0
    digests = [json.loads((place / run / "log.jsonl").read_text().splitlines()[-1]) for run in ("run", "one")]
    assert digests[0]["body"] == digests[1]["body"]
