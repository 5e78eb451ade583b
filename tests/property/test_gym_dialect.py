"""What holds for every text that is offered as a program of the gym."""

import ast
from types import CodeType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.suites.gym.guest.dialect import FAULTS, compiled, shallow, started
from rsi.suites.gym.guest.grammar import Refused
from rsi.suites.gym.guest.kinds import Kinds, is_plain

numbers = st.integers(-20, 20) | st.floats(-9, 9).map(lambda x: round(x, 2))
leaves = numbers.map(repr) | st.sampled_from(["a", "b", "xs", "[]", "True", "None"])


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "<<", "|", "&", "<", "==", "in", "and", "or"])
    calls = st.sampled_from(
        ["min", "max", "sum", "sorted", "len", "list", "tuple", "abs", "round", "enumerate", "zip", "dict", "any", "range"]
    )
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(calls, inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: f"({', '.join(items)},)"),
        st.tuples(inner, inner).map(lambda t: f"[{t[0]} for b in {t[1]}]"),
        st.tuples(inner, inner).map(lambda t: f"(lambda a: {t[0]})({t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}:]"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}]"),
    )


expressions = st.recursive(leaves, _joined, max_leaves=12)


known = st.recursive(
    leaves | st.sampled_from(["C", "D", "E", "pi"]), lambda inner: _joined(inner) | inner.map("g({})".format), max_leaves=12
)
"""Expressions with names of the module in them, of some of which it is known that they are numbers."""


def _program(expression: str) -> str:
    return f"def f(a, b, xs):\n    return {expression}\n"


def _plain(value: object) -> object:
    """Iterators are lists in the dialect."""
    return list(value) if isinstance(value, enumerate | zip) else value


@given(expression=expressions)
def test_an_expression_gives_what_python_gives_or_a_fault(expression: str) -> None:
    code = compiled(_program(expression))
    try:
        with shallow():
            found = started(code, "f", 20_000)(3, 0.5, [4, 1, 2])
    except FAULTS:
        return
    lists = {"enumerate": lambda *xs: list(enumerate(*xs)), "zip": lambda *xs: list(zip(*xs, strict=False))}
    space: dict = {**lists}
    exec(_program(expression), space)  # noqa: S102 - made of the expressions above
    assert repr(_plain(found)) == repr(_plain(space["f"](3, 0.5, [4, 1, 2])))


@given(text=st.text(max_size=60))
def test_any_text_is_a_program_or_is_refused(text: str) -> None:
    try:
        compiled(text)
    except Refused:
        return
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr)]


@given(expression=expressions, steps=st.integers(0, 60))
def test_the_same_steps_give_the_same_end(expression: str, steps: int) -> None:
    source = f"def f(a, b, xs):\n    t = []\n    for i in range(9):\n        t.append({expression})\n    return t\n"
    assert _result(compiled(source), steps) == _result(compiled(source), steps)


@given(constants=st.tuples(numbers, numbers, known), given_back=known, expression=known, again=st.sampled_from(["", "D = xs", "g = len"]))
def test_what_goes_without_a_guard_ends_as_with_it_to_the_step(
    constants: tuple[float, float, str], given_back: str, expression: str, again: str
) -> None:
    lines = [
        "def g(a, b=2, xs=[3, 1]):",
        f"    return {given_back}",
        f"C = {constants[0]}",
        f"D = -{constants[1]}",
        f"E = {constants[2]}",
        again,
    ]
    source = "\n".join(
        [*lines, "def f(a, b, xs):", "    t = []", "    for i in range(4):", f"        t.append({expression})", "    return t"]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kinds, "is_number", lambda self, node: is_plain(node))
        patch.setattr(Kinds, "is_harmless", lambda self, node: False)
        guarded = compiled.__wrapped__(source)
    for steps in (0, 3, 7, 20, 60, 20_000):
        found, expected = _result(compiled(source), steps), _result(guarded, steps)
        assert found == expected or expected.startswith("RecursionError")  # a guard is a call, one deeper than all others


def _result(code: CodeType, steps: int) -> str:
    try:
        with shallow():
            return repr(started(code, "f", steps)(3, 0.5, [4, 1, 2]))
    except FAULTS as error:
        return repr(error)
