"""Evaluators written for GEPA as targets: texts are files, examples are cases; what executes a candidate runs in a jail with it."""

import os
from pathlib import Path

import pytest

from rsi.core.errors import InfrastructureError, UserError
from rsi.core.records import Pool
from rsi.suites import secret_seeds
from rsi.targets import Scorer, TargetSuite, find_target
from rsi.targets.importers import from_gepa
from tests.unit.targets.importing import TASKS, trials

TRIAGE = TASKS / "gepa" / "triage.py"
CURVE = TASKS / "gepa" / "curve.py"
ROWS = "dataset = [{'x': k} for k in range(50)]\n"


def module(folder: Path, text: str) -> str:
    (folder / "task.py").write_text(text, encoding="utf-8")
    return str(folder / "task.py")


def test_an_evaluator_of_texts_scores_them_outside_the_jails_and_what_it_says_is_told() -> None:
    pytest.importorskip("gepa", reason="gepa is not installed here")
    target = find_target(f"gepa:{TRIAGE}:evaluate")
    assert [name for name in target.files if not name.startswith("rsi")] == ["rules.txt"]
    assert target.kind == "prompt"
    assert target.brief.startswith("Rules that send each ticket")
    assert target.lost == ()
    before = trials(target, count=32, pool=Pool.PRACTICE)
    words = {"billing": "invoice refund charge price", "login": "password account locked code", "shipping": "parcel late address courier"}
    rules = "".join(f"{word} -> {queue}\n" for queue, some in words.items() for word in some.split())
    after = trials(target, {"rules.txt": rules}, count=32, pool=Pool.PRACTICE)
    assert sum(one.trial.value for one in after) > sum(one.trial.value for one in before)
    assert '"Expected"' in before[0].feedback
    assert "rules matched" in before[0].feedback


def test_held_out_examples_are_kept_from_practice() -> None:
    pytest.importorskip("gepa", reason="gepa is not installed here")
    target = from_gepa(f"{TRIAGE}:evaluate")
    with Scorer(target.folder, target.spec) as scorer:
        suite = TargetSuite(target, secret_seeds(1), scorer)
        numbers = {
            pool: [int(case.id.split()[1]) for case in suite.cases(pool, 0, suite.size(pool) or 0)] for pool in Pool if suite.size(pool)
        }
    assert max(numbers[Pool.PRACTICE]) < 60
    assert min(min(numbers[pool]) for pool in (Pool.JUDGE, Pool.CALIBRATION, Pool.SEALED)) >= 60


def test_a_script_that_calls_optimize_anything_is_taken_from_its_call_and_what_executes_text_is_jailed() -> None:
    pytest.importorskip("gepa", reason="gepa is not installed here")
    target = find_target(f"gepa:{CURVE}:main")
    assert [name for name in target.files if not name.startswith("rsi")] == ["current_candidate.py"]
    assert target.brief == "Estimate y from x."
    assert "executes the candidate" in " ".join(target.lost)
    better = {"current_candidate.py": "def estimate(x):\n    return 2.5 * x + 1\n"}
    assert [one.trial.score for one in trials(target, better)] == [1.0, 1.0]
    assert all(one.trial.value < 0.9 for one in trials(target))


def test_a_single_task_has_seeds_for_cases_and_a_text_may_be_one_string(tmp_path: Path) -> None:
    text = "import random\nseed_candidate = 'hello world'\ndef evaluate(candidate): return random.random() * (candidate == 'hello world')\n"
    target = from_gepa(f"{module(tmp_path, text)}:evaluate")
    assert [name for name in target.files if not name.startswith("rsi")] == ["current_candidate.txt"]
    first, second = trials(target)
    assert 0 < first.trial.value != second.trial.value > 0
    assert [one.trial.value for one in trials(target)] == [first.trial.value, second.trial.value]


