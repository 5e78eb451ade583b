"""The seed agent improves how it improves programs: practice, diagnosis, itself as a target, proposals."""

import hashlib
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rsi.core.codec import decode
from rsi.core.records import Proposal
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.oversight import authorise
from rsi.kernel.workspace import Stale, apply
from tests.unit.seed import toys
from tests.unit.seed.support import Agent, mirrored

QUICK = ("packing", "stopping")


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def practise(agent: Agent, names: tuple[str, ...] = QUICK, programs: int = 300) -> tuple[Any, toys.Kernel]:
    questions = toys.questions(names)
    kernel = toys.Kernel(questions, programs)
    return agent.ask("practise", kernel, batch={"problems": questions}, programs=programs), kernel


def propose(agent: Agent, programs: int, names: tuple[str, ...] = QUICK, **more: Any) -> tuple[list[Any], toys.Kernel]:
    questions = toys.questions(names)
    kernel = toys.Kernel(questions, programs)
    message = {"batch": {"problems": questions}, "limitations": [], "count": 9, "programs": programs, **more}
    answer = agent.ask("propose", kernel, **message)
    assert answer["programs"] == kernel.asked <= programs and kernel.refused == 0
    return list(answer["proposals"]), kernel


def mirror(agent: Agent, budget: int = 2000, names: tuple[str, ...] = QUICK) -> tuple[Any, toys.Kernel]:
    questions = toys.questions(names)
    kernel = toys.Kernel(questions, budget)
    files = agent.parts.propose.variant.read_tree(agent.folder)
    return agent.parts.mirror.Mirror(files, questions, kernel, budget, 1), kernel


def changed(files: dict[str, str], path: str, old: str, new: str) -> dict[str, str]:
    assert old in files[path]
    return {**files, path: files[path].replace(old, new)}


def test_practice_tells_what_became_of_every_edit_within_its_budget(agent: Agent) -> None:
    done, kernel = practise(agent, tuple(toys.TOYS), 900)
    assert done["programs"] == kernel.asked <= 900 and kernel.refused == 0
    assert done["tasks"] == 6 and 0 < done["solved"] <= 6
    for row in done["findings"]["episodes"]:
        assert sum(sums[0] for sums in row["families"].values()) == row["candidates"] == sum(sums[0] for sums in row["kinds"].values())
        assert sum(sums[1] for sums in row["families"].values()) == len(row["helped"]) == len(row["curve"])
        assert row["broken"] + row["silent"] <= row["spent"] <= 150
        assert [point[1] for point in row["curve"]] == sorted(point[1] for point in row["curve"])
        assert (row["gain"] > 0) == bool(row["curve"])


@pytest.mark.parametrize("programs", [0, 1, 15, 40])
def test_practice_on_almost_no_budget_or_no_problems_is_no_reason_to_fail(agent: Agent, programs: int) -> None:
    done, kernel = practise(agent, QUICK, programs)
    assert done["programs"] == kernel.asked <= programs and kernel.refused == 0
    assert isinstance(agent.ask("diagnose", findings=[done["findings"]])["limitations"], list)
    assert practise(agent, (), programs)[0]["tasks"] == 0


def test_each_limitation_has_evidence_and_experience_grows(agent: Agent) -> None:
    for number in (1, 2):
        done, _ = practise(agent, tuple(toys.TOYS), 900)
        limitations = agent.ask("diagnose", findings=[done["findings"]])["limitations"]
        assert agent.memory["programs"]["episodes"] == 6 * number
    names = {one["id"] for one in limitations}
    assert {"unhelpful-edits", "silent", "thorough"} <= names and len(names) == len(limitations)
    assert all(one["kind"] and one["evidence"] and 10 < len(one["text"]) < 500 for one in limitations)


