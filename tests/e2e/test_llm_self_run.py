"""The language-model agent improves itself with a scripted model, in a world whose truth is known: see `tests.llm_world`."""

import json
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rsi.config import RunConfig, from_json
from rsi.core.protocols import Entry
from rsi.core.records import JailProof
from rsi.kernel.evaluate import load_manifest
from rsi.loop.agents import load_agent
from rsi.loop.parts import Parts, standard_parts
from rsi.loop.run import run
from rsi.loop.verify import verify
from rsi.testing.gateway import ScriptedGateway
from tests.llm_world import ADVICE, says

pytestmark = pytest.mark.timeout(300)


def config(**run_section: Any) -> RunConfig:
    return from_json(
        {
            "agent": "llm",
            "suite": "list_functions_basics",
            "run": {"seed": 3, "programs": 12_000, "lanes": 2, "cycles": 6, **run_section},
            "calibrate": {"share": 0.02, "cases": 12, "repeats": 2, "saturated": 0.95},
            "practice": {"batches": 1, "tasks": 6, "programs": 60},
            "propose": {"count": 1, "programs": 20, "when_open_below": 1},
            "judge": {
                "alpha": 0.5,
                "horizon": 4,
                "block": 8,
                "open": 2,
                "max_pairs": 200,
                "programs": 10,
                "course": "race",
                "retest_share": 0.0,
            },
            "certificate": {"pairs": 32, "programs": 10},
        }
    )


def proof(tier: str) -> JailProof:
    return JailProof(tier=tier, suite="part", attacks=1, held=1, got_through=(), reported=0, at=0.0)


@dataclass(frozen=True, kw_only=True)
class Played:
    """A run that is over.

    Attributes:
        parts: its jails, cases and models.
    """

    folder: Path
    entries: list[Entry]
    gateway: ScriptedGateway
    parts: Parts

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """What the events of a kind say."""
        return [entry.body for entry in self.entries if entry.kind == kind and isinstance(entry.body, dict)]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A run of the agent on itself, from its start to the certificate."""
    settings, files, seen, gateway = config(), load_agent("llm"), list[Entry](), ScriptedGateway(says)
    parts = replace(standard_parts(settings, load_manifest(files)), prove=proof, make_gateway=lambda place: gateway)
    folder = tmp_path_factory.mktemp("llm") / "run"
    result = run(folder, settings, files, workers=1, observer=seen.append, stop=threading.Event(), parts=parts)
    assert result.finished, result.reason
    return Played(folder=folder, entries=seen, gateway=gateway, parts=parts)


def test_a_prompt_a_tool_and_the_control_flow_are_changed_and_each_change_is_kept(played: Played) -> None:
    verdicts = [body for body in played.bodies("verdict.given") if body["verdict"]["is"] == "Accepted"]
    assert [body["surface"] for body in verdicts] == ["prompt", "code", "search"]
    made = {body["proposal"]["id"]: body["proposal"] for body in played.bodies("proposal.made")}
    assert [[edit["path"] for edit in made[body["proposal"]]["edits"]] for body in verdicts] == [
        ["prompts/rules.md"],
        ["tools.py"],
        ["flow.py"],
    ]
    assert "proposal.malformed" not in {entry.kind for entry in played.entries}
    assert [body["reason"] for body in played.bodies("job.done") if body["outcome"] != "answered"] == []


def test_the_release_is_certified_to_be_better_than_the_start(played: Played) -> None:
    certificate = played.bodies("certificate.issued")[0]["certificate"]
    assert certificate["start"] == played.bodies("run.started")[0]["start"]["id"]
    assert certificate["release"] == played.bodies("incumbent.changed")[-1]["candidate"]
    assert certificate["low"] > 0 and certificate["release_score"] > certificate["start_score"] + 0.3


def test_each_later_proposal_was_made_by_the_agent_that_the_one_before_had_made(played: Played) -> None:
    made = [body["proposal"]["improver"] for body in played.bodies("proposal.made")]
    incumbents = [played.bodies("run.started")[0]["start"]["id"], *(body["candidate"] for body in played.bodies("incumbent.changed"))]
    assert made[:3] == incumbents[:3] and len(set(made[:3])) == 3
    asked: list[Any] = [body for body in played.gateway.bodies if isinstance(body, dict)]
    opened = [body["messages"] for body in asked if len(body["messages"]) == 2 and says_who(body) == "improver"]
    assert [ADVICE in messages[0]["content"] for messages in opened[:3]] == [False, True, True]


def says_who(body: dict[str, Any]) -> str:
    return "improver" if body["messages"][0]["content"].startswith("You improve") else "solver"


def test_the_log_has_each_call_of_a_model_without_its_texts_and_follows_from_itself_without_one(played: Played) -> None:
    called = played.bodies("model.called")
    assert len(called) == len(played.gateway.bodies) and {body["model"] for body in called} == {"scripted"}
    assert ADVICE not in json.dumps([entry.body for entry in played.entries])
    before = len(played.gateway.bodies)
    checked = verify(played.folder, 2, parts=played.parts)
    assert checked.ok, checked
    assert len(played.gateway.bodies) == before
