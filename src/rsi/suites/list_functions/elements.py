"""What may be done with or asked of one element: the constants and conditions inside maps and filters."""

from collections.abc import Callable, Iterable
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
    """Everything that may be asked of an element, the most usual first."""
    groups = (
        _each("x % 2 == {k}", lambda k: lambda x: x % 2 == k, (0, 1)),
        _each("x > {k}", lambda k: lambda x: x > k, range(1, 10)),
        _each("x < {k}", lambda k: lambda x: x < k, range(2, 11)),
        _each("x != {k}", lambda k: lambda x: x != k, range(6)),
        _each("x == {k}", lambda k: lambda x: x == k, range(6)),
        _each("x % {k} == 0", lambda k: lambda x: x % k == 0, (3, 4, 5)),
    )
    ranked = ((rank + number, rank, element) for rank, group in enumerate(groups) for number, element in enumerate(group))
    return tuple(element for _, _, element in sorted(ranked, key=lambda place: place[:2]))


@cache
def changes() -> tuple[tuple[Element[int], ...], ...]:
    """Everything that may be done with an element, in groups that are drawn alike."""
    shifts = [(a, b) for b in (3, 4, 5) for a in range(1, b)]
    lines = [(a, b) for a in (2, 3) for b in range(1, 4)]
    return (
        _each("x + {k}", lambda k: lambda x: x + k, range(1, 6)),
        _each("x - {k}", lambda k: lambda x: x - k, range(1, 4)),
        _each("x * {k}", lambda k: lambda x: x * k, range(2, 5)),
        _each("x % {k}", lambda k: lambda x: x % k, range(2, 6)),
        _each("x // {k}", lambda k: lambda x: x // k, range(2, 4)),
        (Element("x * x", lambda x: x * x), Element("-x", lambda x: -x)),
        _each("{k} - x", lambda k: lambda x: k - x, (10, 5)),
        _each("max(x, {k})", lambda k: lambda x: max(x, k), range(2, 6)),
        _each("min(x, {k})", lambda k: lambda x: min(x, k), range(3, 7)),
        _each("(x + {k[0]}) % {k[1]}", lambda k: lambda x: (x + k[0]) % k[1], shifts),
        _each("{k[0]} * x + {k[1]}", lambda k: lambda x: k[0] * x + k[1], lines),
    )
