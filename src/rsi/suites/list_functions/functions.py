"""Functions of one list of ints, each with Python source that says exactly what it does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["IDENTITY", "Function", "Ints", "Kind", "Run", "Value", "after", "family", "joined"]

Ints = list[int]
"""What a list function takes."""
Value = int | bool | list[int] | list[bool]
"""What a list function may return."""
Kind = str
"""DreamCoder's name of a type: `int`, `bool`, `list-of-int`, `list-of-bool`."""

T = TypeVar("T", bound=Value)
A = TypeVar("A", bound=Value)
B = TypeVar("B", bound=Value)
T_co = TypeVar("T_co", bound=Value, covariant=True)
K = TypeVar("K")

Run = Callable[[Ints], T]
"""A function as a closure: a list of ints in, a value out, or IndexError, ValueError or ZeroDivisionError where it is not defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Generic[T_co]):
    """A function of a list of ints.

    Attributes:
        text: a Python expression over `xs` that is equal to `run`.
        run: the function itself.
        simpler: what is left when one of its operations is taken out; a composition that equals one of these is degenerate.
    """

    text: str
    run: Run[T_co]
    simpler: tuple[Run[T_co], ...] = ()

    def over(self, inner: "Function[Ints]") -> str:
        """Its text with `xs` replaced by the text of another function."""
        return self.text.replace("xs", inner.text)


IDENTITY: Function[Ints] = Function(text="xs", run=lambda xs: xs)
"""The list itself: the empty composition."""


def family(text: str, make: Callable[[K], Run[T]], choices: Iterable[K]) -> tuple[Function[T], ...]:
    """One function for each choice of a constant, named `{k}` in the text."""
    return tuple(Function(text=text.format(k=choice), run=make(choice)) for choice in choices)


def _then(outer: Run[T], inner: Run[Ints]) -> Run[T]:
    return lambda xs: outer(inner(xs))


def after(outer: Function[T], inner: Function[Ints], *, dropped: tuple[Run[T], ...] = ()) -> Function[T]:
    """`outer` applied to what `inner` gives; `dropped` is what remains without `outer` (where the types allow it)."""
    if inner is IDENTITY:
        return outer
    fewer_inner = tuple(_then(outer.run, run) for run in inner.simpler)
    fewer_outer = tuple(_then(run, inner.run) for run in outer.simpler)
    return Function(text=outer.over(inner), run=_then(outer.run, inner.run), simpler=(outer.run, *fewer_inner, *fewer_outer, *dropped))


def joined(text: str, join: Callable[[A, B], T], left: Function[A], right: Function[B], *, dropped: tuple[Run[T], ...] = ()) -> Function[T]:
    """Two functions of the same list joined to one value; `text` names them `{a}` and `{b}`."""

    def both(one: Run[A], other: Run[B]) -> Run[T]:
        return lambda xs: join(one(xs), other(xs))

    simpler = (*(both(run, right.run) for run in left.simpler), *(both(left.run, run) for run in right.simpler), *dropped)
    return Function(text=text.format(a=left.text, b=right.text), run=both(left.run, right.run), simpler=simpler)
