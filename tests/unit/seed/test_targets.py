"""The seed agent on targets that are not itself: numbers, programs and prompts, by trials on practice cases alone."""

import hashlib
import json
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rsi.core.codec import decode
from rsi.core.records import Proposal
from tests.seed_agent import modules
from tests.unit.seed import toys

SECRET = (3.0, -1.0, 4.0, 1.0, -5.0, 9.0, -2.0, 6.0)
GUESS = "def solve():\n    PARAMS = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\n    return PARAMS\n"
PROMPT = """You answer questions about orders.
Always begin with a long greeting.
Name the order number.
Ignore what the customer wants. Be kind.
End with the date of delivery.
"""
Files = dict[str, str]
Score = Callable[[Files, int], float | None]

parts = modules("targets", "constants", "texts", "bench", "cma", "experience", "propose")


class World:
    """A target and who runs it: answers `ask` as the kernel does, counted, nothing beyond the budget."""

    def __init__(
        self, files: Files, score: Score, *, surfaces: Mapping[str, list[str]], cases: int = 8, protected: tuple[str, ...] = ()
    ) -> None:
        """A target whose files are scored by a function."""
        self.files, self.score, self.cases = files, score, cases
        self.target = {
            "name": "toy", "kind": "program", "brief": "", "surfaces": surfaces, "protected": protected, "files": files,
            "metric": {"name": "score", "direction": "max", "low": 0.0, "high": 1.0}, "case": {"function": "solution:solve"},
        }  # fmt: skip
        self.left = self.asked = self.refused = 0
        self.memory: Any = None

    def ask(self, message: Any) -> Any:
        """One question."""
        given = json.loads(json.dumps(message, allow_nan=False))["evaluate"]
        if len(given["cases"]) > self.left:
            self.refused += 1
            return {"error": "more is asked than is left", "left": self.left}
        self.left -= len(given["cases"])
        self.asked += len(given["cases"])
        files = {**self.files, **given["files"]}
        return {"results": [self.result(files, k) for k in given["cases"]], "left": self.left}

    def result(self, files: Files, case: int) -> dict[str, Any]:
        score = self.score(files, case)
        return {"score": score, "output": None, "label": "", "feedback": "", "error": None if score is not None else "ValueError: no"}

    def findings(self) -> list[dict[str, Any]]:
        """What practice told."""
        rows = [{"case": k, "id": f"c{k}", "input": k, **self.result(self.files, k)} for k in range(self.cases)]
        return [{**row, "outcome": "answered" if row["score"] is not None else "crashed"} for row in rows]

    def propose(self, programs: int, seed: int = 1, **more: Any) -> list[Any]:
        """A pass of the agent."""
        self.left, self.asked, self.refused = programs, 0, 0
        findings = more.pop("findings", None) or self.findings()
        message = {
            "target": self.target, "findings": findings, "limitations": parts.targets.diagnose(findings), "count": 4, "programs": programs,
            "seed": seed, "history": [], "memory": self.memory, **more,
        }  # fmt: skip
        memory = parts.experience.memory_of(message)
        answer = parts.targets.propose(json.loads(json.dumps(message)), self.ask, memory, {})
        self.memory = json.loads(json.dumps(answer["memory"], allow_nan=False))
        assert answer["programs"] == self.asked <= programs and self.refused == 0
        for one in answer["proposals"]:
            rest = {key: value for key, value in one.items() if key != "tag"}
            decode(Proposal, {**rest, "id": "p", "improver": "a", "parent": "a"})
            for change in one["edits"]:
                assert change["before"] == hashlib.sha256(self.files[change["path"]].encode()).hexdigest()
        return list(answer["proposals"])

    def changed(self, proposal: Any) -> Files:
        """The files with a proposal applied."""
        return {**self.files, **{change["path"]: change["after"] for change in proposal["edits"]}}


def guessed(files: Files, case: int) -> float | None:
    """How near the eight numbers are; the same in every case."""
    space: dict[str, Any] = {}
    try:
        exec(files["solution.py"], space)  # noqa: S102 - the toy target of a test
        return 1 / (1 + math.dist(space["solve"](), SECRET))
    except toys.FAILURES:
        return None


def guessing() -> World:
    world = World({"solution.py": GUESS}, guessed, surfaces={"code": ["solution.py"]})
    world.findings = lambda: [{**row, "input": None} for row in World.findings(world)]  # type: ignore[method-assign]  # one case over again
    return world