def test_experience_stays_small(agent: Agent) -> None:
    row = {"problem": "p", "families": {}, "kinds": {}, "words": {}}
    experience = agent.parts.episodes.fresh()
    for k in range(60):
        helped = [["number", "step", f"to {k}.{j}"] for j in range(20)] + [["number", "if", "sign"]]
        words = {f"to {k}.{j}": [1 + j, 0, 1, 0.0] for j in range(20)}
        rows = [{**row, "words": words, "helped": []}, {**row, "problem": f"p{k}", "helped": helped}]
        agent.parts.episodes.take_in([{"episodes": rows}], experience)
    rows = experience["problems"]["p"]["words"]
    assert len(rows) == 400 and min(row[0] for row in rows.values()) > 10
    assert len(experience["problems"]) == 12 and {"p59", "p50"} <= set(experience["problems"])
    assert len(experience["edits"]) == 400 and len(experience["edits"]["number|if|sign"]) == 12


def test_a_copy_is_scored_by_what_it_gains_on_instances_it_did_not_see(agent: Agent) -> None:
    reflection, kernel = mirror(agent, 6000)
    reflection.short = 300
    idle = changed(
        reflection.files,
        "improve.py",
        "    return found\n\n\ndef drawn",
        '    found.source = question["source"]\n    return found\n\n\ndef drawn',
    )
    assert reflection.score(idle, 0) == 0.5
    gains = [reflection.gain(reflection.files, number) for number in range(4)]
    assert max(gains) > 0 and reflection.used == kernel.asked and kernel.refused == 0
    asked = kernel.asked
    assert [reflection.gain(reflection.files, number) for number in range(4)] == gains and kernel.asked == asked


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("accept.py", "def worth(scores):", "def worth(scores:"),
        ("accept.py", "return mean(scores)", "return 1 / 0"),
        ("moves.py", "    places = state.places(state.parent.source)\n", "    while True:\n        pass\n"),
        ("allocate.py", "return list(range(min(count, available)))", "return [10**6]"),
        ("allocate.py", "return list(range(min(count, available)))", "return list(range(available + 1))"),
        ("improve.py", '"instances": instances}', '"instances": "all"}'),
        ("weights.json", "{", "["),
        ("tried.py", 'self.experience["all"][0] + 1', '(3 + self.experience["all"][0]) ** (3 + self.experience["all"][0]) ** 4'),
        ("accept.py", "sum(map(filled, scores))", "2 << len(scores) << 10**12"),
    ],
)
def test_a_copy_that_breaks_loops_or_asks_for_what_there_is_not_has_no_score(agent: Agent, path: str, old: str, new: str) -> None:
    reflection, kernel = mirror(agent)
    assert reflection.score(changed(reflection.files, path, old, new), 0) is None
    assert reflection.score(reflection.files, 0) is not None and kernel.refused == 0


def test_a_copy_cannot_ask_for_more_than_an_episode_has(agent: Agent) -> None:
    reflection, kernel = mirror(agent)
    greedy = changed(reflection.files, "improve.py", "own = self.budget - self.used", "own = 10**6")
    greedy = changed(greedy, "improve.py", "own if self.granted is None else min(own, self.granted)", "own")
    reflection.score(greedy, 0)
    most = agent.parts.mirror.SHORT + 2 * agent.parts.mirror.HELD
    assert 0 < kernel.asked <= 2 * most and kernel.refused == 0


def test_itself_as_a_target_keeps_the_contract_of_ask(agent: Agent) -> None:
    reflection, kernel = mirror(agent, 500)
    ask = reflection.target("accept.py")
    source = reflection.files["accept.py"]
    first = ask({"problem": 0, "sources": [source], "instances": [0, 1]})
    assert len(first["scores"][0]) == 2 and first["left"] == reflection.affordable() == reflection.left // (96 + 16)
    assert ask({"problem": 0, "sources": [source], "instances": list(range(50))}).keys() == {"error", "left"}
    assert ask({"problem": 0, "sources": [source], "instances": [0, 1]})["scores"] == first["scores"] and kernel.refused == 0


def test_questions_that_cost_no_evaluations_are_bounded_too(agent: Agent) -> None:
    agent.parts.mirror.MOST_QUESTIONS = 300
    reflection, kernel = mirror(agent, 20_000)
    with reflection.aside(0.5):
        assert (reflection.left, reflection.questions) == (10_000, 150)
        before = reflection.affordable()
        assert before == 150 // 96
        assert reflection.gain(reflection.files, 0) is not None
        assert reflection.questions < 150
    ask = reflection.target("resources.py")
    source = reflection.files["resources.py"]
    for step in range(200):
        reply = ask({"problem": 0, "sources": [source.replace("STEP = 16", f"STEP = {step % 16 + 1}")], "instances": [step]})
        if "scores" not in reply:
            break
    assert reply["left"] == 0 and reflection.left > 15_000 and kernel.refused == 0


