"""What the seed agent proposes: patches that the kernel takes, edits that helped in rehearsal and none that did not."""

import functools
import hashlib
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest

from rsi.core.codec import decode
from rsi.core.records import Proposal
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.oversight import authorise
from rsi.kernel.workspace import Stale, apply
from tests.unit.seed.support import Agent, batch

NOTHING_LEARNED = "\n\ndef unigram(count, total, choices):\n    return 1 / choices\n"
WRONG_WAY = "\n\ndef cost(probability):\n    return max(1, min(HIGHEST_COST, round(-8 * math.log2(1 - min(0.99, probability)))))\n"
ALL_CHEAP = "\n\ndef cost(probability):\n    return 1\n"
PLAIN = "\n\ndef cost(probability):\n    return max(1, min(HIGHEST_COST, round(-math.log2(probability))))\n"
PLAIN += "\n\nCOST_SCALE = 1.0\n\n\ndef tilt(total_lift, features):\n    return 0.0\n\n\ndef dream_weight():\n    return 0.0\n"
ENDLESS = "\n\ndef cost(probability):\n    while True:\n        pass\n"


@functools.cache
def experience() -> str:
    """The memory of an agent after two batches of practice, and its limitations."""
    with tempfile.TemporaryDirectory() as folder:
        agent = Agent(Path(folder))
        agent.build()
        found = [agent.ask("practise", batch=batch(k, 150), programs=60_000)["findings"] for k in range(2)]
        limitations = agent.ask("diagnose", findings=found)["limitations"]
    return json.dumps({"memory": agent.memory, "limitations": limitations})


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    """An agent that has practised and was trained on it."""
    made = Agent(tmp_path)
    made.memory = json.loads(experience())["memory"]
    (tmp_path / "corpus.json").write_text(made.parts.experience.text_of(made.memory["corpus"]))
    return made


def propose(agent: Agent, **more: object) -> list[Any]:
    known = json.loads(experience())["limitations"]
    message = {"limitations": known, "count": 9, "programs": 100_000, **more}
    return list(agent.ask("propose", **message)["proposals"])


def climb(agent: Agent, learning: str = "") -> Any:
    """A rehearsal of an agent whose learning code has something added to it."""
    files = agent.parts.propose.variant.read_tree(agent.folder)
    files["learning.py"] += learning
    train, held = agent.parts.rehearsal.halves(agent.memory["corpus"])
    assert len(train["solutions"]) > 30 and len(held) > 30
    return agent.parts.propose.Climb(files, train, held[:60], agent.parts.policy.start(), random.Random(1))


def addition(rehearsal: Any, agent: Agent, text: str) -> Any:
    """An edit that puts something behind the learning code."""
    end = len(rehearsal.files["learning.py"])
    site = agent.parts.edits.Site("learning.py", rehearsal.files["learning.py"], "cost", "statement", 1, end, end, (text,))
    return rehearsal.rehearse(site)


@pytest.mark.parametrize("text", [NOTHING_LEARNED, WRONG_WAY, ALL_CHEAP, ENDLESS, "\n\ndef cost(:\n", "\n\nimport nothing_of_that_name\n"])
def test_an_edit_that_makes_the_model_worse_equal_or_broken_is_not_kept(agent: Agent, text: str) -> None:
    rehearsal = climb(agent, PLAIN)
    assert addition(rehearsal, agent, text) is None
    assert addition(rehearsal, agent, "\n\n# nothing changes\n") is None


def test_an_edit_that_repairs_the_model_is_kept_with_what_it_gains(agent: Agent) -> None:
    rehearsal = climb(agent, WRONG_WAY)
    gain, site, files, bits = addition(rehearsal, agent, PLAIN)
    assert gain > 1.0 and site.options == (PLAIN,) and files["learning.py"].endswith(PLAIN) and len(bits) == len(rehearsal.held)


def test_a_copy_that_makes_everything_cheap_gains_nothing(agent: Agent) -> None:
    """Bits are counted after the shares of all choices were made to sum to one."""
    rehearsal = climb(agent, PLAIN)
    cheap = rehearsal.bits({**rehearsal.files, "learning.py": rehearsal.files["learning.py"] + ALL_CHEAP})
    none = rehearsal.bits({**rehearsal.files, "learning.py": rehearsal.files["learning.py"] + NOTHING_LEARNED})
    assert agent.parts.rehearsal.difference(rehearsal.first, cheap)[0] < 0
    assert sum(cheap) >= sum(none) * 0.9


