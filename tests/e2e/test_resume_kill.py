"""A run that is killed, again and again, ends exactly like one that is left alone."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.sandbox import open_jail
from rsi.loop.run import run
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts

DRIVER = Path(__file__).with_name("kill_driver.py")
SEED = 3


def unbroken_digest(folder: Path, jail: str) -> str:
    config = toy_config(seed=SEED, course="tree" if jail == "tree" else "race")
    parts = toy_parts(config, ToyJail if jail in ("toy", "tree") else lambda: open_jail((), jail))
    run(folder, config, toy_agent(), workers=2, observer=lambda entry: None, stop=threading.Event(), parts=parts)
    return FileEventLog.read(folder / "log.jsonl").digest()


def driven(mode: str, folder: Path, jail: str, count: int) -> dict[str, object]:
    command = [sys.executable, str(DRIVER), mode, str(folder), jail, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
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
    found = driven("random", tmp_path, "S1", 12)
    assert found["digests"] == [unbroken_digest(tmp_path / "unbroken", "S1")]
    assert (found["lost"], found["run again"]) == (0, 0)


@pytest.mark.parametrize("mode", ["each", "full"])
def test_a_kill_after_each_entry_or_a_disk_that_fills_up_changes_no_decision(tmp_path: Path, mode: str) -> None:
    found = driven(mode, tmp_path, "toy", 100 if mode == "each" else 25)
    assert found["digests"] == [unbroken_digest(tmp_path / "unbroken", "toy")]
    assert (found["lost"], found["run again"]) == (0, 0)
