"""`rsi doctor --attack` on this very machine, at every tier that it reaches."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from rsi.attacks import ATTACKS
from rsi.kernel.sandbox import TIERS, unreachable

REACHED = [tier for tier in TIERS if unreachable(tier) is None]

pytestmark = pytest.mark.timeout(420)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the whole suite says at every tier, and how the commands ended; side by side, since attacks mostly wait."""
    state = tmp_path_factory.mktemp("state")
    environment = {**os.environ, "RSI_STATE": str(state)}
    command = [sys.executable, "-m", "rsi", "doctor", "--attack", "--json", "--tier"]
    going = [
        subprocess.Popen([*command, tier], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for tier in REACHED
    ]
    said = [process.communicate(timeout=400) for process in going]
    assert all(process.returncode in (0, 1) for process in going), [errors for _, errors in said]
    found = [json.loads(text) for text, _ in said]
    return {
        "results": {tier: results for one in found for tier, results in one["results"].items()},
        "proofs": {tier: proof for one in found for tier, proof in one["proofs"].items()},
        "ok": all(one["ok"] for one in found),
        "code": max(process.returncode for process in going),
        "kept": sorted(path.name[:7] for path in state.iterdir()),
    }


def test_nothing_gets_through_that_a_tier_promises_to_hold(told: dict[str, Any]) -> None:
    through = [result for results in told["results"].values() for result in results if result["status"] == "got through"]
    assert through == []
    assert told["ok"] and told["code"] == 0


def test_every_attack_was_tried_at_every_tier_that_is_there(told: dict[str, Any]) -> None:
    assert set(told["results"]) == set(REACHED)
    assert all([result["attack"] for result in results] == [attack.id for attack in ATTACKS] for results in told["results"].values())


def test_what_was_shown_is_kept_for_the_runs_to_come(told: dict[str, Any]) -> None:
    assert told["kept"] == sorted(f"jail-{tier}" for tier in REACHED)
    assert all(proof["suite"] == "full" and proof["got_through"] == [] for proof in told["proofs"].values())


def test_names_are_unique_and_every_number_of_the_list_is_there_in_its_order() -> None:
    names = [attack.id for attack in ATTACKS]
    numbers = list(dict.fromkeys(name.partition("-")[0] for name in names))
    assert len(set(names)) == len(names)
    assert numbers == [f"A{n:02}" for n in range(1, 52)] + [f"N{n}" for n in range(1, 8)] + ["P1", "P2"]
