"""The seed agent answers every message of the kernel with plain data, also the odd ones."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.seed_agent import SEED
from tests.unit.seed.support import Agent, batch, questions

LIST = "list-of-int"


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    made = Agent(tmp_path)
    made.build()
    return made


def case(argument: str, result: str, *examples: tuple[object, object]) -> dict[str, Any]:
    return {"id": "q", "type": {"input": argument, "output": result}, "examples": [{"i": i, "o": o} for i, o in examples]}


def test_there_is_one_answer_per_case_within_its_budget(agent: Agent) -> None:
    asked = questions(6)
    answers = agent.ask("solve", cases=asked, programs=1500)["answers"]
    assert len(answers) == 6 and all(0 < one["programs"] <= 1500 for one in answers)
    assert any(one["answer"] for one in answers) and all(one["answer"] is None or "def f(xs):" in one["answer"] for one in answers)
    assert agent.ask("solve", cases=asked, programs=1500)["answers"] == answers
    assert agent.ask("solve", cases=[], programs=1500) == {"answers": []}


@pytest.mark.parametrize("programs", [0, 1, 2])
def test_almost_no_budget_is_no_reason_to_fail(agent: Agent, programs: int) -> None:
    answers = agent.ask("solve", cases=questions(4), programs=programs)["answers"]
    assert [one["programs"] for one in answers] == [programs] * 4
    done = agent.ask("practise", batch=batch(0, 5), programs=programs)
    assert done["programs"] <= programs and done["tasks"] == 5 and done["solved"] <= 1


@pytest.mark.parametrize(
    "question",
    [
        case(LIST, "str", ([1], "a"), ([2], "b")),
        case("str", LIST, ("a", [1])),
        case("bool", "bool", (True, False)),
        case("list-of-bool", "int", ([True], 1), ([False, True], 2)),
        case("list-of-list-of-int", LIST, ([[1]], [1])),
        case("", "", (1, 1)),
    ],
)
def test_a_question_of_types_it_does_not_know_gets_no_answer(agent: Agent, question: dict[str, Any]) -> None:
    assert agent.ask("solve", cases=[question], programs=500)["answers"] == [{"answer": None, "programs": 0}]


@pytest.mark.parametrize(
    "question",
    [
        case(LIST, LIST),
        case(LIST, "int", ([], 0)),
        case(LIST, LIST, ([], [])),
        case(LIST, "bool", ([], True), ([], False)),
        case(LIST, "list-of-bool", ([], []), ([10**30], [True])),
        case(LIST, "int", ([-(10**30)], 10**30)),
        case("int", "int", (0, 0), (-5, 10**9)),
        case("int", "list-of-bool", (2, [True])),
    ],
)
def test_unusual_examples_are_answered_or_not_but_never_break_it(agent: Agent, question: dict[str, Any]) -> None:
    (one,) = agent.ask("solve", cases=[question], programs=300)["answers"]
    assert one["programs"] <= 300
    names: dict[str, Any] = {}
    if one["answer"] is not None:
        exec(one["answer"], names)  # noqa: S102 - the answer of the agent
        assert all(names["f"](example["i"]) == example["o"] for example in question["examples"])


@pytest.mark.parametrize("tasks", [{"inputs": [], "tasks": [], "shown": 0}, {"inputs": [[1], [2, 3]], "tasks": [], "shown": 1}])
def test_an_empty_batch_is_practised_in_no_time(agent: Agent, tasks: dict[str, Any]) -> None:
    done = agent.ask("practise", batch=tasks, programs=1000)
    assert (done["programs"], done["solved"], done["tasks"]) == (0, 0, 0)
    assert isinstance(agent.ask("diagnose", findings=[done["findings"]])["limitations"], list)


def test_practice_reports_what_is_right_on_unseen_examples_and_what_it_spent(agent: Agent) -> None:
    given = batch(0, 60)
    done = agent.ask("practise", batch=given, programs=60_000)
    found = done["findings"]
    assert 0 < done["solved"] <= 60 and 0 < done["programs"] <= 60_000 and found["tried"] == done["programs"]
    assert sum(row[0] for row in found["families"].values()) == len(given["tasks"]) == done["tasks"]
    unseen = {json.dumps(task["outputs"]) for task in given["tasks"]}
    assert {json.dumps(task["outputs"]) for task in found["open"]} < unseen


def test_each_limitation_has_evidence_and_words(agent: Agent) -> None:
    done = agent.ask("practise", batch=batch(0, 80), programs=40_000)
    limitations = agent.ask("diagnose", findings=[done["findings"]])["limitations"]
    assert len(limitations) >= 3 and len({one["id"] for one in limitations}) == len(limitations)
    assert all(one["kind"] and one["evidence"] and 10 < len(one["text"]) < 500 for one in limitations)
    assert agent.ask("diagnose", findings=[])["memory"] == agent.memory


def test_tasks_that_were_not_found_come_back(agent: Agent) -> None:
    agent.parts.practice.retry_budget = lambda failures: 300 * (1 + failures)
    done = agent.ask("practise", batch=batch(0, 60), programs=5000)
    agent.ask("diagnose", findings=[done["findings"]])
    waiting = {task["id"] for task in agent.memory["open"]}
    later = agent.ask("practise", batch=batch(1, 5), programs=30_000)["findings"]["retried"]
    assert waiting and waiting & {task["id"] for task in later}
    assert all(task["failures"] >= 1 for task in later)


def test_the_tree_stands_on_the_standard_library_alone() -> None:
    own = {path.stem for path in SEED.glob("*.py")}
    for path in SEED.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= own | set(sys.stdlib_module_names), path.name


CYCLE = """
import json, sys
folder, given = sys.argv[1], json.load(sys.stdin)
sys.path.insert(0, folder)
import abstraction, main, propose
propose.ENOUGH_PROGRAMS, propose.ROUNDS, propose.EDITS_A_ROUND, propose.WORTH_PROPOSING = 10, 1, 4, 0.0
abstraction.how_many = lambda programs: 2
said, memory = [], None
for number, batch in enumerate(given["batches"]):
    said.append(main.build({"seed": 1}))
    open(folder + "/build.json", "w").write(json.dumps(said[-1]))
    said.append(main.solve({"cases": given["cases"], "programs": 1000, "seed": 1}))
    said.append(main.practise({"batch": batch, "programs": 30000, "seed": 2, "memory": memory}))
    said.append(main.diagnose({"findings": [said[-1]["findings"]], "memory": memory, "seed": 3}))
    memory, known = said[-1]["memory"], said[-1]["limitations"]
    said.append(main.propose({"limitations": known, "memory": memory, "count": 9, "programs": 10**5, "seed": 4}))
    for edit in [edit for item in said[-1]["proposals"] if item["surface"] in ("parameters", "code") for edit in item["edits"]]:
        open(folder + "/" + edit["path"], "w").write(edit["after"])
print(json.dumps(said))
"""


def test_every_message_is_answered_the_same_in_every_process(tmp_path: Path) -> None:
    """Whole cycles, without anything but the tree and the standard library, under different hash seeds: the same bytes."""
    given = json.dumps({"batches": [batch(k, 100) for k in range(3)], "cases": questions(3)})
    said = []
    for number in ("1", "2"):
        folder = tmp_path / number
        folder.mkdir()
        Agent(folder)
        command = [sys.executable, "-s", "-S", "-c", CYCLE, str(folder)]
        environment = {"PYTHONHASHSEED": number, "PATH": os.environ.get("PATH", "")}
        done = subprocess.run(command, input=given, capture_output=True, text=True, env=environment, cwd=folder, timeout=60)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1]
    proposed = [item["surface"] for answer in json.loads(said[0]) for item in answer.get("proposals", [])]
    assert {"parameters", "code"} <= set(proposed)