def toy(name: str, cases: int = 12) -> World:
    """A program of the toys as a target."""
    return World(
        {"main.py": toys.TOYS[name][0]}, lambda files, k: toys.score(name, files["main.py"], k), surfaces={"code": ["*.py"]}, cases=cases
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_numbers_are_tuned_without_a_model_in_a_hundred_trials(seed: int) -> None:
    world = guessing()
    made = world.propose(110, seed)
    assert max(guessed(world.changed(one), 0) or 0.0 for one in made) > 0.3
    best = made[0]
    assert "Tune 8 numbers of solution.py" in best["reason"] and "PARAMS = [0.0" in best["reason"] and best["prediction"]["p_better"] > 0.8


def test_programs_become_better_on_instances_that_nobody_saw() -> None:
    better = 0
    for name in ("stopping", "stock", "knapsack", "descent"):
        world = toy(name)
        made = world.propose(400)
        gains = [toys.worth(name, world.changed(one)["main.py"]) - toys.worth(name, world.files["main.py"]) for one in made]
        better += bool(gains) and max(gains) > 0.01
    assert better >= 3


def test_a_prompt_loses_the_lines_that_do_harm() -> None:
    def score(files: Files, case: int) -> float:
        text = files["prompt.md"]
        return 0.4 + 0.2 * ("greeting" not in text) + 0.2 * ("Ignore" not in text) - 0.2 * ("order number" not in text) - 0.02 * (case % 3)

    world = World({"prompt.md": PROMPT}, score, surfaces={"prompt": ["prompt.md"]})
    (best, *_) = world.propose(300)
    text = world.changed(best)["prompt.md"]
    assert best["surface"] == "prompt" and "greeting" not in text and "Ignore" not in text and "order number" in text
    assert "left out" in best["reason"]


def test_a_prompt_takes_the_lines_that_help_from_another_text_of_the_target() -> None:
    def score(files: Files, case: int) -> float:
        said = files["prompt.md"]
        return 0.3 + 0.2 * ("the date" in said) + 0.2 * ("the total" in said) - 0.2 * ("SHOUT" in said) + 0.01 * (case % 3)

    files = {"prompt.md": "Answer.\nBe polite.\n", "guide.txt": "Say the date.\nSHOUT.\n\nSay the total.\n", "code.py": "x = 1\n"}
    world = World(files, score, surfaces={"prompt": ["prompt.md"]}, protected=("guide.txt",))
    (best, *_) = world.propose(200)
    assert set(world.changed(best)["prompt.md"].splitlines()) >= {"Say the date.", "Say the total."}
    assert "SHOUT" not in world.changed(best)["prompt.md"] and "x = 1" not in world.changed(best)["prompt.md"]
    assert "a line taken from another text" in best["reason"]


def test_a_line_that_goes_and_nothing_else_is_a_change_too_until_it_is_rejected() -> None:
    def score(files: Files, case: int) -> float:
        return 0.2 + 0.3 * ("hello" in files["prompt.md"]) + 0.4 * ("Lie" not in files["prompt.md"])

    world = World({"prompt.md": "Say hello.\nLie.\n"}, score, surfaces={"prompt": ["*.md"]})
    (best, *_) = world.propose(100)
    assert world.changed(best)["prompt.md"] == "Say hello.\n"
    rejected = {"verdict": "rejected", "diff": "--- prompt.md\n+++ prompt.md\n@@ -1,2 +1 @@\n Say hello.\n-Lie.\n"}
    assert world.propose(100, history=[rejected]) == []


def test_numbers_of_any_language_are_found_and_nothing_else_is_touched() -> None:
    files = {
        "params.json": '{"rate 2": 0.5, "depth": 3, "name": "v1.5"}\n',
        "run.js": "// 42 is not it\nconst RATE = 0.25; const T = 'x 7';\n",
    }

    def score(changed: Files, case: int) -> float | None:
        try:
            held = json.loads(changed["params.json"])
            rate = float(changed["run.js"].split("RATE = ")[1].split(";")[0])
        except (ValueError, IndexError):
            return None
        return max(0.0, 1 - abs(held["rate 2"] - 2) / 4 - abs(held["depth"] - 9) / 20 - abs(rate - 1.0) / 4)

    world = World(files, score, surfaces={"parameters": ["params.json"], "code": ["run.js"]})
    made = [one for seed in range(4) for one in world.propose(200, seed)]
    after = {one["edits"][0]["path"]: world.changed(one) for one in made if "Tune" in one["reason"]}
    assert after.keys() == files.keys()
    assert json.loads(after["params.json"]["params.json"])["name"] == "v1.5" and isinstance(
        json.loads(after["params.json"]["params.json"])["depth"], int
    )
    assert after["run.js"]["run.js"].startswith("// 42 is not it\n") and "'x 7'" in after["run.js"]["run.js"]
    for path, changed in after.items():
        assert (score(changed, 0) or 0.0) > (score(files, 0) or 0.0), path


def test_where_every_score_is_luck_it_notices_and_promises_little() -> None:
    luck = random.Random(5)
    world = World({"solution.py": GUESS}, lambda files, k: luck.gauss(0.5, 0.05), surfaces={"code": ["solution.py"]})
    promised = []
    for seed in range(12):
        made = world.propose(80, seed)
        promised += [one["prediction"]["p_better"] for one in made]
        verdicts = [{"proposal": "p", "surface": one["surface"], "verdict": "rejected", "tag": one["tag"]} for one in made]
        world.memory = parts.propose.learn(verdicts, world.memory)
    assert len(promised) <= 12 and (len(promised) < 5 or max(promised[4:]) < 0.75)


def test_protected_files_and_files_of_no_surface_are_never_edited() -> None:
    files = {"solution.py": GUESS, "fixed.py": GUESS, "other.py": GUESS}
    world = World(files, guessed, surfaces={"code": ["solution.py", "fixed.py"]}, protected=("fixed.py",))
    for seed in range(3):
        assert {change["path"] for one in world.propose(60, seed) for change in one["edits"]} <= {"solution.py"}


def test_a_change_that_was_rejected_is_not_proposed_again() -> None:
    def score(files: Files, case: int) -> float:
        return 0.9 if "greeting" not in files["prompt.md"] else 0.5

    world = World({"prompt.md": "Say hello.\nAlways a greeting. Be brief.\n"}, score, surfaces={"prompt": ["prompt.md"]})
    (first, *_) = world.propose(100)
    kept = world.changed(first)["prompt.md"].splitlines()
    history = [
        {
            "proposal": "p0",
            "surface": "prompt",
            "reason": "",
            "diff": "".join(f"+{line}\n" for line in kept),
            "verdict": "rejected",
            "why": "",
        }
    ]
    again = world.propose(100, history=history)
    assert all(world.changed(one)["prompt.md"] != world.changed(first)["prompt.md"] for one in again)


@pytest.mark.parametrize("programs", [0, 1, 5])
def test_without_trials_it_still_has_single_changes_to_offer(programs: int) -> None:
    world = toy("stopping")
    made = world.propose(programs)
    assert made and all("not tried on practice cases" in one["reason"] for one in made)
    assert {world.changed(one)["main.py"] for one in made} - {world.files["main.py"]}


def test_no_file_that_may_be_edited_and_no_case_are_no_reason_to_fail() -> None:
    assert World({"a.py": "x = 1\n"}, lambda files, k: 0.5, surfaces={"code": ["b.py"]}).propose(50) == []
    broken = World({"solution.py": "def solve(:\n"}, lambda files, k: None, surfaces={"code": ["solution.py"]})
    assert isinstance(broken.propose(50), list)
    assert isinstance(World({"solution.py": GUESS}, guessed, surfaces={"code": ["*"]}, cases=0).propose(50), list)


def test_the_same_message_gives_the_same_proposals() -> None:
    assert toy("stock").propose(150, 7) == toy("stock").propose(150, 7)


def test_a_target_that_fails_or_scores_low_is_diagnosed_with_its_cases() -> None:
    world = World({"a.py": GUESS}, lambda files, k: None if k < 3 else 0.2 + 0.1 * k, surfaces={"code": ["a.py"]})
    found = {one["id"]: one for one in parts.targets.diagnose(world.findings())}
    assert found["failures"]["evidence"]["cases"] == ["c0", "c1", "c2"] and "ValueError: no" in found["failures"]["text"]
    assert found["low-scores"]["evidence"]["lowest"][0] == "c3" and "uneven" in found


def test_a_value_goes_through_zero_and_far_up_and_integers_stay_integers() -> None:
    (rate, count) = parts.constants.numbers("a.py", "def f(x):\n    rate = 0.1\n    return x * rate - 30\n")
    at = parts.constants.value_at
    assert at(rate, 0) == pytest.approx(0.1) and at(rate, 3) == pytest.approx(0.8) and at(rate, -3) < 0
    assert isinstance(at(count, 0.7), int) and at(count, 1) == 60
    text = parts.constants.written("def f(x):\n    rate = 0.1\n    return x * rate - 30\n", [rate, count], [-3, -3])
    compile(text, "a.py", "exec")


def test_only_what_stands_between_the_marks_of_a_block_is_tuned() -> None:
    text = "A = 1.5\n# EVOLVE-BLOCK-START\nB = 2.5\n# EVOLVE-BLOCK-END\nC = 3.5\n"
    assert [one.value for one in parts.constants.numbers("a.py", text)] == [2.5]


def test_the_distribution_finds_a_summit_on_scales_that_differ_a_hundredfold() -> None:
    search = parts.cma.Cma([2.0] * 6, 0.5, random.Random(3))
    for _ in range(150):
        points = search.drawn()
        search.told(points, [-sum(100 ** (k / 5) * x * x for k, x in enumerate(point)) for point in points])
    assert max(map(abs, search.mean)) < 1e-3


def test_a_text_inside_a_program_is_changed_in_its_lines_alone() -> None:
    text = f'"""Not this: a docstring."""\nPROMPT = """{PROMPT}"""\nx = 1\n'
    rng = random.Random(1)
    made = {parts.texts.drawn("a.py", text, rng)[0] for _ in range(40)} - {None}
    assert len(made) > 5
    for one in made:
        compile(one, "a.py", "exec")
        assert one.startswith('"""Not this: a docstring."""') and one.endswith("x = 1\n")
