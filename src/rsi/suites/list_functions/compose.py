"""Compositions of a wanted number of operations, and the rules that keep degenerate ones out."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TypeVar

from rsi.suites.list_functions import operations
from rsi.suites.list_functions.functions import IDENTITY, Function, Ints, Kind, Run, T, Value, after, joined
from rsi.suites.list_functions.inputs import draw_inputs
from rsi.suites.list_functions.operations import Table
from rsi.suites.scoring import same_values

__all__ = ["LEVELS", "Composition", "draw_composition", "is_well_formed", "outputs_of"]

K = TypeVar("K")

LEVELS = (1, 2, 3, 4)
"""The four grades: how many operations a function is composed of."""

_KINDS = ("list-of-int",) * 6 + ("int",) * 2 + ("bool", "list-of-bool")
_CHAIN = 0.7
_LARGEST = 1_000_000
_LONGEST = 40
_DIFFERENT = 0.3
_FEW = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A function of a level, with the type of what it returns."""

    kind: Kind
    level: int
    function: Function[Value]


def draw_composition(rng: random.Random, level: int) -> Composition:
    """A random composition of `level` operations; not yet checked for anything but that none of its operations is idle."""
    while True:
        kind = rng.choice(_KINDS)
        function = _DRAW[kind](rng, level)
        if level == 1 or not _is_idle(function):
            return Composition(kind=kind, level=level, function=function)


def _pick(rng: random.Random, table: Table[T]) -> Function[T]:
    """One operation; its family and its constant are drawn by rank after Zipf's law, as people use a few things most of the time."""
    family = table[_by_rank(rng, tuple(table))]
    return _by_rank(rng, family)


def _by_rank(rng: random.Random, items: Sequence[K]) -> K:
    return rng.choices(items, cum_weights=_zipf(len(items)))[0]


@cache
def _zipf(count: int) -> tuple[float, ...]:
    return tuple(accumulate(1.0 / rank for rank in range(1, count + 1)))


def _split(rng: random.Random, size: int) -> tuple[int, int]:
    first = rng.randint(1, size - 1)
    return first, size - first


def _list(rng: random.Random, size: int) -> Function[Ints]:
    if size == 0:
        return IDENTITY
    if size == 1:
        return _pick(rng, operations.lists())
    if rng.random() < _CHAIN:
        inner = _list(rng, size - 1)
        return after(_pick(rng, operations.lists()), inner, dropped=(inner.run,))
    if rng.random() < 0.5:
        one, other = _split(rng, size)
        left, right = _list(rng, one), _list(rng, other)
        return joined("({a} + {b})", _concat, left, right, dropped=(left.run, right.run))
    text, choose = rng.choice(_BY_NUMBER)
    inner, number = _list_and_number(rng, size - 1)
    return joined(text, choose, inner, number, dropped=(inner.run,))


def _concat(left: Ints, right: Ints) -> Ints:
    return left + right


def _list_and_number(rng: random.Random, size: int) -> tuple[Function[Ints], Function[int]]:
    """A list and a number of the same input that take `size` operations together, the number at least one."""
    spent = rng.randint(1, size)
    return _list(rng, size - spent), _number(rng, spent)


def _number(rng: random.Random, size: int) -> Function[int]:
    if size == 1 or rng.random() < _CHAIN:
        return after(_pick(rng, operations.numbers()), _list(rng, size - 1))
    text, join = rng.choice(_OF_NUMBERS)
    one, other = _split(rng, size)
    left, right = _number(rng, one), _number(rng, other)
    return joined(text, join, left, right, dropped=(left.run, right.run))


def _flag(rng: random.Random, size: int) -> Function[bool]:
    choice = rng.random()
    if size == 1 or choice < 0.5:
        return after(_pick(rng, operations.flags()), _list(rng, size - 1))
    if choice < 0.75:
        return _compared(_number(rng, size - 1), rng.randint(1, 9))
    text, compare = rng.choice(_COMPARISONS)
    one, other = _split(rng, size)
    return joined(text, compare, _number(rng, one), _number(rng, other))


def _compared(number: Function[int], k: int) -> Function[bool]:
    def over(run: Run[int]) -> Run[bool]:
        return lambda xs: run(xs) > k

    return Function(text=f"({number.text} > {k})", run=over(number.run), simpler=tuple(over(run) for run in number.simpler))


def _flag_list(rng: random.Random, size: int) -> Function[list[bool]]:
    if size == 1 or rng.random() < _CHAIN:
        return after(_pick(rng, operations.flag_lists()), _list(rng, size - 1))
    text, ask = rng.choice(_ASKED)
    inner, number = _list_and_number(rng, size - 1)
    return joined(text, ask, inner, number)