def test_its_own_improver_mends_a_bad_allocation_of_itself(agent: Agent) -> None:
    """The same call with itself as the target: a copy that wastes its evaluations is found out and mended, and holds in fresh episodes."""
    agent.parts.advance.OWN = ("resources.py",)
    advance = agent.parts.advance
    advance.EPISODES, advance.LOOKS, advance.MODULES, advance.REPEATED = 6, ((6, 0.3),), 1, 2
    made, _ = propose(agent, 4000, ("packing", "descent"), seed=2)
    item = next(one for one in made if one["surface"] == "resources")
    assert item["surface"] == "resources" and item["edits"][0]["path"] == "resources.py" and item["prediction"]["p_better"] > 0.6
    assert "resources.py by its own improver" in item["reason"] and "fresh episodes" in item["reason"]
    agent.apply(item)
    (question,) = toys.questions(["packing"])
    answers = agent.ask("improve", toys.Kernel([question], 120), cases=[question], programs=120)["answers"]
    assert isinstance(answers[0]["answer"], str) and answers[0]["programs"] <= 120


def experienced(agent: Agent) -> None:
    """An agent that has seen doubled constants help on three problems."""
    agent.memory = agent.parts.experience.memory_of({})
    known = agent.memory["programs"] = agent.parts.episodes.fresh()
    known["episodes"] = 9
    known["problems"] = {
        name: {
            "families": {"number": [20, credit], "comparison": [13, 0], "name": [20, 0]},
            "kinds": {"constant": [14, 7], "if": [33, 0]},
            "words": {"× 2": [10, credit // 2], "_ → _": [20, 0], f"to {number}": [2, 0]},
        }
        for number, (name, credit) in enumerate({"packing": 8, "descent": 24, "stock": 8}.items())
    }
    known["edits"] = {"number|constant|× 2": {"packing": 2, "descent": 3, "stock": 1}, "name|if|_ → _": {"packing": 9}}


def test_every_proposal_passes_the_gate_applies_and_the_edited_tree_still_answers(agent: Agent) -> None:
    experienced(agent)
    agent.parts.advance.OWN = ()
    agent.parts.advance.Here.itself = lambda self: []
    parts = agent.parts.advance.Here
    together, parts.together = parts.together, lambda self, made: made
    made, _ = propose(agent, 600)
    parts.together = together
    files = agent.files()
    manifest = load_manifest(files)
    assert [item["surface"] for item in made] == ["parameters", "code"]
    for item in made:
        rest = {key: value for key, value in item.items() if key != "tag"}
        proposal: Proposal = decode(Proposal, {**rest, "id": "p0", "improver": "c0", "parent": "c0"})
        assert authorise(proposal, files, manifest) is None and not isinstance(apply(files, proposal.edits), Stale)
        for edit in item["edits"]:
            assert edit["before"] == hashlib.sha256(files[edit["path"]]).hexdigest() and edit["after"].encode() != files[edit["path"]]
        assert 0 < len(item["reason"]) <= 2000 and len(item["tag"]) <= 200 and item["limitation"]
        agent.apply(item)
    weights = json.loads((agent.folder / "weights.json").read_text())
    assert weights["families"]["number"] > 1 > weights["families"]["name"]
    assert weights["words"]["× 2"] > 1 > weights["words"]["_ → _"] and "to 1" not in weights["words"]
    names: dict[str, Any] = {}
    exec((agent.folder / "tricks.py").read_text(), names)  # noqa: S102 - what the agent wrote
    (trick,) = names["TRICKS"]
    assert trick("number", "constant", "× 2") and not trick("number", "if", "× 2") and "3 problems" in trick.__doc__
    (question,) = toys.questions(["stock"])
    assert agent.ask("improve", toys.Kernel([question], 80), cases=[question], programs=80)["answers"][0]["programs"] <= 80


def test_every_surface_of_the_improver_may_be_changed(agent: Agent) -> None:
    surfaces = load_manifest(agent.files()).surfaces
    own = {"weights.json", "tricks.py", "resources.py", "weights.py"}
    own |= {f"{name}.py" for name in ("improve", "moves", "where", "tried", "accept", "allocate", "mirror", "episodes", "gains", "advance")}
    assert own <= {path for patterns in surfaces.values() for path in patterns}
    assert {surface.value for surface in surfaces} == {"parameters", "code", "training", "search", "resources"}


def test_another_version_is_improved_as_itself_would_be(agent: Agent) -> None:
    agent.parts.advance.OWN = ("resources.py",)
    agent.parts.advance.EPISODES, agent.parts.advance.LOOKS, agent.parts.advance.MODULES = 6, ((6, 0.3),), 1
    files = agent.parts.variant.read_tree(agent.folder)
    other = {**files, "resources.py": files["resources.py"].replace("PATIENCE = 1000", "PATIENCE = 999")}
    made, _ = propose(agent, 4000, ("packing", "descent"), seed=2, target={"case": None, "files": other})
    assert made and all(edit["before"] == hashlib.sha256(other["resources.py"].encode()).hexdigest() for edit in made[0]["edits"])
    assert "PATIENCE = 999" in made[0]["edits"][0]["after"]


def test_nothing_is_proposed_again_without_new_experience(agent: Agent) -> None:
    experienced(agent)
    agent.parts.advance.Here.itself = lambda self: []
    assert len(propose(agent, 600)[0]) == 1 and propose(agent, 600)[0] == []
    assert [len(tags) for tags in agent.memory["pending"].values()] == [2]


def test_what_a_problem_taught_is_left_out_where_it_is_rehearsed_on_itself(agent: Agent) -> None:
    """Weights and names that only one problem speaks for gain nothing on that problem, and all that the others taught on another."""
    experienced(agent)
    advance, known = agent.parts.advance, agent.memory["programs"]
    known["edits"] = {"number|constant|× 2": {"packing": 9, "descent": 1, "stock": 9}, "name|if|_ → _": {"packing": 9, "descent": 9}}
    reflection, _ = mirror(agent, 6000, ("packing", "stock"))
    agent.memory["waiting"] = {}
    here = advance.Here(reflection.files, agent.memory, known, [], reflection, random.Random(1), {})
    here.screened = lambda base, files, tag, looks: None
    assert here.parameters() == [] and here.library() == []
    learned, named = reflection.apart
    assert "name_in_if" in named and "name_in_if" not in reflection.without(named, "packing")
    assert all("number_in_constant" in reflection.without(named, problem) for problem in ("packing", "stock", "elsewhere"))
    assert reflection.without(named, "elsewhere") == named
    weights = {
        problem: json.loads(reflection.without(learned, problem))["families"]["number"] for problem in ("elsewhere", "packing", "stock")
    }
    assert len(set(weights.values())) == 2 and weights["packing"] == weights["stock"] > 1 and weights["elsewhere"] > 1
    read: list[str] = []
    loads = agent.parts.mirror.json.loads
    agent.parts.mirror.json = SimpleNamespace(loads=lambda text: read.append(text) or loads(text))
    for number in (0, 1, 2):
        reflection.gain({**reflection.files, "weights.json": learned}, number)
    assert [text for text in read if text != reflection.files["weights.json"]] == [
        reflection.apart[learned][problem] for problem in ("packing", "stock", "packing")
    ]


def test_a_gain_on_one_problem_alone_is_not_taken_for_one_on_others(agent: Agent) -> None:
    """The same mean gain in as many episodes: on all six problems alike, or on one of them six times as much."""
    reflection = mirrored(agent, None, problems=6)
    start = [0.01 * (k % 5) for k in range(48)]
    alike = [gain + 0.03 for gain in start]
    alone = [gain + 0.18 * ((7 + k) % 6 == 2) for k, gain in enumerate(start)]
    (first, small), (second, large) = (reflection.difference(start, after, 7) for after in (alike, alone))
    assert first == pytest.approx(0.03) == second and small < 0.001 and large == pytest.approx(0.03)
    reflection.problems = [{}] * 3
    assert reflection.difference(start, alone, 7)[1] < 0.02


def test_what_was_left_out_is_remembered_for_the_passes_that_follow(agent: Agent) -> None:
    """The version that a later change is tried against goes by it too, once the craft was kept."""
    experienced(agent)
    agent.parts.advance.Here.itself = lambda self: []
    (item,) = propose(agent, 600, count=1)[0]
    texts = {edit["path"]: edit["after"] for edit in item["edits"]}
    assert set(agent.memory["apart"]) == {texts["weights.json"], texts["tricks.py"]}
    assert set(agent.memory["apart"][texts["weights.json"]]) == set(QUICK)
    agent.apply(item)
    propose(agent, 600)
    assert set(agent.memory["apart"]) == {texts["weights.json"], texts["tricks.py"]}


def test_an_improver_that_is_asked_once_puts_all_crafts_together(agent: Agent) -> None:
    experienced(agent)
    agent.parts.advance.Here.itself = lambda self: []
    (item,) = propose(agent, 600, count=1)[0]
    assert {edit["path"] for edit in item["edits"]} == {"weights.json", "tricks.py"}
    files = agent.files()
    rest = {key: value for key, value in item.items() if key != "tag"}
    proposal: Proposal = decode(Proposal, {**rest, "id": "p0", "improver": "c0", "parent": "c0"})
    assert authorise(proposal, files, load_manifest(files)) is None


@pytest.mark.parametrize("programs", [0, 1, 100, 250])
def test_almost_no_budget_for_proposals_is_no_reason_to_fail(agent: Agent, programs: int) -> None:
    propose(agent, programs)
    assert propose(agent, programs, ())[0] == []


def test_a_verdict_changes_what_it_believes_of_the_module_that_it_changed(agent: Agent) -> None:
    agent.memory = agent.parts.experience.memory_of({})
    agent.memory["pending"] = {"moves.py|improver|itself|0": ["moves.py|improver|itself|0"]}
    verdict = {"proposal": "p1", "surface": "search", "verdict": "accepted", "tag": "moves.py|improver|itself|0"}
    agent.ask("learn", verdicts=[verdict])
    assert agent.memory["policy"]["functions"]["moves.py|improver"] == [1.0, 0.0] and agent.memory["pending"] == {}


def test_proposals_are_the_same_in_every_process_order(agent: Agent, tmp_path: Path) -> None:
    said = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        other = Agent(tmp_path / name)
        done, _ = practise(other, QUICK, 300)
        other.ask("diagnose", findings=[done["findings"]])
        said.append([propose(other, 2500)[0], other.memory])
    assert said[0] == said[1]


def test_an_edit_that_waits_for_its_verdict_is_not_proposed_again_and_the_next_one_is_tried_on_top_of_it(agent: Agent) -> None:
    advance = agent.parts.advance
    advance.OWN = ("resources.py",)
    advance.EPISODES, advance.LOOKS, advance.MODULES, advance.REPEATED = 6, ((6, 0.3),), 1, 2
    made, _ = propose(agent, 4000, ("packing", "descent"), seed=2)
    waiting = dict(agent.memory["waiting"])
    tags = {one["tag"] for one in made}
    changes = [change for changes in waiting.values() for change in changes]
    assert changes and set(waiting) <= tags and all(change[0] == "resources.py" for change in changes)
    here = advance.Here(agent.parts.variant.read_tree(agent.folder), agent.memory, agent.memory["programs"], [], None, None, {})
    assert all(change[4] in here.ahead["resources.py"] for change in changes)
    assert here.ahead["resources.py"] != here.files["resources.py"]
    again, _ = propose(agent, 4000, ("packing", "descent"), seed=2)
    assert not [one for one in again if one["edits"][0]["after"] in [first["edits"][0]["after"] for first in made]]
    agent.ask("learn", verdicts=[{"tag": tag, "surface": "resources", "verdict": "rejected"} for tag in tags])
    assert not set(agent.memory["waiting"]) & tags
