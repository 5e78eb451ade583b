"""How many pairs a change may have: a number from the configuration, twice as many for one that is nearly sure to be better."""

import threading
from pathlib import Path
from typing import Any

from rsi.core.protocols import Entry, Files
from rsi.loop.run import run
from rsi.testing.toy import toy_agent, toy_config, toy_parts

MOST = 160
PROPOSE = """
def propose(payload):
    files = payload["target"]["files"]
    made = [] if "notes/good.txt" in files else [_edit(files, "training", "notes/good.txt", "better\\n", 0.3)]
    return {"proposals": made, "memory": payload["memory"], "programs": payload["programs"]}


def build(payload):
    try:
        return {"power": 0.3 + GAIN * bool(_read("notes/good.txt"))}
    except FileNotFoundError:
        return {"power": 0.3}


def solve(payload):
    power = json.loads(_read("build.json"))["power"]
    return {"answers": [_answer(case, power, payload["programs"]) for case in payload["cases"]]}
"""


def agent(gain: float) -> Files:
    """It knows one change."""
    files = toy_agent()
    return {**files, "main.py": (files["main.py"].decode() + PROPOSE.replace("GAIN", repr(gain))).encode()}


def ended(folder: Path, gain: float, seed: int) -> tuple[str, int, float]:
    """How the test of the change ended: verdict, pairs, P(better)."""
    seen = list[Entry]()
    settings = toy_config(seed=seed, programs=60_000, max_pairs=MOST, alpha=0.0001, fewest=100)
    run(folder, settings, agent(gain), workers=1, observer=seen.append, stop=threading.Event(), parts=toy_parts(settings))
    given: Any = next(entry.body for entry in seen if entry.kind == "verdict.given")
    return given["verdict"]["is"], given["verdict"]["effect"]["pairs"], given["belief"]["p_better"]


def test_a_change_that_is_nearly_sure_to_be_better_may_have_twice_as_many_pairs(tmp_path: Path) -> None:
    found = [ended(tmp_path / str(seed), 0.15, seed) for seed in range(8)]
    late = [pairs for verdict, pairs, _ in found if verdict == "Accepted" and pairs > MOST]
    assert late and max(late) <= 2 * MOST
    assert all(pairs >= 2 * MOST or p_better < 0.9 for verdict, pairs, p_better in found if verdict == "Rejected")


def test_a_change_that_does_nothing_has_no_more_pairs_than_it_may(tmp_path: Path) -> None:
    for seed in range(3):
        verdict, pairs, p_better = ended(tmp_path / str(seed), 0.0, seed)
        assert verdict == "Rejected" and pairs <= MOST + 4 and p_better < 0.9