_BY_NUMBER: tuple[tuple[str, Callable[[Ints, int], Ints]], ...] = (
    ("[x for x in {a} if x > {b}]", lambda xs, n: [x for x in xs if x > n]),
    ("[x for x in {a} if x < {b}]", lambda xs, n: [x for x in xs if x < n]),
    ("[x for x in {a} if x != {b}]", lambda xs, n: [x for x in xs if x != n]),
    ("[x + {b} for x in {a}]", lambda xs, n: [x + n for x in xs]),
    ("[{b} - x for x in {a}]", lambda xs, n: [n - x for x in xs]),
    ("[x * {b} for x in {a}]", lambda xs, n: [x * n for x in xs]),
    ("({a} + [{b}])", lambda xs, n: [*xs, n]),
    ("([{b}] + {a})", lambda xs, n: [n, *xs]),
)
_OF_NUMBERS: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    ("({a} + {b})", lambda a, b: a + b),
    ("({a} - {b})", lambda a, b: a - b),
    ("({a} * {b})", lambda a, b: a * b),
    ("max({a}, {b})", lambda a, b: max(a, b)),
    ("min({a}, {b})", lambda a, b: min(a, b)),
)
_COMPARISONS: tuple[tuple[str, Callable[[int, int], bool]], ...] = (
    ("({a} > {b})", lambda a, b: a > b),
    ("({a} <= {b})", lambda a, b: a <= b),
)
_ASKED: tuple[tuple[str, Callable[[Ints, int], list[bool]]], ...] = (
    ("[x > {b} for x in {a}]", lambda xs, n: [x > n for x in xs]),
    ("[x < {b} for x in {a}]", lambda xs, n: [x < n for x in xs]),
    ("[x == {b} for x in {a}]", lambda xs, n: [x == n for x in xs]),
)
_DRAW: dict[Kind, Callable[[random.Random, int], Function[Value]]] = {
    "list-of-int": _list,
    "int": _number,
    "bool": _flag,
    "list-of-bool": _flag_list,
}


def outputs_of(run: Run[T], inputs: Sequence[Ints]) -> list[T] | None:
    """What a function gives on every input, or None if it is undefined on one or gives something huge."""
    outputs = [_output_of(run, xs) for xs in inputs]
    return None if None in outputs else [out for out in outputs if out is not None]


def _output_of(run: Run[T], xs: Ints) -> T | None:
    """One output, or None where the function is not defined or its value is larger than anything a task should show."""
    try:
        out = run(xs)
    except (IndexError, ValueError, ZeroDivisionError):
        return None
    if isinstance(out, list):
        return out if len(out) <= _LONGEST and (not out or (max(out) <= _LARGEST and min(out) >= -_LARGEST)) else None
    return out if -_LARGEST <= out <= _LARGEST else None


@cache
def _reference_inputs() -> tuple[Ints, ...]:
    """Thirty fixed inputs on which functions are compared with one another."""
    rng = random.Random(20)
    return tuple(xs for _ in range(3) for xs in draw_inputs(rng, 10, shortest=0))


def _signature(run: Run[Value], count: int) -> str:
    return repr([_output_of(run, xs) for xs in _reference_inputs()[:count]])


@cache
def _simple_signatures(count: int) -> frozenset[str]:
    tables: tuple[Table[Value], ...] = (operations.lists(), operations.numbers(), operations.flags(), operations.flag_lists())
    functions = (function for table in tables for family in table.values() for function in family)
    return frozenset(_signature(function.run, count) for function in (IDENTITY, *functions))


def _is_idle(function: Function[Value]) -> bool:
    """Whether an operation can be taken out, or one single operation does the same (as seen on the reference inputs)."""
    if _signature(function.run, _FEW) in _simple_signatures(_FEW):
        whole = len(_reference_inputs())
        if _signature(function.run, whole) in _simple_signatures(whole):
            return True
    return any(_agree(function.run, run) for run in function.simpler)


def _agree(one: Run[Value], other: Run[Value]) -> bool:
    return all(same_values(_output_of(one, xs), _output_of(other, xs)) for xs in _reference_inputs())


def is_well_formed(kind: Kind, inputs: Sequence[Ints], outputs: Sequence[Value]) -> bool:
    """Whether examples say enough: outputs vary, are seldom empty, and are not just the input again."""
    if kind == "bool":
        return 0.2 * len(outputs) <= sum(map(bool, outputs)) <= 0.8 * len(outputs)
    distinct = len(set(map(repr, outputs)))
    if kind == "int":
        return distinct >= min(4, len(outputs))
    changed = sum(not same_values(xs, out) for xs, out in zip(inputs, outputs, strict=True))
    empty = sum(out == [] and xs != [] for xs, out in zip(inputs, outputs, strict=True))
    return distinct >= len(outputs) // 2 and changed >= _DIFFERENT * len(outputs) and empty <= 0.4 * len(outputs)
