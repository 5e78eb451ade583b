"""The agent in a world where its prompt, a tool and its control flow each cost it a fifth of the cases: it mends them one by one."""

from pathlib import Path
from typing import Any

import pytest

from rsi.core.protocols import Files, Limits
from rsi.core.records import CandidateId, Pool
from rsi.kernel.evaluate import Chats, agent_call, load_manifest, run_block
from rsi.kernel.sandbox import open_jail
from rsi.loop.agents import load_agent
from rsi.suites import secret_seeds, suite
from rsi.testing.fake_jail import InProcessJail
from rsi.testing.gateway import ScriptedGateway
from tests.llm_agent import chat, modules
from tests.llm_world import says

pytestmark = pytest.mark.timeout(900)

BASICS = suite("list_functions_basics", secret_seeds(5))


def score(files: Files, count: int = 16, *, jail: Any = None) -> float:
    trials, _ = run_block(
        jail or InProcessJail(),
        suite=BASICS,
        candidate=CandidateId("c"),
        files=files,
        manifest=load_manifest(files),
        cases=BASICS.cases(Pool.JUDGE, 0, count),
        programs=10,
        seed=1,
        limits=Limits(wall_s=60),
        chats=Chats(gateway=ScriptedGateway(says), purpose="trials", most=8),
    )
    return sum(trial.value for trial in trials) / count


def next_version(files: Files, folder: Path) -> tuple[Files, dict[str, Any]]:
    """What an agent makes of itself in one call, and its proposal; the agent is the one in the folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    agent = modules(folder)
    message: dict[str, Any] = {"limitations": [], "memory": None, "count": 1, "programs": 9, "seed": 1}
    answer = agent.main.propose(message, lambda question: chat(says(question["chat"])))
    if not answer["proposals"]:
        return files, answer
    made = answer["proposals"][0]
    return {**files, **{edit["path"]: edit["after"].encode() for edit in made["edits"]}}, made


def test_each_of_three_self_edits_raises_the_score_and_the_later_ones_are_made_by_the_edited_agent(tmp_path: Path) -> None:
    files, scores, made = load_agent("llm"), [], []
    for number in range(4):
        scores.append(score(files, 32))
        files, proposal = next_version(files, tmp_path / str(number))
        made.append(proposal)
    assert [(one["surface"], [edit["path"] for edit in one["edits"]]) for one in made[:3]] == [
        ("prompt", ["prompts/rules.md"]),
        ("code", ["tools.py"]),
        ("search", ["flow.py"]),
    ]
    assert made[3]["why"] == "no proposal, because the model gave up: nothing is left to change"
    assert scores == sorted(scores) and all(after - before > 0.05 for before, after in zip(scores, scores[1:], strict=False)), scores
    assert 0.1 < scores[0] < 0.5 and scores[-1] > 0.9


def test_it_answers_in_a_real_jail_as_it_does_here() -> None:
    files = load_agent("llm")
    with open_jail(load_manifest(files).preload) as jail:
        assert score(files, 4, jail=jail) == score(files, 4)


def test_its_manifest_covers_its_tree_and_says_that_it_asks_models() -> None:
    files = load_agent("llm")
    manifest = load_manifest(files)
    assert manifest.models and manifest.name == "llm"
    agent = modules()
    globs = [glob for patterns in manifest.surfaces.values() for glob in patterns]
    assert [path for path in files if not agent.edits.matches(path, globs)] == ["rsi-agent.toml"]


def test_each_message_is_answered_in_a_real_jail() -> None:
    files = load_agent("llm")
    manifest = load_manifest(files)
    asked: dict[str, Any] = {
        "propose": {"limitations": [], "memory": None, "count": 1, "programs": 9, "seed": 1},
        "diagnose": {"findings": [], "memory": None, "seed": 1},
        "learn": {"verdicts": [], "memory": None},
        "practise": {"batch": BASICS.practice_batch(0, 3), "programs": 100, "seed": 1, "memory": None, "machine": {}},
        "solve": {"cases": [BASICS.cases(Pool.JUDGE, 0, 1)[0].question], "programs": 4, "seed": 1},
    }
    with open_jail(manifest.preload) as jail:
        for function, payload in asked.items():
            chats = Chats(gateway=ScriptedGateway(says), purpose=function, most=50)
            reply = agent_call(jail, files, manifest, function, payload, Limits(wall_s=60), chats.call())
            assert reply.outcome.value == "answered", reply.reason
            assert isinstance(reply.value, dict) and (function != "propose" or len(reply.value["proposals"]) == 1)  # type: ignore[arg-type]
