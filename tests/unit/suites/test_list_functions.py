"""The list-function suite: levels, secrecy of names, scores, speed."""

from collections import Counter
from math import prod
from random import Random

import pytest

from rsi.core.codec import canonical
from rsi.core.records import Pool
from rsi.suites import ListFunctions, secret_seeds
from rsi.suites.list_functions import compose, operations
from rsi.suites.list_functions.compose import draw_composition, is_well_formed, outputs_of
from rsi.suites.list_functions.functions import IDENTITY, Function, after

SUITE = ListFunctions(secret_seeds(11))
TABLES = {"lists": operations.lists, "numbers": operations.numbers, "flags": operations.flags, "flag lists": operations.flag_lists}
INPUTS = [[3, 1, 4, 1, 5, 2], [2, 7, 1, 8, 2, 8], [0, 0, 9, 20, 4, 4, 6], [16, 1, 2, 0, 3, 3], [5, 5, 5, 12, 13, 2]]


def test_levels_come_in_rotation() -> None:
    assert Counter(case.family for case in SUITE.cases(Pool.JUDGE, 0, 40)) == {f"level {n}": 10 for n in (1, 2, 3, 4)}
    assert [case.family for case in SUITE.cases(Pool.JUDGE, 6, 3)] == ["level 3", "level 4", "level 1"]


def test_every_output_type_occurs_at_every_level() -> None:
    seen = {(case.family, case.question["type"]["output"]) for case in SUITE.cases(Pool.JUDGE, 0, 400)}
    assert len(seen) == 16


def test_practice_cases_carry_their_answers_and_hidden_ones_do_not() -> None:
    practice, hidden = SUITE.cases(Pool.PRACTICE, 0, 1)[0], SUITE.cases(Pool.SEALED, 0, 1)[0]
    assert [pair["o"] for pair in practice.question["probes"]] == practice.expected
    assert set(hidden.question) == {"id", "type", "examples"}


def test_nothing_that_is_sent_names_a_secret_seed() -> None:
    seeds = secret_seeds(11)
    sent = canonical([case.question for pool in Pool for case in SUITE.cases(pool, 0, 20)]) + canonical(SUITE.practice_batch(0, 20))
    assert not [seed for seed in seeds.values() if str(seed).encode() in sent or f"{seed:x}".encode() in sent]


@pytest.mark.parametrize(
    ("answer", "outputs", "value", "label"),
    [
        (None, None, 0.0, "not found"),
        ("def f(xs): …", None, None, "no answer"),
        ("def f(xs): …", "right", 1.0, "solved"),
        ("def f(xs): …", "as bools", 0.0, "fitted"),
        ("def f(xs): …", "as floats", 0.0, "fitted"),
        ("def f(xs): …", "one wrong", 0.0, "fitted"),
        ("def f(xs): …", 7, 0.0, "fitted"),
    ],
)
def test_a_score_asks_for_every_probe_and_its_exact_type(answer: str | None, outputs: object, value: float | None, label: str) -> None:
    case = next(c for c in SUITE.cases(Pool.JUDGE, 0, 100) if c.question["type"]["output"] == "int" and {0, 1} & set(c.expected))
    right = case.expected
    given = {
        "right": list(right),
        "as bools": [bool(x) if x in (0, 1) else x for x in right],
        "as floats": [float(x) for x in right],
        "one wrong": [right[0] + 1, *right[1:]],
    }.get(str(outputs), outputs)
    score = SUITE.score(case, answer, given)
    assert (score.value, score.label) == (value, label)


@pytest.mark.parametrize("table", TABLES)
def test_the_text_of_every_operation_is_python_that_does_what_the_operation_does(table: str) -> None:
    functions = [function for members in TABLES[table]().values() for function in members]
    for function in functions:
        source = eval(f"lambda xs: {function.text}", {"prod": prod})  # noqa: S307
        for xs in INPUTS:
            assert repr(source(xs)) == repr(function.run(xs)), function.text


def test_no_operation_changes_its_input() -> None:
    for table in TABLES.values():
        for function in (function for members in table().values() for function in members):
            xs = [3, 1, 4, 1, 5, 9, 2]
            function.run(xs)
            assert xs == [3, 1, 4, 1, 5, 9, 2], function.text


def test_there_are_hundreds_of_different_operations() -> None:
    assert len(compose._simple_signatures(30)) > 200


def chain(*operations_: Function) -> Function:
    """The operations one after another, as the generator builds them."""
    whole = operations_[0]
    for operation in operations_[1:]:
        whole = after(operation, whole, dropped=(whole.run,))
    return whole


REVERSE = Function(text="xs[::-1]", run=lambda xs: xs[::-1])
SORT = Function(text="sorted(xs)", run=lambda xs: sorted(xs))
DOUBLE = Function(text="[x * 2 for x in xs]", run=lambda xs: [x * 2 for x in xs])
FIRST = Function(text="xs[:3]", run=lambda xs: xs[:3])


@pytest.mark.parametrize(
    ("composition", "idle"),
    [
        (chain(SORT, FIRST), False),
        (chain(DOUBLE, SORT, FIRST), False),
        (chain(REVERSE, SORT), True),
        (chain(DOUBLE, REVERSE, SORT, FIRST), True),
        (chain(SORT, REVERSE), True),
        (chain(REVERSE, DOUBLE, REVERSE), True),
    ],
)
def test_a_composition_is_idle_if_an_operation_can_be_taken_out_or_one_does_it_all(composition: Function, *, idle: bool) -> None:
    assert compose._is_idle(composition) is idle


def test_no_composition_equals_a_single_operation() -> None:
    rng = Random(5)
    singles = compose._simple_signatures(30)
    for level in (2, 3, 4):
        drawn = [draw_composition(rng, level) for _ in range(50)]
        assert not [c.function.text for c in drawn if compose._signature(c.function.run, 30) in singles]


def test_the_text_of_a_composition_nests_the_texts_of_its_parts() -> None:
    head = Function(text="xs[0]", run=lambda xs: xs[0])
    order = Function(text="sorted(xs)", run=lambda xs: sorted(xs))
    assert after(head, order).text == "sorted(xs)[0]"
    assert after(head, IDENTITY) is head


def test_a_function_that_is_undefined_or_huge_somewhere_has_no_outputs() -> None:
    assert outputs_of(lambda xs: xs[0], [[1], []]) is None
    assert outputs_of(lambda xs: xs[0] * 10**6, [[2]]) is None
    assert outputs_of(lambda xs: xs * 41, [[2]]) is None
    assert outputs_of(lambda xs: xs[0], [[1], [2]]) == [1, 2]


@pytest.mark.parametrize(
    ("kind", "outputs", "fine"),
    [
        ("bool", [True, False, True, False], True),
        ("bool", [True, True, True, True], False),
        ("int", [1, 2, 3, 4], True),
        ("int", [1, 1, 1, 2], False),
        ("list-of-int", [[1], [2], [3], [4]], False),
        ("list-of-int", [[2], [3], [4], [5]], True),
        ("list-of-int", [[], [], [3, 3], [4, 4]], False),
    ],
)
def test_examples_that_say_too_little_are_refused(kind: str, outputs: list, *, fine: bool) -> None:
    assert is_well_formed(kind, [[1], [2], [3], [4]], outputs) is fine
