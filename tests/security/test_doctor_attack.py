"""`rsi doctor --attack` on this very machine, at every tier that it reaches."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rsi.attacks import ATTACKS
from rsi.kernel.sandbox import TIERS, unreachable

REACHED = [tier for tier in TIERS if unreachable(tier) is None]

pytestmark = pytest.mark.timeout(420)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the whole suite says, and how the command ended."""
    environment = {**os.environ, "RSI_STATE": str(tmp_path_factory.mktemp("state"))}
    command = [sys.executable, "-m", "rsi", "doctor", "--attack", "--tier", "all", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode in (0, 1), done.stderr
    kept = sorted(path.name[:7] for path in Path(environment["RSI_STATE"]).iterdir())
    return {**json.loads(done.stdout), "code": done.returncode, "kept": kept}


def test_nothing_gets_through_that_a_tier_promises_to_hold(told: dict[str, Any]) -> None:
    through = [result for results in told["results"].values() for result in results if result["status"] == "got through"]
    assert through == []
    assert told["ok"] and told["code"] == 0


def test_every_attack_was_tried_at_every_tier_that_is_there_and_the_others_are_named_with_the_reason(told: dict[str, Any]) -> None:
    assert set(told["results"]) == set(REACHED)
    assert all([result["attack"] for result in results] == [attack.id for attack in ATTACKS] for results in told["results"].values())
    assert all(reason for reason in told["not_reached"].values()) and not set(told["not_reached"]) & set(REACHED)


def test_what_was_shown_is_kept_for_the_runs_to_come(told: dict[str, Any]) -> None:
    assert told["kept"] == sorted(f"jail-{tier}" for tier in REACHED)
    assert all(proof["suite"] == "full" and proof["got_through"] == [] for proof in told["proofs"].values())


def test_names_are_unique_and_every_number_of_the_list_is_there_in_its_order() -> None:
    names = [attack.id for attack in ATTACKS]
    numbers = list(dict.fromkeys(name.partition("-")[0] for name in names))
    assert len(set(names)) == len(names)
    assert numbers == [f"A{n:02}" for n in range(1, 52)] + [f"N{n}" for n in range(1, 8)] + ["P1", "P2"]
