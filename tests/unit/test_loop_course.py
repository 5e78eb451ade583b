"""Race or tree: what chooses, when, and that it is chosen once."""

from collections.abc import Callable, Sequence

import pytest

from rsi.config import RunConfig
from rsi.core.protocols import Entry, Files
from rsi.core.records import Json
from rsi.kernel.judge import Course
from rsi.loop.course import ENOUGH, FEWEST, note_meeting
from rsi.loop.machine import Machine, Opening
from rsi.loop.replay import Journal
from rsi.testing.in_memory import MemoryArchive, SingleWorker, live_in_memory
from rsi.testing.memory_log import MemoryLog
from rsi.testing.toy import toy_agent, toy_config, toy_parts


def machine_of(config: RunConfig, seen: list[Entry]) -> Machine:
    parts = toy_parts(config)
    opening = Opening(tier="S0", kernel="test", commitments=parts.commitments, secrets=parts.secrets)
    journal = Journal(MemoryLog(), (), seen.append)
    floor = SingleWorker(parts.make_jail())
    return Machine(config, toy_agent(), opening=opening, archive=MemoryArchive(), suite=parts.suite, journal=journal, floor=floor)


def chosen_after(openings: Sequence[tuple[int, int]], course: str = "auto", config: RunConfig | None = None) -> list[Json]:
    """What is written down of the choice when tests open one after another beside so many, in conflict with so many of these."""
    seen: list[Entry] = []
    machine = machine_of(config or toy_config(course=course), seen)
    for met, conflicting in openings:
        if machine.state.course is Course.RACE:
            note_meeting(machine, met=met, conflicting=conflicting)
    return [entry.body for entry in seen if entry.kind == "course.chosen"]


REWRITES = [(number, number) for number in range(8)]
"""Changes that all rewrite one file."""


def test_four_rewrites_of_one_file_are_enough_for_the_tree() -> None:
    assert chosen_after(REWRITES[: FEWEST - 1]) == []
    assert chosen_after(REWRITES) == [{"course": "tree", "changes": 4, "pairs": 6, "conflicting": 6, "share": 1.0}]


@pytest.mark.parametrize(("conflicts", "course"), [(0, "race"), (2, "race"), (3, "tree")])
def test_sixteen_changes_decide_by_the_share_of_conflicting_pairs(conflicts: int, course: str) -> None:
    pairs = ENOUGH - 1
    openings = [(0, 0)] + [(1, int(pairs - conflicts <= number < pairs)) for number in range(20)]
    expected: Json = {
        "course": course,
        "changes": ENOUGH,
        "pairs": pairs,
        "conflicting": conflicts,
        "share": conflicts / pairs,
    }
    assert chosen_after(openings) == [expected]


def test_a_conflict_between_two_of_few_changes_decides_nothing() -> None:
    assert chosen_after([(0, 0), (1, 1), (0, 0), (1, 0), (0, 0), (2, 1)]) == []


def test_changes_that_were_never_open_together_decide_nothing() -> None:
    assert chosen_after([(0, 0)] * 40) == []


def test_a_run_with_a_safety_suite_stays_a_race() -> None:
    config = toy_config(course="auto")
    guarded = config.model_copy(update={"safety": config.safety.model_copy(update={"suite": "list_functions_basics"})})
    assert chosen_after(REWRITES, config=guarded) == [] != chosen_after(REWRITES, config=config)


@pytest.mark.parametrize("course", ["race", "tree"])
def test_what_the_configuration_chose_no_conflict_changes(course: str) -> None:
    assert chosen_after(REWRITES, course) == []


def kinds_of(config: RunConfig, files: Files) -> list[tuple[str, Json]]:
    seen: list[Entry] = []
    live_in_memory(config, files, toy_parts(config), archive=MemoryArchive(), observer=seen.append)
    return [(entry.kind, entry.body) for entry in seen]


def rewriting() -> Files:
    """A toy agent all of whose proposals rewrite one file."""
    files = toy_agent()
    main = files["main.py"].replace(b"if luck < 0.5:", b"if luck < 2:")
    main = main.replace(b'0.3 if _luck("good", seed, number) < 0.5 else -0.15', b'0.5 * _luck("good", seed, number) - 0.2')
    assert b"0.15" not in main and b"luck < 2" in main
    return {**files, "main.py": main}


def test_a_run_whose_changes_conflict_goes_over_to_the_tree_once_and_loses_no_proposal() -> None:
    events = kinds_of(toy_config(seed=3, course="auto", programs=60_000), rewriting())
    (choice,) = [number for number, (kind, _) in enumerate(events) if kind == "course.chosen"]
    assert "version.joined" not in {kind for kind, _ in events[:choice]}
    verdicts = [body for kind, body in events if kind == "verdict.given" and isinstance(body, dict)]
    moved = {str(body["proposal"]) for body in verdicts if reason(body).startswith("replanted")}
    joined = [str(body["proposal"]) for kind, body in events if kind == "version.joined" and isinstance(body, dict)]
    assert moved and joined[: len(moved)] == sorted(moved)
    last = {str(body["proposal"]): reason(body) for body in verdicts}
    assert not any(why.startswith("replanted") for why in last.values()), "each gets another verdict"


def reason(body: dict[str, Json]) -> str:
    verdict = body["verdict"]
    return str(verdict.get("reason", "")) if isinstance(verdict, dict) else ""


def test_a_run_that_is_told_to_race_races_whatever_conflicts() -> None:
    kinds = {kind for kind, _ in kinds_of(toy_config(seed=3, course="race"), rewriting())}
    assert "test.opened" in kinds and not kinds & {"course.chosen", "version.joined", "lineage.ablated"}


@pytest.mark.parametrize("make", [toy_agent, rewriting])
def test_a_race_that_nothing_ends_is_the_race_that_was_asked_for(make: Callable[[], Files]) -> None:
    auto, forced = (kinds_of(toy_config(seed=1, course=course, horizon=3), make()) for course in ("auto", "race"))
    assert auto[1:] == forced[1:], "with so few changes nothing is chosen"