def test_halves_are_apart_and_do_not_depend_on_order(agent: Agent) -> None:
    corpus = agent.memory["corpus"]
    train, held = agent.parts.rehearsal.halves(corpus)
    assert len(train["solutions"]) + len(held) == len(corpus["solutions"])
    assert not {json.dumps(e["program"]) for e in held} & {json.dumps(e["program"]) for e in train["solutions"]}
    backwards = agent.parts.rehearsal.halves({**corpus, "solutions": corpus["solutions"][::-1]})[1]
    assert sorted(map(json.dumps, backwards)) == sorted(map(json.dumps, held))


def test_every_proposal_passes_the_gate_and_applies(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    seen: set[str] = set()
    for number in range(2):
        proposals = agent.cycle(number, tasks=150, programs=60_000)
        files = agent.files()
        manifest = load_manifest(files)
        for item in proposals:
            rest = {key: value for key, value in item.items() if key != "tag"}
            proposal: Proposal = decode(Proposal, {**rest, "id": "p0", "improver": "c0", "parent": "c0"})
            assert authorise(proposal, files, manifest) is None and not isinstance(apply(files, proposal.edits), Stale)
            for edit in item["edits"]:
                assert edit["before"] == hashlib.sha256(files[edit["path"]]).hexdigest() and edit["after"].encode() != files[edit["path"]]
            assert 0 < len(item["reason"]) <= 2000 and len(item["tag"]) <= 200 and item["limitation"]
            seen.add(item["surface"])
        for item in [one for one in proposals if one["surface"] in ("parameters", "code")][-1:]:
            agent.apply(item)
    assert {"parameters", "code"} <= seen


def test_the_one_proposal_of_an_improver_that_is_asked_once_has_all_crafts_and_passes_the_gate(agent: Agent) -> None:
    (agent.folder / "corpus.json").write_text('{"inputs":{},"solutions":[]}\n')
    (item,) = propose(agent, once=True, count=1)
    files = agent.files()
    rest = {key: value for key, value in item.items() if key != "tag"}
    proposal: Proposal = decode(Proposal, {**rest, "id": "p0", "improver": "c0", "parent": "c0"})
    assert authorise(proposal, files, load_manifest(files)) is None
    assert {"corpus.json", "library.py"} <= {edit["path"] for edit in item["edits"]}


def test_there_are_no_more_proposals_than_asked_for_and_none_without_experience(agent: Agent) -> None:
    assert len(propose(agent, count=1)) <= 1
    (agent.folder / "corpus.json").write_text('{"inputs":{},"solutions":[]}\n')
    agent.memory = None
    assert propose(agent) == propose(agent, once=True) == []


def test_solutions_with_functions_that_are_gone_do_not_stop_it(agent: Agent) -> None:
    for entry in agent.memory["corpus"]["solutions"]:
        entry["program"] = ["gone", entry["program"]]
    assert [item["surface"] for item in propose(agent)] in ([], ["parameters"])


def test_a_verdict_teaches_the_policy_and_then_is_no_longer_waited_for(agent: Agent) -> None:
    agent.memory["pending"] = {"edits:1": ["learning.py|cost|number|abc"], "edits:2": ["learning.py|lift|index|def"]}
    verdicts = [
        {"proposal": "p1", "surface": "training", "verdict": "accepted", "tag": "edits:1"},
        {"proposal": "p2", "surface": "training", "verdict": "undecided", "tag": "edits:2"},
        {"proposal": "p3", "surface": "code", "verdict": "rejected", "tag": "no such tag"},
        {"proposal": "p4", "surface": "code", "verdict": "refused"},
    ]
    before = json.loads(json.dumps(agent.memory["policy"]["families"]))
    agent.ask("learn", verdicts=verdicts)
    after = agent.memory["policy"]["families"]
    assert agent.memory["pending"] == {} and len(agent.memory["history"]) == 4
    assert after["number"][0] == before.get("number", [0, 0])[0] + 1 and after.get("index") == before.get("index")


def test_an_agent_whose_single_changes_were_too_small_to_be_seen_puts_them_together(agent: Agent) -> None:
    judged = [["parameters", "accepted"], ["code", "rejected"], ["training", "undecided"], ["training", "rejected"]]
    found = {}
    for name, history in (("stuck", judged), ("not stuck", [*judged, ["code", "accepted"]])):
        agent.memory.update(history=history, stats={})
        found[name] = [{edit["path"] for edit in item["edits"]} for item in propose(agent)]
    assert len(found["stuck"]) == 1 and found["stuck"][0] >= {"library.py", "corpus.json"}
    assert found["not stuck"] and not any({"library.py", "learning.py"} <= paths for paths in found["not stuck"])
