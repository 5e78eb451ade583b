"""What may be done with or asked of one element: the constants and conditions inside maps and filters."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Element", "changes", "conditions"]

T = TypeVar("T")


class Element(NamedTuple, Generic[T]):
    """A function of one element `x`: its Python text and itself."""

    text: str
    run: Callable[[int], T]


@cache
def conditions() -> tuple[Element[bool], ...]:
    """Everything that may be asked of an element."""
    return tuple(_conditions())


def _conditions() -> Iterator[Element[bool]]:
    for k in range(1, 16):
        yield Element(f"x > {k}", lambda x, k=k: x > k)
    for k in range(2, 18):
        yield Element(f"x < {k}", lambda x, k=k: x < k)
    for k in range(10):
        yield Element(f"x == {k}", lambda x, k=k: x == k)
        yield Element(f"x != {k}", lambda x, k=k: x != k)
    for _ in range(6):
        yield Element("x % 2 == 0", lambda x: x % 2 == 0)
        yield Element("x % 2 == 1", lambda x: x % 2 == 1)
    for k in (3, 3, 4, 5):
        yield Element(f"x % {k} == 0", lambda x, k=k: x % k == 0)
    for low, high in ((2, 8), (3, 12), (5, 10), (6, 16)):
        yield Element(f"{low} <= x <= {high}", lambda x, low=low, high=high: low <= x <= high)


@cache
def changes() -> tuple[tuple[Element[int], ...], ...]:
    """Everything that may be done with an element, in groups that are drawn alike."""
    return (
        tuple(Element(f"x + {k}", lambda x, k=k: x + k) for k in range(1, 10)),
        tuple(Element(f"x - {k}", lambda x, k=k: x - k) for k in range(1, 6)),
        tuple(Element(f"x * {k}", lambda x, k=k: x * k) for k in range(2, 6)),
        tuple(Element(f"x % {k}", lambda x, k=k: x % k) for k in range(2, 8)),
        tuple(Element(f"x // {k}", lambda x, k=k: x // k) for k in range(2, 5)),
        (Element("x * x", lambda x: x * x), Element("-x", lambda x: -x), Element("x * (x + 1)", lambda x: x * (x + 1))),
        tuple(Element(f"{k} - x", lambda x, k=k: k - x) for k in (5, 9, 10, 12, 20)),
        tuple(Element(f"abs(x - {k})", lambda x, k=k: abs(x - k)) for k in range(3, 13)),
        tuple(Element(f"max(x, {k})", lambda x, k=k: max(x, k)) for k in range(3, 12)),
        tuple(Element(f"min(x, {k})", lambda x, k=k: min(x, k)) for k in range(4, 15)),
        tuple(Element(f"(x + {a}) % {b}", lambda x, a=a, b=b: (x + a) % b) for b in (3, 4, 5, 7, 10) for a in range(1, b)),
        tuple(Element(f"{a} * x + {b}", lambda x, a=a, b=b: a * x + b) for a in (2, 3, 4) for b in range(1, 6)),
    )
