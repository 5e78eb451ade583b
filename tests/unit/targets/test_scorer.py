"""The process that scores: what it passes on, and how its faults are told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rsi.core.errors import InfrastructureError
from rsi.core.protocols import Score
from rsi.targets import Scorer
from tests.unit.targets.support import SCORE, SPEC, target

CASE = {"a": 1, "b": 2, "sum": [3]}


@contextmanager
def scorer(folder: Path, body: str, spec: str = SPEC) -> Iterator[Scorer]:
    """A scorer whose `score` has this body."""
    found = target(folder, spec, {"score.py": SCORE.partition("def score")[0] + f"def score(case, output):\n    {body}\n"})
    with Scorer(found.folder, found.spec) as made:
        yield made


@pytest.mark.parametrize(
    ("body", "score"),
    [
        ("return 0.25", Score(value=0.25, label="")),
        ("return True", Score(value=1.0, label="")),
        ("return None", Score(value=None, label="")),
        ("print('noise', flush=True); return {'score': 3, 'label': 'far'}", Score(value=3.0, label="far")),
        ("return {'score': None, 'feedback': 'no ' + str(output)}", Score(value=None, label="", feedback="no 7")),
        ("import helper; return helper.VALUE", Score(value=0.5, label="")),
    ],
)
def test_a_score_is_a_number_or_says_more(tmp_path: Path, body: str, score: Score) -> None:
    (tmp_path / "helper.py").write_text("VALUE = 0.5\n")
    with scorer(tmp_path, body) as made:
        assert made.score(CASE, 7) == score


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return output['x']", "score.py:14: TypeError"),
        ("raise SystemExit(3)", "score.py:14: SystemExit: 3"),
        ("return 'good'", "a score is a finite number"),
        ("return float('nan')", "a score is a finite number"),
        ("return {'points': 1}", "a score is a number, or a dict with score, label and feedback"),
        ("return {'score': 1, 'label': 3}", "label and feedback are texts"),
        ("return (", "score.py:14: SyntaxError"),
        ("import os; os._exit(7)", "ended with code 7 instead of answering"),
        ("import os, sys; print('no licence', file=sys.stderr); os._exit(7)", "no licence"),
    ],
)
def test_a_fault_names_file_and_line_and_is_never_a_score(tmp_path: Path, body: str, said: str) -> None:
    with scorer(tmp_path, body) as made, pytest.raises(InfrastructureError, match=r"the scorer score.py:score .*repair it") as caught:
        made.score(CASE, 7)
    assert said in str(caught.value)


def test_a_scorer_that_ends_once_is_started_again_and_asked_once_more(tmp_path: Path) -> None:
    once = "import os, pathlib; p = pathlib.Path('ended')\n    if not p.exists():\n        p.touch(); os._exit(1)\n    return 0.5"
    with scorer(tmp_path, once) as made:
        assert made.score(CASE, 1).value == 0.5


def test_a_scorer_that_hangs_is_ended_and_the_next_question_gets_an_answer(tmp_path: Path) -> None:
    spec = SPEC.replace("[score]\n", "[score]\ntimeout_s = 0.7\n")
    with scorer(tmp_path, "while output == 'hang': pass\n    return 1.0", spec) as made:
        began = time.monotonic()
        with pytest.raises(InfrastructureError, match="took more than 0.7 s"):
            made.score(CASE, "hang")
        assert time.monotonic() - began < 20
        assert made.score(CASE, 1).value == 1.0


def test_a_function_or_file_that_is_missing_is_named(tmp_path: Path) -> None:
    found = target(tmp_path, SPEC.replace("score.py:score", "score.py:scor"))
    with Scorer(found.folder, found.spec) as made, pytest.raises(InfrastructureError, match="score.py has no function 'scor'"):
        made.score(CASE, 1)


def test_a_command_scores_as_well(tmp_path: Path) -> None:
    spec = SPEC.replace('function = "score.py:score"', 'command = ["python3", "judge.py"]')
    judge = "import json, sys\nasked = json.load(sys.stdin)\nprint(json.dumps({'score': asked['output'] + asked['case']['a']}))\n"
    found = target(tmp_path, spec, {"judge.py": judge})
    assert "judge.py" in found.hashes
    with Scorer(found.folder, found.spec) as made:
        assert made.score(CASE, 2).value == 3.0
        with pytest.raises(InfrastructureError, match="ended with code 1: .*TypeError"):
            made.score(CASE, "x")


def test_a_generator_that_gives_no_list_of_cases_is_a_fault(tmp_path: Path) -> None:
    broken = "def cases(seed, start, count):\n    return [{}] * (count - 1)\n\n\ndef score(case, output):\n    return 1\n"
    found = target(tmp_path, files={"score.py": broken})
    with Scorer(found.folder, found.spec) as made, pytest.raises(InfrastructureError, match="a list of 4 cases.*gave a list of 3"):
        made.cases(1, 0, 4)
