"""What the seed agent remembers stays small, plain and useful, however much it finds."""

import json
import random
from pathlib import Path
from typing import Any

from tests.unit.seed.support import Agent


def solution(number: int, rng: random.Random, items: int = 8) -> list[Any]:
    """A program that nobody found before, with wide outputs."""
    program: list[Any] = ["xs"]
    for k in range(5):
        name = ("reverse", "tail", "init", "sort", "unique", "repeat")[number // 6**k % 6]
        program = [name, program, ["I2"]] if name == "repeat" else [name, program]
    return [program, "list-of-int", [[rng.randrange(10**6) for _ in range(items)] for _ in range(10)], "level 4"]


def finding(number: int, rng: random.Random, tasks: int) -> dict[str, Any]:
    inputs = [[rng.randrange(100) for _ in range(12)] for _ in range(16)]
    unsolved = [
        {
            "id": f"t{number}-{k}",
            "type": "list-of-int",
            "family": "level 3",
            "level": 3,
            "inputs": inputs,
            "outputs": [[rng.randrange(10**6) for _ in range(40)] for _ in range(16)],
            "shown": 10,
            "failures": rng.randrange(3),
        }
        for k in range(60)
    ]
    return {
        "batch": f"b{number}",
        "inputs": inputs[:10],
        "solutions": [solution(number * tasks + k, rng) for k in range(tasks)],
        "retried": [{**unsolved[0], "program": None}],
        "open": unsolved,
        "families": {"level 3": [tasks + 60, tasks, 1]},
        "spent": {"L": 1000, "I": 500},
        "tried": 1500,
    }


def test_memory_and_corpus_stay_below_their_limits_over_many_cycles(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    memory = agent.parts.experience.memory_of({})
    rng = random.Random(3)
    sizes = []
    for number in range(10):
        agent.parts.diagnose.take_in(finding(number, rng, 400), memory)
        text = json.dumps(memory, allow_nan=False)
        memory = json.loads(text)
        assert json.dumps(memory) == text
        sizes.append(len(text))
    assert max(sizes) < 4_000_000 and sizes[3] > 500_000
    assert len(agent.parts.experience.text_of(memory["corpus"])) < 1_000_000
    assert len(memory["open"]) <= agent.parts.curriculum.keeps_open()


def test_the_policy_stays_small_whatever_was_tried(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    state = agent.parts.policy.start()
    for number in range(2500):
        where = f"{'p' * 60}|{'f' * 70}{number}|family {number % 30}|{number:016x}"
        agent.parts.policy.update(state, where, {"replayed": 0.1, "se": 0.2})
    assert len(json.dumps(state)) < 1_000_000


def test_a_corpus_file_says_what_the_memory_says(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    rng = random.Random(5)
    corpus: Any = {"inputs": {}, "solutions": []}
    assert json.loads(agent.parts.experience.text_of(corpus)) == corpus
    for number in range(3):
        found = finding(number, rng, 20)
        corpus = agent.parts.experience.merge(corpus, found["solutions"], found["batch"], found["inputs"])
    text = agent.parts.experience.text_of(corpus)
    assert json.loads(text) == corpus and len(corpus["solutions"]) == 60 and text.count("\n") > 60
    assert {batch for entry in corpus["solutions"] for batch, *_ in entry["seen"]} == set(corpus["inputs"])


def test_the_same_program_again_only_counts(tmp_path: Path) -> None:
    merge = Agent(tmp_path).parts.experience.merge
    rng = random.Random(6)
    found = solution(1, rng)
    corpus: Any = {"inputs": {}, "solutions": []}
    for number in range(9):
        before = json.dumps(corpus)
        corpus, old = merge(corpus, [found], f"b{number}", [[number]]), corpus
        assert json.dumps(old) == before
    (entry,) = corpus["solutions"]
    assert entry["repeats"] == 9 and len(entry["seen"]) == len(corpus["inputs"]) < 9


def test_what_was_found_often_is_forgotten_last(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    rng = random.Random(7)
    often = solution(7_000, rng)
    corpus = agent.parts.experience.merge({"inputs": {}, "solutions": []}, [often] * 5, "b", [[1]])
    for number in range(6):
        corpus = agent.parts.experience.merge(corpus, [solution(number * 500 + k, rng) for k in range(500)], f"b{number}", [[1]])
    assert len(corpus["solutions"]) < 3001
    assert often[0] in [entry["program"] for entry in corpus["solutions"]]
    assert solution(1, rng)[0] not in [entry["program"] for entry in corpus["solutions"]]


def test_a_task_solved_at_last_leaves_the_open_ones_and_joins_the_corpus(tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    agent.build()
    first = finding(0, random.Random(8), 5)
    agent.ask("diagnose", findings=[first])
    task = agent.memory["open"][0]
    solved = {**finding(1, random.Random(9), 0), "open": [], "retried": [{**task, "program": ["sort", ["xs"]], "failures": 1}]}
    agent.ask("diagnose", findings=[solved])
    assert task["id"] not in [one["id"] for one in agent.memory["open"]]
    assert ["sort", ["xs"]] in [entry["program"] for entry in agent.memory["corpus"]["solutions"]]


def test_a_grown_agent_that_remembers_nothing_yet_begins_with_what_it_was_trained_on(tmp_path: Path) -> None:
    experience = Agent(tmp_path).parts.experience
    corpus = experience.merge({"inputs": {}, "solutions": []}, [solution(1, random.Random(1))], "b1", [[1]] * 10)
    assert experience.memory_of({"memory": None}, corpus)["corpus"] == corpus
    assert experience.memory_of({"memory": {"corpus": "its own"}}, corpus) == {"corpus": "its own"}
