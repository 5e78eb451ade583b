"""The built-in agent improves a program that is not its own, in real jails, without a model: to a certified verdict."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rsi.cli.working import prove
from rsi.config import from_json
from rsi.core.protocols import Entry
from rsi.core.records import CandidateId
from rsi.kernel.archive.git import GitArchive
from rsi.loop.agents import load_agent
from rsi.loop.aim import Aim, told_of
from rsi.loop.run import run
from rsi.targets import load_target
from tests.unit.test_controls import FIXED, SCORE, SOLUTION, TARGET

CONFIG: dict[str, Any] = {
    "run": {"seed": 3, "programs": 260, "lanes": 2, "cycles": 3},
    "calibrate": {"share": 0.02},
    "practice": {"batches": 1, "tasks": 4, "programs": 4},
    "propose": {"count": 1, "programs": 40},
    "judge": {"course": "race", "alpha": 0.2, "horizon": 2, "block": 4, "max_pairs": 32, "programs": 1, "retest_share": 0.0},
    "certificate": {"pairs": 20, "programs": 1},
    "jail": {"wall_s": 60.0},
}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_seed_agent_makes_a_foreign_program_better_and_the_gain_is_certified(tmp_path: Path, jail_require: str) -> None:
    folder = tmp_path / "target"
    folder.mkdir()
    for name, text in (("rsi.toml", TARGET), ("fixed.py", FIXED), ("solution.py", SOLUTION), ("score.py", SCORE)):
        (folder / name).write_text(text)
    tier = {"require": "S1", "tier": "S1"} if jail_require == "S1" else {}
    config = from_json({**CONFIG, "target": str(folder), "agents": ["seed"], "jail": {**CONFIG["jail"], **tier}})
    target, seen = load_target(folder), list[Entry]()
    aim = Aim(target=target, agents={"seed": load_agent("seed")})
    with aim.parts(config) as parts:
        parts = replace(parts, prove=lambda tier: prove(tier, None))
        run(
            tmp_path / "run",
            config,
            target.files,
            workers=1,
            observer=seen.append,
            stop=threading.Event(),
            parts=parts,
            agents=aim.agents,
            target=told_of(target),
        )
    bodies = {entry.kind: entry.body for entry in seen if isinstance(entry.body, dict)}
    assert bodies["certificate.issued"]["certificate"]["low"] > 0
    made = bodies["proposal.made"]["proposal"]
    assert made["surface"] == "code" and "solution.py" in made["reason"] and made["prediction"]["p_better"] > 0.5
    assert bodies["run.ended"]["programs"] <= 260
    archive = GitArchive(tmp_path / "run" / "objects.git", create=False)
    release = archive.files(CandidateId(str(bodies["incumbent.changed"]["candidate"])))["solution.py"].decode()
    archive.close()
    space: dict[str, Any] = {}
    exec(release, space)  # noqa: S102 - the toy target of a test, edited by our own agent
    assert space["line"](1.5) == pytest.approx(4.5, abs=0.6)
