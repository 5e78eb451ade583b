"""`rsi run` from outside, as a process: finishing, finishing again, stopping, resuming, a disk that fills up."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rsi.testing.toy import toy_agent

SETTINGS = """
[run]
cycles = {cycles}
programs = {programs}
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
pairs = 40
programs = 20
[calibrate]
saturated = 1.0
[jail]
tier = "S1"
require = "S1"
"""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an agent and two configurations."""
    return furnished(tmp_path)


def furnished(folder: Path) -> Path:
    (folder / "agent").mkdir()
    for name, content in toy_agent().items():
        (folder / "agent" / name).write_bytes(content)
    (folder / "short.toml").write_text(SETTINGS.format(cycles=2, programs=30_000))
    (folder / "long.toml").write_text(SETTINGS.format(cycles=5_000, programs=900_000_000))
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Such a folder in which a short run is finished in `here`, and what that said."""
    folder = furnished(tmp_path_factory.mktemp("done"))
    return folder, rsi(folder, "short.toml", "--json", "--out", "here")


def command(place: Path, settings: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "rsi", "run", "--agent", str(place / "agent"), "--config", str(place / settings), *more]


def rsi(place: Path, settings: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(place, settings, *more), cwd=place, capture_output=True, text=True, timeout=100)


def test_a_run_tells_what_it_does_and_the_same_command_then_says_that_it_is_finished(place: Path) -> None:
    first, second = rsi(place, "short.toml"), rsi(place, "short.toml")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "cycle 1: practice: 0 of 3 solved" in first.stdout and "runs/agent-1 is finished" in first.stdout
    assert "\x1b" not in first.stdout and first.stderr == ""
    assert second.stdout.startswith("runs/agent-1 is finished already.")
    assert (place / "runs/agent-1/report.html").is_file()


def test_with_json_stdout_is_the_summary_and_the_view_goes_to_stderr(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    place, said = done
    assert said.returncode == 0 and "cycle 1" in said.stderr
    summary = json.loads(said.stdout)
    assert {"run", "seed", "programs", "proposals", "trials", "accepted", "start", "release", "claim", "wall_s", "cpu_s"} <= set(summary)
    assert summary == json.loads((place / "here/summary.json").read_text())


def test_other_settings_for_a_folder_that_has_a_run_are_refused(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    again = rsi(done[0], "short.toml", "--out", "here", "--programs", "31_000")
    assert again.returncode == 2
    assert "run.programs = 30000, not 31000" in again.stderr and len(again.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_so_and_the_same_command_takes_it_up_again(place: Path, number: signal.Signals) -> None:
    code, err = stop_after(place, number, entries=12)
    assert code == 3 and "resume with the same command" in err and len(err.splitlines()) == 1
    before = (place / "run/log.jsonl").read_bytes()
    code, _ = stop_after(place, number, entries=before.count(b"\n") + 12)
    after = (place / "run/log.jsonl").read_bytes()
    assert code == 3 and after.startswith(before) and len(after) > len(before)


def stop_after(place: Path, number: signal.Signals, entries: int) -> tuple[int, str]:
    """Start the long run and stop all of its processes once its log has so many entries."""
    process = subprocess.Popen(
        command(place, "long.toml", "--out", str(place / "run")),
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while count(place / "run/log.jsonl") < entries and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, number)
    err = process.communicate(timeout=60)[1]
    return process.returncode, err


def count(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_disk_that_fills_up_ends_the_run_with_one_line_and_loses_nothing(place: Path) -> None:
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))

    full = subprocess.run(
        command(place, "long.toml", "--out", str(place / "run")),
        cwd=place,
        capture_output=True,
        text=True,
        timeout=100,
        preexec_fn=small_disk,
    )
    assert full.returncode == 2 and len(full.stderr.splitlines()) == 1 and "Traceback" not in full.stderr
    written = (place / "run/log.jsonl").read_bytes()
    code, _ = stop_after(place, signal.SIGINT, entries=written.count(b"\n") + 5)
    after = (place / "run/log.jsonl").read_bytes()
    assert code == 3 and after.startswith(written[: written.rfind(b"\n") + 1]) and count(place / "run/log.jsonl") > written.count(b"\n")


def test_a_reader_that_goes_away_ends_the_output_quietly(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    piped = f"{sys.executable} -m rsi show here --json | head -c 1 >/dev/null"
    shown = subprocess.run(piped, cwd=done[0], shell=True, capture_output=True, text=True, timeout=60)
    assert shown.stderr == ""
