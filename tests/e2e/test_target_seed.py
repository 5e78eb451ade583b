"""The built-in agent improves what is not its own, in real jails, without a model: each template to a certified verdict."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rsi.cli.main import main
from rsi.core.records import CandidateId
from rsi.kernel.archive.git import GitArchive
from rsi.targets import TEMPLATES
from tests.e2e.target_runs import bodies, certified

SMALL_EFFECT: Mapping[str, Mapping[str, Any]] = {
    "run": {"programs": 900},
    "propose": {"programs": 120},
    "judge": {"block": 16, "max_pairs": 160},
    "certificate": {"pairs": 120},
}
SETTINGS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "program": {},
    "agent": SMALL_EFFECT,
    "prompt": {"propose": {"programs": 100}},
    "training": {},
}
EDITED: Mapping[str, set[str]] = {
    "program": {"solution.py"},
    "agent": {"routes.json", "agent.py", "tools.py", "improve.py"},
    "prompt": {"prompt.txt"},
    "training": {"settings.json", "train.py"},
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_seed_agent_improves_each_template_to_a_certified_gain(template: str, tmp_path: Path, jail_require: str) -> None:
    target = tmp_path / template
    assert main(["init", str(target), "--template", template]) == 0
    seen = certified(str(target), "seed", tmp_path / "run", jail_require, **SETTINGS[template])
    made = [body["proposal"] for body in bodies(seen, "proposal.made")]
    assert {edit["path"] for one in made for edit in one["edits"]} <= EDITED[template]
    assert all("practice cases that the search did not see" in one["reason"] for one in made)
    (ended,) = bodies(seen, "run.ended")
    (started,) = bodies(seen, "run.started")
    assert ended["programs"] <= started["config"]["run"]["programs"]
    if template == "prompt":
        release = bodies(seen, "incumbent.changed")[-1]["candidate"]
        archive = GitArchive(tmp_path / "run" / "objects.git", create=False)
        lines = set(archive.files(CandidateId(release))["prompt.txt"].decode().splitlines())
        archive.close()
        assert lines & set((target / "guide.txt").read_text(encoding="utf-8").splitlines())
