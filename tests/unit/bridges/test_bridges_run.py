"""Whole runs in which somebody from outside takes part: a person through the inbox, a coding agent through sessions."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rsi.cli.main import main
from rsi.config.model import from_json
from rsi.core.codec import sha256_hex
from rsi.core.protocols import Entry, Execution, Limits, Reply, Score, Serve
from rsi.core.records import Case, Clock, Json, Outcome, Pool
from rsi.loop.agents import load_agent
from rsi.loop.outside import Outside
from rsi.loop.parts import Parts
from rsi.loop.run import run
from rsi.loop.verify import verify
from rsi.suites import Seasonal, commitment, secret_seeds
from rsi.testing.toy import ToyJail, ToySuite, toy_agent, toy_config, toy_parts
from tests.unit.bridges.test_bridges_hand import begin

NAME = "cmd:helper"
TARGET = {
    "rsi-agent.toml": b'name = "level"\nentry = "main"\n\n[surfaces]\ncode = ["level.py"]\n',
    "main.py": b"import hashlib\nimport level\n\n\ndef solve(question):\n"
    b"    luck = int(hashlib.sha256(question['id'].encode()).hexdigest()[:8], 16) / 2**32\n"
    b"    return 1.0 if luck < level.LEVEL else 0.0\n",
    "level.py": b"LEVEL = 0.25\n",
}


class Levels(ToySuite):
    """Cases on which the target is itself the program."""

    def execution(self, pool: Pool) -> Execution:  # type: ignore[override]  # the toy suite has none
        return Execution(module="main", function="solve", limits=Limits(), is_shared=False)

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        value = float(outputs) if isinstance(outputs, float) else None
        return Score(value=value, label="right" if value else "wrong")


def bodies(entries: Sequence[Entry], kind: str) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in entries if entry.kind == kind and isinstance(entry.body, dict)]


def helper(message: Json, serve: Serve) -> Reply:
    """An agent from outside that tries one case and makes the target better."""
    assert isinstance(message, dict) and isinstance(target := message["target"], dict) and isinstance(files := target["files"], dict)
    level = float(str(files["level.py"]).partition("=")[2])
    after = f"LEVEL = {min(0.95, level + 0.4)}\n"
    tried = serve({"evaluate": {"files": {"level.py": after}, "cases": [0]}})
    assert isinstance(tried, dict) and isinstance(tried["results"], list) and len(tried["results"]) == 1
    from_here = {"path": "level.py", "before": sha256_hex(str(files["level.py"]).encode()), "after": after}
    proposal: Json = {
        "surface": "code",
        "limitation": "",
        "reason": "a higher level",
        "edits": [from_here],  # type: ignore[list-item]  # texts are plain data
        "prediction": {"p_better": 0.9, "low": 0.0, "high": 0.5},
    }
    value: Json = {"proposals": [proposal], "memory": None, "programs": 0, "usage": {"dollars": 0.5}}
    return Reply(outcome=Outcome.ANSWERED, value=value, reason="", stdout="", stderr="", clock=Clock())


def test_an_agent_from_outside_improves_a_target_and_the_log_names_it(tmp_path: Path) -> None:
    config = from_json(
        {
            "target": "t",
            "agents": [NAME],
            "run": {"seed": 1, "programs": 1_500, "lanes": 2, "cycles": 2},
            "practice": {"batches": 1, "tasks": 4, "programs": 4},
            "propose": {"count": 2, "programs": 8},
            "judge": {"course": "race", "alpha": 0.5, "horizon": 4, "block": 4, "open": 2, "max_pairs": 96, "programs": 1},
            "certificate": {"pairs": 30, "programs": 1},
            "jail": {"tier": "S1", "wall_s": 20.0},
        }
    )
    seeds = secret_seeds(1)
    parts = Parts(
        make_jail=ToyJail,
        suite=Seasonal(Levels, seeds, config.judge.season),
        secrets={pool.value: str(seeds[pool]) for pool in Pool if pool is not Pool.SAFETY},
        commitments={pool.value: commitment(seeds[pool]) for pool in Pool if pool is not Pool.SAFETY},
        outside={NAME: Outside(propose=helper, wall_s=5.0)},
    )
    seen: list[Entry] = []
    told: Json = {"name": "level", "kind": "program", "brief": "b", "metric": None, "protected": [], "case": None}
    run(
        tmp_path,
        config,
        TARGET,
        workers=1,
        observer=seen.append,
        stop=threading.Event(),
        parts=parts,
        agents={NAME: load_agent(NAME)},
        target=told,
    )
    asked = [body for body in bodies(seen, "job.done") if body["call"] == "propose"]
    assert asked and all(body["agent"] == NAME and body["outcome"] == "answered" for body in asked)
    assert {body["agent"] for body in bodies(seen, "proposal.made")} == {NAME}
    assert bodies(seen, "incumbent.changed") and seen[-1].kind == "run.ended"


def test_a_change_made_by_hand_in_a_stopped_run_is_judged_when_it_goes_on_and_the_run_verifies(tmp_path: Path) -> None:
    going, work = begin(tmp_path / "run", 60), tmp_path / "work"
    assert main(["propose", str(going), "--out", str(work)]) == 0
    (work / "tree" / "bonus.py").write_text("BONUS = 0.4\n")
    assert main(["submit", str(work), "--reason", "much more skill", "--by", "ada"]) == 0
    config, seen = toy_config(seed=3), list[Entry]()
    run(going, config, toy_agent(), workers=1, observer=seen.append, stop=threading.Event(), parts=toy_parts(config))
    (made,) = [body for body in bodies(seen, "proposal.made") if body.get("agent") == "hand:ada"]
    assert made["proposal"]["reason"] == "much more skill"
    assert made["proposal"]["id"] in {body["proposal"] for body in bodies(seen, "verdict.given")}
    assert verify(going, parts=toy_parts(config)).ok
