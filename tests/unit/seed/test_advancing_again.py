"""What the seed agent proposes of its own way of improving after earlier proposals failed, and how much a rehearsal has to show of one."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.seed.support import Agent, mirrored
from tests.unit.seed.test_advancing import changed, experienced, mirror, propose

CHANGE = ["resources.py", "PATIENCE", "number", "1000", "20"]


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def test_what_was_rejected_is_not_proposed_again_over_the_same_text(agent: Agent) -> None:
    """A verdict on a change that was never judged, for its module had just changed, does not keep it from being tried over the new one."""
    advance = agent.parts.advance
    advance.OWN = ("resources.py",)
    advance.EPISODES, advance.LOOKS, advance.MODULES, advance.REPEATED = 6, ((6, 0.3),), 1, 2

    def proposed() -> list[Any]:
        return [
            change[:-1] for one in propose(agent, 4000, ("packing", "descent"), seed=2)[0] for change in agent.memory["waiting"][one["tag"]]
        ]

    first = proposed()
    single = {tag: changes for tag, changes in agent.memory["waiting"].items() if len(changes) == 1}
    assert len(first) == len(single) == 1
    agent.ask("learn", verdicts=[{"tag": tag, "surface": "resources", "verdict": "refused"} for tag in single])
    assert [failed := agent.memory["failed"]] == list(single.values())
    agent.memory = (fresh := agent.parts.experience.memory_of)({})
    assert proposed() == first
    agent.memory = {**fresh({}), "failed": failed}
    assert first[0] not in proposed()
    path = agent.folder / "resources.py"
    path.write_text(path.read_text() + "# another change was kept\n")
    agent.memory = {**fresh({}), "failed": failed}
    assert proposed() == first


@pytest.mark.parametrize(
    ("history", "changes", "together"),
    [
        (["accepted", "rejected"], [CHANGE], True),
        (["rejected", "accepted"], [CHANGE], False),
        (["rejected", "rejected"], [CHANGE], False),
        (["accepted", "rejected"], [], False),
    ],
)
def test_an_improver_whose_changes_fail_one_by_one_puts_them_together(
    agent: Agent, history: list[str], changes: list[Any], together: bool
) -> None:
    experienced(agent)
    agent.parts.advance.Here.itself = lambda self: []
    digest = agent.parts.propose.digest((agent.folder / "resources.py").read_text())
    agent.memory["history"] = [["search", verdict] for verdict in history]
    agent.memory["failed"] = [[*change, digest] for change in changes] + [["resources.py", "STEP", "number", "16", "4", "of another text"]]
    (item,) = propose(agent, 600)[0]
    after = {edit["path"]: edit["after"] for edit in item["edits"]}
    assert set(after) == {"weights.json", "tricks.py", *(["resources.py"] if together else [])}
    assert ("With them what failed alone: PATIENCE: 1000 → 20." in item["reason"]) == together
    if together:
        assert "PATIENCE = 20\n" in after["resources.py"] and "STEP = 16\n" in after["resources.py"]
        assert agent.memory["waiting"][item["tag"]] == agent.memory["failed"][:1]
        agent.ask("learn", verdicts=[{"tag": item["tag"], "surface": "search", "verdict": "rejected"}])
        assert len(agent.memory["failed"]) == 2


def test_an_improver_that_is_stuck_learns_again_without_new_experience(agent: Agent) -> None:
    experienced(agent)
    agent.parts.advance.Here.itself = lambda self: []
    assert propose(agent, 600)[0] and not propose(agent, 600)[0]
    agent.memory["history"] = [["search", verdict] for verdict in ("accepted", "rejected")]
    assert propose(agent, 600)[0]


def test_a_copy_that_mixes_up_what_an_edit_is_called_teaches_nothing(agent: Agent) -> None:
    reflection, _ = mirror(agent)
    mixed = changed(
        reflection.files, "moves.py", "Change(places.sites[k], places.kinds[k], text)", "Change(places.sites[k], text, places.kinds[k])"
    )
    reflection.gain(reflection.files, 0)
    known = dict(reflection.edits)
    assert known and {kind for _, _, kind, _, _ in known.values()} <= set(agent.parts.mirror.KINDS)
    assert reflection.gain(mixed, 1) is not None and reflection.edits == known
    reflection.gain(reflection.files, 1)
    assert len(reflection.edits) > len(known)


@pytest.mark.parametrize(
    ("looks", "gain", "proposed", "spare"),
    [("LOOKS", 0.3, 1, 0), ("LOOKS", 0.001, 0, 1), ("LOOKS", -0.1, 0, 0), ("HARMLESS", 0.001, 1, 0), ("HARMLESS", -0.001, 1, 0)]
    + [("HARMLESS", -0.1, 0, 0)],
)
def test_a_craft_is_proposed_if_it_helps_enough_kept_in_reserve_if_that_is_open_and_dropped_if_it_harms(
    agent: Agent, looks: str, gain: float, proposed: int, spare: int
) -> None:
    advance, files = agent.parts.advance, agent.parts.propose.variant.read_tree(agent.folder)
    agent.memory = agent.parts.experience.memory_of({})
    agent.memory["waiting"] = {}

    def compare(base: Any, other: Any, numbers: range) -> tuple[list[float], list[float]]:
        return [0.1 * (k % 2) for k in numbers], [gain + 0.1 * ((k + 1) % 2) for k in numbers]

    here = advance.Here(files, agent.memory, {}, [], mirrored(agent, compare, affordable=1000), None, {})
    made = here.crafted("parameters", {"weights.json": "{}\n"}, "Weights", [], "weights", getattr(advance, looks))
    assert (len(made), len(here.spare)) == (proposed, spare)
    assert ("weights.json" in here.crafts) == bool(proposed)
