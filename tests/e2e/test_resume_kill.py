"""A run that is killed, again and again, ends exactly like one that is left alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rsi.kernel.audit.log import FileEventLog
from rsi.targets import make_target
from tests.architecture.source import ROOT
from tests.e2e.kill_driver import begin


def unbroken_digest(folder: Path, jail: str) -> str:
    assert begin(folder, jail, lambda entry: None)
    return FileEventLog.read(folder / "log.jsonl").digest()


def driven(mode: str, folder: Path, jail: str, count: int) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.e2e.kill_driver", mode, str(folder), jail, str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("count", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_at_random_moments_change_no_decision_lose_no_trial_and_repeat_none(tmp_path: Path, count: int) -> None:
    found = driven("random", tmp_path, "toy", count)
    assert found["digests"] == [unbroken_digest(tmp_path / "unbroken", "toy")]
    assert isinstance(found["kills"], int) and found["kills"] >= count
    assert (found["lost"], found["run again"]) == (0, 0)


def test_kills_while_a_tree_grows_and_while_it_is_ablated_change_no_decision(tmp_path: Path) -> None:
    found = driven("random", tmp_path, "tree", 40)
    assert found["digests"] == [unbroken_digest(tmp_path / "unbroken", "tree")]
    assert (found["lost"], found["run again"]) == (0, 0)


def test_kills_with_real_jails_change_no_decision_lose_no_trial_and_repeat_none(tmp_path: Path) -> None:
    found = driven("random", tmp_path, "S1", 8)
    assert found["digests"] == [unbroken_digest(tmp_path / "unbroken", "S1")]
    assert (found["lost"], found["run again"]) == (0, 0)


def test_kills_of_a_run_on_a_target_change_no_decision_lose_no_trial_and_repeat_none(tmp_path: Path, jail_require: str) -> None:
    make_target(tmp_path / "packing", "program")
    for jail, count in (("skill", 20), (f"{jail_require}={tmp_path / 'packing'}", 5)):
        digest = unbroken_digest(tmp_path / str(count) / "unbroken", jail)
        found = driven("random", tmp_path / str(count), jail, count)
        assert found["digests"] == [digest]
        assert isinstance(found["kills"], int) and found["kills"] >= count
        assert (found["lost"], found["run again"]) == (0, 0)


@pytest.mark.parametrize("mode", ["each", "full"])
def test_a_kill_after_each_entry_or_a_disk_that_fills_up_changes_no_decision(tmp_path: Path, mode: str) -> None:
    found = driven(mode, tmp_path, "toy", 100 if mode == "each" else 25)
    assert found["digests"] == [unbroken_digest(tmp_path / "unbroken", "toy")]
    assert (found["lost"], found["run again"]) == (0, 0)
