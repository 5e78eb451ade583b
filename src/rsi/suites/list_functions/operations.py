"""The single operations on lists, grouped by output type: what a person would call a list function.

Each group is a table `family → members`; drawing takes a family first, so that families with many constants are not
more frequent than the others. Families stand in the order of how usual they are, and so do the members of a family: drawing
prefers the first. The set is this suite's own: no agent's grammar is read here.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate, pairwise
from math import prod

from rsi.suites.list_functions.elements import Element, changes, conditions
from rsi.suites.list_functions.functions import Function, Ints, Run, T, family

__all__ = ["Table", "flag_lists", "flags", "lists", "numbers"]

Table = Mapping[str, tuple[Function[T], ...]]
"""Functions by the name of their kind."""


def _f(text: str, run: Run[T]) -> Function[T]:
    return Function(text=text, run=run)


@cache
def lists() -> Table[Ints]:
    """Operations from a list to a list."""
    table = {**_elementwise(), **_selections(), **_orders(), **_extensions(), **_positions()}
    rest = [name for name in table if name not in _USUAL]
    return {name: table[name] for name in (*_USUAL, *rest)}


_USUAL = (
    "filter",
    "map 0",
    "take",
    "drop",
    "sort",
    "reverse",
    "map 2",
    "append",
    "map 3",
    "prepend",
    "drop last",
    "take last",
    "map 1",
    "unique",
    "repeat",
    "slice",
    "plus position",
    "append own",
    "rotate",
    "map 5",
)


def _elementwise() -> Table[Ints]:
    maps = {f"map {i}": family("[{k} for x in xs]", _mapped, group) for i, group in enumerate(changes())}
    filters = family("[x for x in xs if {k}]", lambda p: lambda xs: list(filter(p.run, xs)), conditions())
    masks = family("[x if {k} else 0 for x in xs]", lambda p: lambda xs: [x if p.run(x) else 0 for x in xs], conditions()[::3])
    return {
        **maps,
        "filter": filters,
        "mask": masks,
        "choose": family("[{k[0]} if {k[1]} else x for x in xs]", _chosen, _choices()),
    }


def _mapped(change: Element[int]) -> Run[Ints]:
    return lambda xs: list(map(change.run, xs))


def _choices() -> Iterator[tuple[Element[int], Element[bool]]]:
    for number, condition in enumerate(conditions()[::3]):
        for group in changes()[:6]:
            yield group[number % len(group)], condition


def _chosen(choice: tuple[Element[int], Element[bool]]) -> Run[Ints]:
    change, condition = choice[0].run, choice[1].run
    return lambda xs: [change(x) if condition(x) else x for x in xs]


def _selections() -> Table[Ints]:
    return {
        "take": family("xs[:{k}]", lambda k: lambda xs: xs[:k], range(1, 6)),
        "drop": family("xs[{k}:]", lambda k: lambda xs: xs[k:], range(1, 6)),
        "take last": family("xs[-{k}:]", lambda k: lambda xs: xs[-k:], range(1, 5)),
        "drop last": family("xs[:-{k}]", lambda k: lambda xs: xs[:-k], range(1, 5)),
        "slice": family(
            "xs[{k[0]}:{k[1]}]", lambda k: lambda xs: xs[k[0] : k[1]], [(a, b) for a in range(1, 4) for b in range(a + 1, a + 4)]
        ),
        "inner": (_f("xs[1:-1]", lambda xs: xs[1:-1]),),
        "every other": family("xs[{k[0]}::{k[1]}]", lambda k: lambda xs: xs[k[0] :: k[1]], ((0, 2), (1, 2), (0, 3))),
        "remove at": family("(xs[:{k}] + xs[{k} + 1:])", lambda k: lambda xs: xs[:k] + xs[k + 1 :], range(1, 5)),
        "unique": (_f("list(dict.fromkeys(xs))", lambda xs: list(dict.fromkeys(xs))),),
    }


def _orders() -> Table[Ints]:
    return {
        "reverse": (_f("xs[::-1]", lambda xs: xs[::-1]),),
        "sort": (_f("sorted(xs)", lambda xs: sorted(xs)), _f("sorted(xs, reverse=True)", lambda xs: sorted(xs, reverse=True))),
        "rotate": family("(xs[{k}:] + xs[:{k}])", lambda k: lambda xs: xs[k:] + xs[:k], (1, 1, 2, 3, -1)),
    }


def _extensions() -> Table[Ints]:
    return {
        "append": family("(xs + [{k}])", lambda k: lambda xs: [*xs, k], range(6)),
        "prepend": family("([{k}] + xs)", lambda k: lambda xs: [k, *xs], range(6)),
        "append own": (_f("(xs + xs[:1])", lambda xs: xs + xs[:1]), _f("(xs + xs[-1:])", lambda xs: xs + xs[-1:])),
        "prepend own": (_f("(xs[-1:] + xs)", lambda xs: xs[-1:] + xs), _f("([max(xs)] + xs)", lambda xs: [max(xs), *xs])),
        "append size": (_f("(xs + [len(xs)])", lambda xs: [*xs, len(xs)]), _f("(xs + [sum(xs)])", lambda xs: [*xs, sum(xs)])),
        "repeat": family("(xs * {k})", lambda k: lambda xs: xs * k, (2, 3)),
        "mirror": (_f("(xs + xs[::-1])", lambda xs: xs + xs[::-1]),),
    }


def _positions() -> Table[Ints]:
    return {
        "running": (
            _f("[sum(xs[:i + 1]) for i in range(len(xs))]", lambda xs: list(accumulate(xs))),
            _f("[max(xs[:i + 1]) for i in range(len(xs))]", lambda xs: list(accumulate(xs, max))),
        ),
        "differences": (_f("[b - a for a, b in zip(xs, xs[1:])]", lambda xs: [b - a for a, b in pairwise(xs)]),),
        "plus position": (_f("[x + i for i, x in enumerate(xs)]", lambda xs: [x + i for i, x in enumerate(xs)]),),
        "times position": (_f("[x * i for i, x in enumerate(xs)]", lambda xs: [x * i for i, x in enumerate(xs)]),),
        "mask position": (
            _f("[x if i % 2 == 0 else 0 for i, x in enumerate(xs)]", lambda xs: [x if i % 2 == 0 else 0 for i, x in enumerate(xs)]),
            _f("[-x if i % 2 == 1 else x for i, x in enumerate(xs)]", lambda xs: [-x if i % 2 == 1 else x for i, x in enumerate(xs)]),
        ),
        "where": family("[i for i, x in enumerate(xs) if {k}]", _places, conditions()[::2]),
    }


def _places(condition: Element[bool]) -> Run[Ints]:
    return lambda xs: [i for i, x in enumerate(xs) if condition.run(x)]


@cache
def numbers() -> Table[int]:
    """Operations from a list to a number."""
    return {
        "length": (_f("len(xs)", lambda xs: len(xs)), _f("len(set(xs))", lambda xs: len(set(xs)))),
        "sum": (_f("sum(xs)", lambda xs: sum(xs)),),
        "max": (_f("max(xs)", lambda xs: max(xs)),),
        "head": (_f("xs[0]", lambda xs: xs[0]),),
        "count": family("sum(1 for x in xs if {k})", lambda p: lambda xs: sum(map(p.run, xs)), conditions()),
        "min": (_f("min(xs)", lambda xs: min(xs)),),
        "last": (_f("xs[-1]", lambda xs: xs[-1]), _f("xs[-2]", lambda xs: xs[-2])),
        "index": family("xs[{k}]", lambda k: lambda xs: xs[k], range(1, 5)),
        "product": (_f("prod(xs)", lambda xs: prod(xs)),),
        "spread": (_f("(max(xs) - min(xs))", lambda xs: max(xs) - min(xs)),),
        "second": (_f("sorted(xs)[-2]", lambda xs: sorted(xs)[-2]), _f("sorted(xs)[1]", lambda xs: sorted(xs)[1])),
        "place of": (_f("xs.index(max(xs))", lambda xs: xs.index(max(xs))), _f("xs.index(min(xs))", lambda xs: xs.index(min(xs)))),
        "mean": (_f("(sum(xs) // len(xs))", lambda xs: sum(xs) // len(xs)),),
        "ends": (_f("(xs[0] + xs[-1])", lambda xs: xs[0] + xs[-1]), _f("(xs[0] - xs[-1])", lambda xs: xs[0] - xs[-1])),
    }


@cache
def flags() -> Table[bool]:
    """Operations from a list to a truth value."""
    return {
        "any": family("any({k} for x in xs)", lambda p: lambda xs: any(map(p.run, xs)), conditions()),
        "all": family("all({k} for x in xs)", lambda p: lambda xs: all(map(p.run, xs)), conditions()),
        "has": family("({k} in xs)", lambda k: lambda xs: k in xs, range(6)),
        "longer": family("(len(xs) > {k})", lambda k: lambda xs: len(xs) > k, range(2, 8)),
        "parity": (_f("(len(xs) % 2 == 0)", lambda xs: len(xs) % 2 == 0), _f("(sum(xs) % 2 == 0)", lambda xs: sum(xs) % 2 == 0)),
        "repeats": (_f("(len(set(xs)) < len(xs))", lambda xs: len(set(xs)) < len(xs)),),
        "sorted": (_f("(xs == sorted(xs))", lambda xs: xs == sorted(xs)),),
        "ends": (_f("(xs[0] > xs[-1])", lambda xs: xs[0] > xs[-1]), _f("(xs[0] == max(xs))", lambda xs: xs[0] == max(xs))),
        "head": family("(xs[0] > {k})", lambda k: lambda xs: xs[0] > k, range(2, 8)),
        "sum": family("(sum(xs) > {k})", lambda k: lambda xs: sum(xs) > k, range(10, 50, 10)),
    }


@cache
def flag_lists() -> Table[list[bool]]:
    """Operations from a list to a list of truth values."""
    asked = family("[{k} for x in xs]", _asked, conditions())
    return {
        "ask": asked,
        "rises": (_f("[b > a for a, b in zip(xs, xs[1:])]", lambda xs: [b > a for a, b in pairwise(xs)]),),
        "equal next": (_f("[a == b for a, b in zip(xs, xs[1:])]", lambda xs: [a == b for a, b in pairwise(xs)]),),
        "more than position": (_f("[x > i for i, x in enumerate(xs)]", lambda xs: [x > i for i, x in enumerate(xs)]),),
        "seen": (_f("[x in xs[:i] for i, x in enumerate(xs)]", lambda xs: [x in xs[:i] for i, x in enumerate(xs)]),),
    }


def _asked(condition: Element[bool]) -> Run[list[bool]]:
    return lambda xs: list(map(condition.run, xs))
