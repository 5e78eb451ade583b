"""What may be done with or asked of one element: the constants and conditions inside maps and filters."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

__all__ = ["Element", "changes", "conditions"]

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Element(Generic[T]):
    """A function of one element `x`: its Python text and itself."""

    text: str
    run: Callable[[int], T]

    def __str__(self) -> str:
        """Its text, so that it can stand in the text of an operation."""
        return self.text


def _each(text: str, make: Callable[[K], Callable[[int], T]], choices: Iterable[K]) -> tuple[Element[T], ...]:
    return tuple(Element(text.format(k=choice), make(choice)) for choice in choices)


@cache
def conditions() -> tuple[Element[bool], ...]:
    """Everything that may be asked of an element; what people ask often stands here more than once."""
    return tuple(_conditions())


def _conditions() -> Iterator[Element[bool]]:
    yield from _each("x > {k}", lambda k: lambda x: x > k, range(1, 16))
    yield from _each("x < {k}", lambda k: lambda x: x < k, range(2, 18))
    yield from _each("x == {k}", lambda k: lambda x: x == k, range(10))
    yield from _each("x != {k}", lambda k: lambda x: x != k, range(10))
    yield from _each("x % 2 == {k}", lambda k: lambda x: x % 2 == k, (0, 1) * 6)
    yield from _each("x % {k} == 0", lambda k: lambda x: x % k == 0, (3, 3, 4, 5))
    yield from _each("{k[0]} <= x <= {k[1]}", lambda k: lambda x: k[0] <= x <= k[1], ((2, 8), (3, 12), (5, 10), (6, 16)))


@cache
def changes() -> tuple[tuple[Element[int], ...], ...]:
    """Everything that may be done with an element, in groups that are drawn alike."""
    shifts = [(a, b) for b in (3, 4, 5, 7, 10) for a in range(1, b)]
    lines = [(a, b) for a in (2, 3, 4) for b in range(1, 6)]
    return (
        _each("x + {k}", lambda k: lambda x: x + k, range(1, 10)),
        _each("x - {k}", lambda k: lambda x: x - k, range(1, 6)),
        _each("x * {k}", lambda k: lambda x: x * k, range(2, 6)),
        _each("x % {k}", lambda k: lambda x: x % k, range(2, 8)),
        _each("x // {k}", lambda k: lambda x: x // k, range(2, 5)),
        (Element("x * x", lambda x: x * x), Element("-x", lambda x: -x), Element("x * (x + 1)", lambda x: x * (x + 1))),
        _each("{k} - x", lambda k: lambda x: k - x, (5, 9, 10, 12, 20)),
        _each("abs(x - {k})", lambda k: lambda x: abs(x - k), range(3, 13)),
        _each("max(x, {k})", lambda k: lambda x: max(x, k), range(3, 12)),
        _each("min(x, {k})", lambda k: lambda x: min(x, k), range(4, 15)),
        _each("(x + {k[0]}) % {k[1]}", lambda k: lambda x: (x + k[0]) % k[1], shifts),
        _each("{k[0]} * x + {k[1]}", lambda k: lambda x: k[0] * x + k[1], lines),
    )
