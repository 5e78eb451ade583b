"""Each template to a certified verdict, in real jails, without a model: by the built-in agent, and by the agent that is its own target."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rsi.core.records import CandidateId
from rsi.kernel.archive.git import GitArchive
from rsi.targets import make_target
from tests.e2e.target_runs import bodies, certified

WORDS: Mapping[str, Mapping[str, Any]] = {
    "run": {"programs": 1_200},
    "practice": {"tasks": 32, "programs": 32},
    "propose": {"count": 4, "programs": 100},
    "judge": {"alpha": 0.5, "horizon": 8, "block": 16, "max_pairs": 160},
    "certificate": {"pairs": 100},
}
"""One word more that is understood is worth a few points: more cases, and several changes side by side."""


@pytest.mark.parametrize(("template", "edited"), [("program", {"solution.py"}), ("training", {"settings.json", "train.py"})])
def test_the_seed_agent_tunes_and_edits_what_is_not_its_own(template: str, edited: set[str], tmp_path: Path, jail_require: str) -> None:
    make_target(tmp_path / template, template)
    seen = certified(str(tmp_path / template), "seed", tmp_path / "run", jail_require)
    made = [body["proposal"] for body in bodies(seen, "proposal.made")]
    assert {edit["path"] for one in made for edit in one["edits"]} <= edited
    assert all("practice cases that the search did not see" in one["reason"] for one in made)
    assert bodies(seen, "run.ended")[0]["programs"] <= 400


def test_the_seed_agent_makes_a_prompt_better_with_lines_of_another_text(tmp_path: Path, jail_require: str) -> None:
    make_target(tmp_path / "prompt", "prompt")
    seen = certified(str(tmp_path / "prompt"), "seed", tmp_path / "run", jail_require, propose={"programs": 100})
    archive = GitArchive(tmp_path / "run" / "objects.git", create=False)
    release = archive.files(CandidateId(bodies(seen, "incumbent.changed")[-1]["candidate"]))
    archive.close()
    prompt, guide = (set(release[name].decode().splitlines()) for name in ("prompt.txt", "guide.txt"))
    assert prompt & guide - set((tmp_path / "prompt" / "prompt.txt").read_text(encoding="utf-8").splitlines())


def test_an_agent_that_is_its_own_target_learns_words(tmp_path: Path, jail_require: str) -> None:
    make_target(tmp_path / "agent", "agent")
    seen = certified(str(tmp_path / "agent"), "itself", tmp_path / "run", jail_require, **WORDS)
    assert {body["agent"] for body in bodies(seen, "cycle.opened")} == {"itself"}
