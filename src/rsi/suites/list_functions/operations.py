"""The single operations on lists, grouped by output type: what a person would call a list function.

Each group is a table `family → members`; drawing takes a family first, so that families with many constants are not
more frequent than the others. The set is this suite's own: no agent's grammar is read here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate, pairwise
from math import prod

from rsi.suites.list_functions.elements import Element, changes, conditions
from rsi.suites.list_functions.functions import Function, Ints, Run, T, family

__all__ = ["Table", "flag_lists", "flags", "lists", "numbers"]

Table = Mapping[str, tuple[Function[T], ...]]


def _f(text: str, run: Run[T]) -> Function[T]:
    return Function(text=text, run=run)


@cache
def lists() -> Table[Ints]:
    """Operations from a list to a list."""
    return {**_elementwise(), **_selections(), **_orders(), **_extensions(), **_positions()}


def _elementwise() -> Table[Ints]:
    maps = {f"map {i}": family("[{k} for x in xs]", _mapped, group) for i, group in enumerate(changes())}
    filters = family("[x for x in xs if {k}]", lambda p: lambda xs: list(filter(p.run, xs)), conditions())
    masks = family("[x if {k} else 0 for x in xs]", lambda p: lambda xs: [x if p.run(x) else 0 for x in xs], conditions()[::3])
    return {
        **maps,
        **{f"filter {i}": filters for i in range(4)},
        "mask": masks,
        "choose": family("[{k[0]} if {k[1]} else x for x in xs]", _chosen, _choices()),
        "replace": family(
            "[{k[1]} if x == {k[0]} else x for x in xs]",
            lambda k: lambda xs: [k[1] if x == k[0] else x for x in xs],
            [(a, b) for a in range(8) for b in (0, 1, 5, 9) if a != b],
        ),
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
        "repeated": (_f("[x for x in xs if xs.count(x) > 1]", _repeated), _f("[x for x in xs if xs.count(x) == 1]", _single)),
        "rising": (_f("[b for a, b in zip(xs, xs[1:]) if b > a]", lambda xs: [b for a, b in pairwise(xs) if b > a]),),
    }


def _repeated(xs: Ints) -> Ints:
    counts = Counter(xs)
    return [x for x in xs if counts[x] > 1]


def _single(xs: Ints) -> Ints:
    counts = Counter(xs)
    return [x for x in xs if counts[x] == 1]


def _orders() -> Table[Ints]:
    return {
        "reverse": (_f("xs[::-1]", lambda xs: xs[::-1]),),
        "sort": (_f("sorted(xs)", lambda xs: sorted(xs)), _f("sorted(xs, reverse=True)", lambda xs: sorted(xs, reverse=True))),
        "sort by": family("sorted(xs, key=lambda x: x % {k})", lambda k: lambda xs: sorted(xs, key=lambda x: x % k), (2, 3, 5)),
        "rotate": family("(xs[{k}:] + xs[:{k}])", lambda k: lambda xs: xs[k:] + xs[:k], (1, 1, 2, 3, -1)),
        "swap": (_f("(xs[-1:] + xs[1:-1] + xs[:1])", lambda xs: xs[-1:] + xs[1:-1] + xs[:1]),),
    }


def _extensions() -> Table[Ints]:
    return {
        "append": family("(xs + [{k}])", lambda k: lambda xs: [*xs, k], range(10)),
        "prepend": family("([{k}] + xs)", lambda k: lambda xs: [k, *xs], range(10)),
        "append own": (_f("(xs + xs[:1])", lambda xs: xs + xs[:1]), _f("(xs + xs[-1:])", lambda xs: xs + xs[-1:])),
        "prepend own": (_f("(xs[-1:] + xs)", lambda xs: xs[-1:] + xs), _f("([max(xs)] + xs)", lambda xs: [max(xs), *xs])),
        "append size": (_f("(xs + [len(xs)])", lambda xs: [*xs, len(xs)]), _f("(xs + [sum(xs)])", lambda xs: [*xs, sum(xs)])),
        "repeat": family("(xs * {k})", lambda k: lambda xs: xs * k, (2, 3)),
        "mirror": (_f("(xs + xs[::-1])", lambda xs: xs + xs[::-1]),),
        "double each": (_f("[y for x in xs for y in (x, x)]", lambda xs: [y for x in xs for y in (x, x)]),),
        "insert": family(
            "(xs[:{k[0]}] + [{k[1]}] + xs[{k[0]}:])",
            lambda k: lambda xs: [*xs[: k[0]], k[1], *xs[k[0] :]],
            [(place, value) for place in (1, 2, 3) for value in (0, 4, 8)],
        ),
    }


def _positions() -> Table[Ints]:
    return {
        "running": (
            _f("[sum(xs[:i + 1]) for i in range(len(xs))]", lambda xs: list(accumulate(xs))),
            _f("[max(xs[:i + 1]) for i in range(len(xs))]", lambda xs: list(accumulate(xs, max))),
        ),
        "differences": (_f("[b - a for a, b in zip(xs, xs[1:])]", lambda xs: [b - a for a, b in pairwise(xs)]),),
        "pair sums": (_f("[a + b for a, b in zip(xs, xs[1:])]", lambda xs: [a + b for a, b in pairwise(xs)]),),
        "plus position": (_f("[x + i for i, x in enumerate(xs)]", lambda xs: [x + i for i, x in enumerate(xs)]),),
        "times position": (_f("[x * i for i, x in enumerate(xs)]", lambda xs: [x * i for i, x in enumerate(xs)]),),
        "mask position": (
            _f("[x if i % 2 == 0 else 0 for i, x in enumerate(xs)]", lambda xs: [x if i % 2 == 0 else 0 for i, x in enumerate(xs)]),
            _f("[-x if i % 2 == 1 else x for i, x in enumerate(xs)]", lambda xs: [-x if i % 2 == 1 else x for i, x in enumerate(xs)]),
        ),
        "where": family("[i for i, x in enumerate(xs) if {k}]", _places, conditions()[::2]),
        "counts": (_f("[xs.count(x) for x in xs]", lambda xs: [xs.count(x) for x in xs]),),
    }


def _places(condition: Element[bool]) -> Run[Ints]:
    return lambda xs: [i for i, x in enumerate(xs) if condition.run(x)]


@cache
def numbers() -> Table[int]:
    """Operations from a list to a number."""
    return {
        "head": (_f("xs[0]", lambda xs: xs[0]),),
        "last": (_f("xs[-1]", lambda xs: xs[-1]), _f("xs[-2]", lambda xs: xs[-2])),
        "index": family("xs[{k}]", lambda k: lambda xs: xs[k], range(1, 5)),
        "sum": (_f("sum(xs)", lambda xs: sum(xs)),),
        "product": (_f("prod(xs)", lambda xs: prod(xs)),),
        "max": (_f("max(xs)", lambda xs: max(xs)),),
        "min": (_f("min(xs)", lambda xs: min(xs)),),
        "spread": (_f("(max(xs) - min(xs))", lambda xs: max(xs) - min(xs)),),
        "second": (_f("sorted(xs)[-2]", lambda xs: sorted(xs)[-2]), _f("sorted(xs)[1]", lambda xs: sorted(xs)[1])),
        "length": (_f("len(xs)", lambda xs: len(xs)), _f("len(set(xs))", lambda xs: len(set(xs)))),
        "count": family("sum(1 for x in xs if {k})", lambda p: lambda xs: sum(map(p.run, xs)), conditions()),
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
        "has": family("({k} in xs)", lambda k: lambda xs: k in xs, range(10)),
        "longer": family("(len(xs) > {k})", lambda k: lambda xs: len(xs) > k, range(2, 8)),
        "parity": (_f("(len(xs) % 2 == 0)", lambda xs: len(xs) % 2 == 0), _f("(sum(xs) % 2 == 0)", lambda xs: sum(xs) % 2 == 0)),
        "repeats": (_f("(len(set(xs)) < len(xs))", lambda xs: len(set(xs)) < len(xs)),),
        "sorted": (_f("(xs == sorted(xs))", lambda xs: xs == sorted(xs)),),
        "ends": (_f("(xs[0] > xs[-1])", lambda xs: xs[0] > xs[-1]), _f("(xs[0] == max(xs))", lambda xs: xs[0] == max(xs))),
        "head": family("(xs[0] > {k})", lambda k: lambda xs: xs[0] > k, range(3, 12)),
        "sum": family("(sum(xs) > {k})", lambda k: lambda xs: sum(xs) > k, range(10, 60, 5)),
    }


@cache
def flag_lists() -> Table[list[bool]]:
    """Operations from a list to a list of truth values."""
    asked = family("[{k} for x in xs]", _asked, conditions())
    return {
        "ask": asked,
        "ask again": asked,
        "ask more": asked,
        "rises": (_f("[b > a for a, b in zip(xs, xs[1:])]", lambda xs: [b > a for a, b in pairwise(xs)]),),
        "equal next": (_f("[a == b for a, b in zip(xs, xs[1:])]", lambda xs: [a == b for a, b in pairwise(xs)]),),
        "more than position": (_f("[x > i for i, x in enumerate(xs)]", lambda xs: [x > i for i, x in enumerate(xs)]),),
        "seen": (_f("[x in xs[:i] for i, x in enumerate(xs)]", lambda xs: [x in xs[:i] for i, x in enumerate(xs)]),),
    }


def _asked(condition: Element[bool]) -> Run[list[bool]]:
    return lambda xs: list(map(condition.run, xs))
