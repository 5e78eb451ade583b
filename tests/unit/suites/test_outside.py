"""Tasks from outside: what is read, what is refused, and how."""

import json
from pathlib import Path

import pytest

from rsi.core.errors import UserError
from rsi.core.records import Pool
from rsi.suites import outside_cases, score_by_probes, suite

DOUBLE = {
    "name": "double each",
    "type": {"input": "list-of-int", "output": "list-of-int"},
    "examples": [{"i": [n, 1], "o": [2 * n, 2]} for n in range(15)],
}


def write(folder: Path, *tasks: object) -> Path:
    path = folder / "tasks.json"
    path.write_text(json.dumps(list(tasks)))
    return path


def test_the_first_ten_examples_are_shown_and_the_others_kept(tmp_path: Path) -> None:
    (case,) = outside_cases(write(tmp_path, DOUBLE))
    assert case.question["examples"] == DOUBLE["examples"][:10]
    assert (case.probes[0], case.expected[0], len(case.probes)) == ([10, 1], [20, 2], 5)
    assert (case.id, case.family, case.pool) == ("double each", "double", Pool.JUDGE)


def test_the_question_does_not_carry_the_name(tmp_path: Path) -> None:
    (case,) = outside_cases(write(tmp_path, DOUBLE))
    assert "double" not in json.dumps(case.question)


@pytest.mark.parametrize(
    ("examples", "shown", "seen"), [(15, 10, 10), (12, 10, 8), (9, 10, 6), (3, 10, 2), (2, 10, 1), (15, 4, 4), (4, 4, 2)]
)
def test_at_least_a_third_of_the_examples_stays_unseen(tmp_path: Path, examples: int, shown: int, seen: int) -> None:
    (case,) = outside_cases(write(tmp_path, DOUBLE | {"examples": DOUBLE["examples"][:examples]}), shown=shown)
    assert (len(case.question["examples"]), len(case.probes)) == (seen, examples - seen)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("list-of-int -> list-of-int", ("list-of-int", "list-of-int")),
        ("list(int) → list(int)", ("list-of-int", "list-of-int")),
        ({"input": "list(int)", "output": "list-of-int"}, ("list-of-int", "list-of-int")),
    ],
)
def test_a_type_may_be_written_in_other_ways(tmp_path: Path, written: object, read: tuple[str, str]) -> None:
    (case,) = outside_cases(write(tmp_path, DOUBLE | {"type": written}))
    assert tuple(case.question["type"].values()) == read


def test_tasks_of_one_name_are_told_apart(tmp_path: Path) -> None:
    assert [case.id for case in outside_cases(write(tmp_path, DOUBLE, DOUBLE, DOUBLE))] == [
        "double each",
        "double each #2",
        "double each #3",
    ]


def test_an_outside_task_is_scored_like_any_other(tmp_path: Path) -> None:
    (case,) = outside_cases(write(tmp_path, DOUBLE))
    assert score_by_probes(case, "def f(xs): …", case.expected).label == "solved"
    assert score_by_probes(case, "def f(xs): …", [[True, 2], *case.expected[1:]]).label == "fitted"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": None}, "task 2: name"),
        ({"name": "  "}, "task 2: name"),
        ({"type": "int"}, "type"),
        ({"type": {"input": "list-of-int"}}, "type"),
        ({"type": {"input": "list-of-str", "output": "int"}}, "type: input: 'list-of-str' is not supported"),
        ({"examples": []}, "examples"),
        ({"examples": "many"}, "examples"),
        ({"examples": [{"i": [1], "o": [1]}, {"i": [1]}]}, "example 2: an object with i and o"),
        ({"examples": [{"i": [1], "o": [1]}, {"i": [True], "o": [1]}]}, "example 2: i: [True] is no list-of-int"),
        ({"examples": [{"i": [1], "o": [1]}, {"i": [1], "o": 1.0}]}, "example 2: o: 1.0 is no list-of-int"),
        ({"extra": 1}, "unknown field 'extra'"),
    ],
)
def test_a_malformed_task_is_named_with_its_field(tmp_path: Path, change: dict, told: str) -> None:
    path = write(tmp_path, DOUBLE, DOUBLE | change)
    with pytest.raises(UserError) as error:
        outside_cases(path)
    assert told in str(error.value) and "task 2" in str(error.value) and str(path) in str(error.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="field 'examples' is missing"):
        outside_cases(write(tmp_path, {"name": "x", "type": "int -> int"}))


@pytest.mark.parametrize(
    "content", [b"", b"[", b"\xff\xfe", b"[]", b"{}", b"7", b'[{"name": "a", "name": "b"}]', b"[" * 5000, b"[1]", b"[NaN]"]
)
def test_a_file_that_is_no_list_of_tasks_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tasks.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match="tasks.json"):
        outside_cases(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.json cannot be read: No such file"):
        outside_cases(tmp_path / "none.json")


def test_at_least_one_example_must_be_shown(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least 1"):
        outside_cases(write(tmp_path, DOUBLE), shown=0)


def test_an_unknown_suite_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'list_functions'"):
        suite("list_function", {})
    with pytest.raises(UserError, match="there is: gym, list_functions"):
        suite("zzz", {})