def test_an_output_that_is_no_texts_is_no_answer_and_no_fault(tmp_path: Path) -> None:
    text = f"seed_candidate = 'abc'\n{ROWS}def evaluate(candidate, example): return 1.0\n"
    target = from_gepa(f"{module(tmp_path, text)}:evaluate")
    with Scorer(target.folder, target.spec) as scorer:
        for output in ({}, {"score": 1.0}, {"current_candidate": 3}, {"current_candidate": "x", "more": "y"}):
            assert scorer.score({"example": 0}, output).value is None
        assert scorer.score({"example": 0}, {"current_candidate": "x"}).value == 1.0


@pytest.mark.parametrize(
    ("line", "is_jailed"),
    [
        ("return float(len(candidate['p']) > 3)", False),
        ("return float(eval(candidate['p']))", True),
        ("import subprocess; return 1.0", True),
        ("import helper; return helper.value(candidate['p'])", True),
    ],
)
def test_where_the_evaluator_runs_follows_from_what_its_text_and_its_helpers_can_execute(
    tmp_path: Path, line: str, is_jailed: bool
) -> None:
    (tmp_path / "helper.py").write_text("def value(text):\n    names = {}\n    exec(text, names)\n    return 1.0\n", encoding="utf-8")
    text = f"seed_candidate = {{'p': '0.5'}}\n{ROWS}def evaluate(candidate, example):\n    {line}\n"
    target = from_gepa(f"{module(tmp_path, text)}:evaluate")
    assert bool(target.lost) is is_jailed
    assert ("rsi_task/task.py" in target.files) is is_jailed
    assert ("task.py" in target.hashes) is not is_jailed


def test_what_a_text_breaks_is_no_answer_and_what_the_world_breaks_is_a_fault(tmp_path: Path) -> None:
    lines = "open(candidate['p'] + '/no') if candidate['p'] != 'a' else {}[1]"
    text = f"seed_candidate = {{'p': 'a'}}\n{ROWS}def evaluate(candidate, example):\n    {lines}\n"
    target = from_gepa(f"{module(tmp_path, text)}:evaluate")
    (one,) = trials(target, count=1)
    assert (one.trial.score, one.trial.label) == (None, "raised")
    assert "KeyError: 1" in one.feedback
    with pytest.raises(InfrastructureError, match=r"task.py:4: FileNotFoundError"):
        trials(target, {"p.txt": "b"}, count=1)


def test_a_text_that_is_a_program_is_a_file_of_code_and_prose_is_a_prompt(tmp_path: Path) -> None:
    text = f"seed_candidate = {{'rule': 'def f(x): return x', 'words': 'Answer'}}\n{ROWS}def evaluate(candidate, example): return 1.0\n"
    target = from_gepa(f"{module(tmp_path, text)}:evaluate")
    assert {"rule.py", "words.txt"} <= set(target.files)


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("x = 1\n", "evaluate", "has no function evaluate"),
        ("def evaluate(candidate): return 1.0\n", "evaluate", "has no seed_candidate"),
        ("seed_candidate = 3\ndef evaluate(candidate): return 1.0\n", "evaluate", "a seed candidate is a text"),
        ("def main(): pass\n", "main", "calls no optimize_anything"),
        ("1/0\n", "evaluate", "ZeroDivisionError"),
        ("seed_candidate = {'a/b': 'x'}\ndef evaluate(candidate): return 1.0\n", "evaluate", "cannot be the name of a file"),
    ],
)
def test_what_is_no_such_evaluator_is_refused_with_the_reason(tmp_path: Path, text: str, name: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        from_gepa(f"{module(tmp_path, text)}:{name}")


def test_a_module_is_looked_for_where_rsi_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module(tmp_path, f"seed_candidate = 'abc'\n{ROWS}def evaluate(candidate, example): return 0.5\n")
    monkeypatch.chdir(tmp_path)
    assert trials(from_gepa("task:evaluate"), count=1)[0].trial.score == 0.5
    with pytest.raises(UserError, match="there is no file"):
        from_gepa("elsewhere:evaluate")
    assert os.getcwd() == str(tmp_path)
