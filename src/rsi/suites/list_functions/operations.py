"""The single operations on lists, grouped by output type: what a person would call a list function.

Each group is a table `family → members`; drawing takes a family first, so that families with many constants are not
more frequent than the others. The set is this suite's own: no agent's grammar is read here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import accumulate, pairwise

from rsi.suites.list_functions.elements import changes, conditions
from rsi.suites.list_functions.functions import Function, Ints, Run, T

__all__ = ["Table", "flag_lists", "flags", "lists", "numbers"]

Table = Mapping[str, tuple[Function[T], ...]]


def _f(text: str, run: Run[T]) -> Function[T]:
    return Function(text=text, run=run)


def _all(functions: Iterable[Function[T]]) -> tuple[Function[T], ...]:
    return tuple(functions)


@cache
def lists() -> Table[Ints]:
    """Operations from a list to a list."""
    return {**_elementwise(), **_selections(), **_orders(), **_extensions(), **_positions()}


def _elementwise() -> Table[Ints]:
    groups = {
        f"map {i}": _all(_f(f"[{e.text} for x in xs]", lambda xs, run=e.run: [run(x) for x in xs]) for e in group)
        for i, group in enumerate(changes())
    }
    filters = _all(_f(f"[x for x in xs if {p.text}]", lambda xs, p=p.run: [x for x in xs if p(x)]) for p in conditions())
    return groups | {f"filter {i}": filters for i in range(4)} | {"choose": _all(_choices()), "replace": _all(_replacements())}


def _choices() -> Iterable[Function[Ints]]:
    for p in conditions()[::3]:
        for change in (group[len(p.text) % len(group)] for group in changes()[:6]):
            text = f"[{change.text} if {p.text} else x for x in xs]"
            yield _f(text, lambda xs, p=p.run, c=change.run: [c(x) if p(x) else x for x in xs])
        yield _f(f"[x if {p.text} else 0 for x in xs]", lambda xs, p=p.run: [x if p(x) else 0 for x in xs])


def _replacements() -> Iterable[Function[Ints]]:
    for a in range(8):
        for b in (0, 1, 5, 9):
            if a != b:
                yield _f(f"[{b} if x == {a} else x for x in xs]", lambda xs, a=a, b=b: [b if x == a else x for x in xs])


def _selections() -> Table[Ints]:
    return {
        "take": _all(_f(f"xs[:{k}]", lambda xs, k=k: xs[:k]) for k in range(1, 6)),
        "drop": _all(_f(f"xs[{k}:]", lambda xs, k=k: xs[k:]) for k in range(1, 6)),
        "take last": _all(_f(f"xs[-{k}:]", lambda xs, k=k: xs[-k:]) for k in range(1, 5)),
        "drop last": _all(_f(f"xs[:-{k}]", lambda xs, k=k: xs[:-k]) for k in range(1, 5)),
        "slice": _all(_f(f"xs[{a}:{b}]", lambda xs, a=a, b=b: xs[a:b]) for a in range(1, 4) for b in range(a + 1, a + 4)),
        "inner": (_f("xs[1:-1]", lambda xs: xs[1:-1]),),
        "every other": (_f("xs[::2]", lambda xs: xs[::2]), _f("xs[1::2]", lambda xs: xs[1::2]), _f("xs[::3]", lambda xs: xs[::3])),
        "remove at": _all(_f(f"(xs[:{k}] + xs[{k + 1}:])", lambda xs, k=k: xs[:k] + xs[k + 1 :]) for k in range(1, 5)),
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
        "sort": (_f("sorted(xs)", sorted), _f("sorted(xs, reverse=True)", lambda xs: sorted(xs, reverse=True))),
        "sort by": _all(_f(f"sorted(xs, key=lambda x: x % {k})", lambda xs, k=k: sorted(xs, key=lambda x: x % k)) for k in (2, 3, 5)),
        "rotate": _all(_f(f"(xs[{k}:] + xs[:{k}])", lambda xs, k=k: xs[k:] + xs[:k]) for k in (1, 1, 2, 3, -1)),
        "swap": (_f("(xs[-1:] + xs[1:-1] + xs[:1])", _swapped),),
    }


def _swapped(xs: Ints) -> Ints:
    return xs[-1:] + xs[1:-1] + xs[:1]


def _extensions() -> Table[Ints]:
    return {
        "append": _all(_f(f"(xs + [{k}])", lambda xs, k=k: [*xs, k]) for k in range(10)),
        "prepend": _all(_f(f"([{k}] + xs)", lambda xs, k=k: [k, *xs]) for k in range(10)),
        "append own": (_f("(xs + xs[:1])", lambda xs: xs + xs[:1]), _f("(xs + xs[-1:])", lambda xs: xs + xs[-1:])),
        "prepend own": (_f("(xs[-1:] + xs)", lambda xs: xs[-1:] + xs), _f("([max(xs)] + xs)", lambda xs: [max(xs), *xs])),
        "append size": (_f("(xs + [len(xs)])", lambda xs: [*xs, len(xs)]), _f("(xs + [sum(xs)])", lambda xs: [*xs, sum(xs)])),
        "repeat": (_f("(xs * 2)", lambda xs: xs * 2), _f("(xs * 3)", lambda xs: xs * 3)),
        "mirror": (_f("(xs + xs[::-1])", lambda xs: xs + xs[::-1]),),
        "double each": (_f("[y for x in xs for y in (x, x)]", lambda xs: [y for x in xs for y in (x, x)]),),
        "insert": _all(_f(f"(xs[:{i}] + [{k}] + xs[{i}:])", lambda xs, i=i, k=k: [*xs[:i], k, *xs[i:]]) for i in (1, 2, 3) for k in (0, 4, 8)),
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
        "where": _all(
            _f(f"[i for i, x in enumerate(xs) if {p.text}]", lambda xs, p=p.run: [i for i, x in enumerate(xs) if p(x)])
            for p in conditions()[::2]
        ),
        "counts": (_f("[xs.count(x) for x in xs]", lambda xs: [xs.count(x) for x in xs]),),
    }


@cache
def numbers() -> Table[int]:
    """Operations from a list to a number."""
    return {
        "head": (_f("xs[0]", lambda xs: xs[0]),),
        "last": (_f("xs[-1]", lambda xs: xs[-1]), _f("xs[-2]", lambda xs: xs[-2])),
        "index": _all(_f(f"xs[{k}]", lambda xs, k=k: xs[k]) for k in range(1, 5)),
        "sum": (_f("sum(xs)", sum),),
        "product": (_f("prod(xs)", _product),),
        "max": (_f("max(xs)", max),),
        "min": (_f("min(xs)", min),),
        "spread": (_f("(max(xs) - min(xs))", lambda xs: max(xs) - min(xs)),),
        "second": (_f("sorted(xs)[-2]", lambda xs: sorted(xs)[-2]), _f("sorted(xs)[1]", lambda xs: sorted(xs)[1])),
        "length": (_f("len(xs)", len), _f("len(set(xs))", lambda xs: len(set(xs)))),
        "count": _all(_f(f"sum(1 for x in xs if {p.text})", lambda xs, p=p.run: sum(map(p, xs))) for p in conditions()),
        "place of": (_f("xs.index(max(xs))", lambda xs: xs.index(max(xs))), _f("xs.index(min(xs))", lambda xs: xs.index(min(xs)))),
        "mean": (_f("(sum(xs) // len(xs))", lambda xs: sum(xs) // len(xs)),),
        "ends": (_f("(xs[0] + xs[-1])", lambda xs: xs[0] + xs[-1]), _f("(xs[0] - xs[-1])", lambda xs: xs[0] - xs[-1])),
    }


def _product(xs: Ints) -> int:
    result = 1
    for x in xs:
        result *= x
    return result


@cache
def flags() -> Table[bool]:
    """Operations from a list to a truth value."""
    return {
        "any": _all(_f(f"any({p.text} for x in xs)", lambda xs, p=p.run: any(map(p, xs))) for p in conditions()),
        "all": _all(_f(f"all({p.text} for x in xs)", lambda xs, p=p.run: all(map(p, xs))) for p in conditions()),
        "has": _all(_f(f"({k} in xs)", lambda xs, k=k: k in xs) for k in range(10)),
        "longer": _all(_f(f"(len(xs) > {k})", lambda xs, k=k: len(xs) > k) for k in range(2, 8)),
        "parity": (_f("(len(xs) % 2 == 0)", lambda xs: len(xs) % 2 == 0), _f("(sum(xs) % 2 == 0)", lambda xs: sum(xs) % 2 == 0)),
        "repeats": (_f("(len(set(xs)) < len(xs))", lambda xs: len(set(xs)) < len(xs)),),
        "sorted": (_f("(xs == sorted(xs))", lambda xs: xs == sorted(xs)),),
        "ends": (_f("(xs[0] > xs[-1])", lambda xs: xs[0] > xs[-1]), _f("(xs[0] == max(xs))", lambda xs: xs[0] == max(xs))),
        "head": _all(_f(f"(xs[0] > {k})", lambda xs, k=k: xs[0] > k) for k in range(3, 12)),
        "sum": _all(_f(f"(sum(xs) > {k})", lambda xs, k=k: sum(xs) > k) for k in range(10, 60, 5)),
    }


@cache
def flag_lists() -> Table[list[bool]]:
    """Operations from a list to a list of truth values."""
    asked = _all(_f(f"[{p.text} for x in xs]", lambda xs, p=p.run: [p(x) for x in xs]) for p in conditions())
    return {
        "ask": asked,
        "ask again": asked,
        "ask more": asked,
        "rises": (_f("[b > a for a, b in zip(xs, xs[1:])]", lambda xs: [b > a for a, b in pairwise(xs)]),),
        "equal next": (_f("[a == b for a, b in zip(xs, xs[1:])]", lambda xs: [a == b for a, b in pairwise(xs)]),),
        "more than position": (_f("[x > i for i, x in enumerate(xs)]", lambda xs: [x > i for i, x in enumerate(xs)]),),
        "seen": (_f("[x in xs[:i] for i, x in enumerate(xs)]", lambda xs: [x in xs[:i] for i, x in enumerate(xs)]),),
    }
