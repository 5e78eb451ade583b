"""What the seed agent makes of edits that helped its own modules: changes, how far each goes, and which go together."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.seed.support import Agent, mirrored


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


@pytest.mark.parametrize(("gains", "together"), [((0.0, 0.3), True), ((0.3, 0.3), False), ((0.3, 0.1), False), (None, True)])
def test_what_a_pass_found_is_one_change_unless_its_parts_do_not_add_up(
    agent: Agent, gains: tuple[float, float] | None, together: bool
) -> None:
    advance, files = agent.parts.advance, agent.parts.propose.variant.read_tree(agent.folder)
    agent.memory = agent.parts.experience.memory_of({})
    agent.memory["waiting"] = {"elsewhere": [["accept.py", "LAG", "number", "0.1", "0.0"]]}
    compared = ([], []) if gains is None else tuple([gain] * 12 for gain in gains)
    mirror = mirrored(agent, lambda base, other, numbers: compared)
    here = advance.Here(files, agent.memory, {}, [], mirror, None, {})
    made = []
    for name, old, new in (("INSTANCES", "16", "4"), ("STEP", "16", "0")):
        tag = f"resources.py|improver|itself|{name}"
        source = advance.edited(files["resources.py"], SimpleNamespace(function=name, family="number", old=old), new)
        made.append(here.proposal("resources", {"resources.py": source}, f"{name} {new}", [], tag, here.expected(tag)))
        agent.memory["waiting"][tag] = [["resources.py", name, "number", old, new]]
    made += here.crafted("parameters", {"weights.json": "{}\n"}, "Weights", [], "weights")
    found = here.together(made)
    if not together:
        assert found == made and len(agent.memory["waiting"]) == 3
        return
    (whole,) = found
    texts = {edit["path"]: edit["after"] for edit in whole["edits"]}
    assert set(texts) == {"resources.py", "weights.json"} and whole["surface"] == "search"
    assert "INSTANCES = 4\n" in texts["resources.py"] and "STEP = 0\n" in texts["resources.py"]
    assert whole["tag"] == made[-1]["tag"] and len(agent.memory["pending"][whole["tag"]]) == 3
    assert {tag: len(changes) for tag, changes in agent.memory["waiting"].items()} == {"elsewhere": 1, whole["tag"]: 2}


@pytest.mark.parametrize(
    ("old", "new", "then"),
    [
        ("16", "8", ["4", "2", "1", "0"]),
        ("16", "17", ["18", "19", "20", "22", "23", "24"]),
        ("0.1", "0.05", ["0.025", "0.0125", "0.00625", "0.003125", "0.001563", "0.0007813"]),
        ("1", "0", ["-1", "-2", "-3", "-4", "-5", "-6"]),
        ("3", "-3", []),
        ("max", "min", []),
        ("16", "16", []),
    ],
)
def test_what_helped_is_tried_again_in_the_same_direction(agent: Agent, old: str, new: str, then: list[str]) -> None:
    assert list(agent.parts.advance.farther(SimpleNamespace(old=old, new=new))) == then


@pytest.mark.parametrize(("worth", "last"), [({"8": 0.1, "4": 0.2, "2": 0.3}, "2"), ({"8": 0.1}, "8"), ({"4": 0.3}, None), ({}, None)])
def test_a_change_goes_on_as_long_as_each_step_adds_something(agent: Agent, worth: dict[str, float], last: str | None) -> None:
    advance, files = agent.parts.advance, agent.parts.propose.variant.read_tree(agent.folder)
    agent.memory = agent.parts.experience.memory_of({})
    agent.memory["waiting"] = {}

    def gain(version: dict[str, str]) -> float:
        return worth.get(version["resources.py"].split("INSTANCES = ")[1].split()[0], 0.0)

    compared = mirrored(agent, lambda base, other, numbers: tuple([gain(files)] * len(numbers) for files in (base, other)))
    here = advance.Here(files, agent.memory, {}, [], compared, None, {})
    made = here.single("resources.py", SimpleNamespace(function="INSTANCES", family="number", old="16", new="8"), 0, 41)
    changes = [["resources.py", "INSTANCES", "number", "16", last, agent.parts.propose.digest(files["resources.py"])]]
    assert list(agent.memory["waiting"].values()) == ([] if last is None else [changes])
    assert [f"INSTANCES = {last}\n" in one["edits"][0]["after"] for one in made] == ([] if last is None else [True])
    assert here.ahead == {**files, **{edit["path"]: edit["after"] for one in made for edit in one["edits"]}}
    if made:
        assert f"16 → {last}" in made[0]["reason"] and ("steps farther" in made[0]["reason"]) is (last == "2")
        assert f"adds {worth[str(last)]:.3f}" in made[0]["reason"]


def test_what_edits_made_of_a_place_one_after_the_other_is_one_change(agent: Agent) -> None:
    def row(taken: bool, gain: float, *changes: tuple[str, str, str]) -> Any:
        made = [SimpleNamespace(function=function, family="number", old=old, new=new) for function, old, new in changes]
        return (8, False, False, taken, gain, made)

    log = [
        row(True, 0.05, ("INSTANCES", "16", "1")),
        row(False, 0.5, ("INSTANCES", "1", "7")),
        row(True, 0.01, ("STEP", "16", "8")),
        row(True, 0.02, ("INSTANCES", "1", "2")),
        row(True, 0.01, ("LAG", "0", "1")),
        row(True, 0.02, ("STEP", "8", "0"), ("LAG", "1", "2")),
        row(True, 0.01, ("LAG", "1", "0")),
    ]
    found = agent.parts.advance.net(log)
    assert [(one.function, one.old, one.new) for one in found] == [("INSTANCES", "16", "2"), ("STEP", "16", "8")]
    assert found[0].gain == pytest.approx(0.07)
    assert agent.parts.advance.edited("INSTANCES = 16\n", found[0], "2") == "INSTANCES = 2\n"
    assert agent.parts.advance.edited("INSTANCES = 4\n", found[0], "2") is None
