"""The functions that a program of the gym may call, and the guards that its rewritten text calls: each pays for what it costs.

One set is made for each evaluation, with so many steps; when they are spent, `Spent` ends the program. Eight elements of a list cost
about a step; ints have at most 1,024 bits, lists at most 100,000 elements, tuples at most 256 with all that are in them (so that hashing
one is cheap).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

__all__ = ["Spent", "guards"]

LONGEST_LIST = 100_000
LARGEST_TUPLE = 256
_BOUND = 1 << 1024
_LEAST = -_BOUND
_NUMBERS = frozenset({int, float, bool, type(None)})
_SEQUENCES = frozenset({list, tuple})
_NESTS = frozenset({list, tuple, dict})
_OWN = (abs, bool, divmod, float, int, len)
_MATH = ("atan2", "ceil", "cos", "exp", "floor", "hypot", "inf", "log", "pi", "sin", "sqrt", "tanh")
_AS_THEY_ARE = {**{function.__name__: function for function in _OWN}, **{name: getattr(math, name) for name in _MATH}}


class Spent(Exception):
    """No steps are left, or something grew beyond its bound."""


def guards(steps: int) -> dict[str, object]:
    """Everything that a program finds by name, with so many steps to spend among all of it."""
    left = steps

    def step(count: int) -> bool:
        nonlocal left
        left -= count
        if left < 0:
            raise Spent("no steps are left")
        return True

    charge = _charger(step)
    return {
        "__builtins__": {},
        "_step": step,
        **_AS_THEY_ARE,
        **_arithmetic(charge),
        **_collections(charge),
        **_orders(charge, step),
        "round": _rounded,
    }


Charge = Callable[[object], Any]


def _charger(step: Callable[[int], bool]) -> Charge:
    def charge(thing: Any) -> Any:
        """Pay for walking through all of a thing; gives it back."""
        kind = type(thing)
        if kind in _NUMBERS:
            return thing
        if kind not in _NESTS:
            if kind is range:
                step(1 + len(thing) // 8)
            return thing
        todo = [thing]
        while todo:
            nest = todo.pop()
            step(1 + len(nest) // 8)
            inner = nest if type(nest) is not dict else (*nest, *nest.values())
            todo.extend(item for item in inner if type(item) in _NESTS)
        return thing

    return charge


def _arithmetic(charge: Charge) -> dict[str, object]:
    def add(a: Any, b: Any) -> Any:
        value = a + b
        kind = type(value)
        if kind is float or (kind is int and _LEAST < value < _BOUND):
            return value
        return _kept(charge, value) if kind in _SEQUENCES else _bounded(value)

    def mul(a: Any, b: Any) -> Any:
        if type(a) is float or type(b) is float:
            return a * b
        if type(a) in _SEQUENCES or type(b) in _SEQUENCES:
            items, times = (a, b) if type(a) in _SEQUENCES else (b, a)
            if type(times) in (int, bool) and times * len(items) > LONGEST_LIST:
                raise Spent("a list is too long")
            return _kept(charge, items * times)
        return _bounded(a * b)

    def shl(a: Any, b: Any) -> Any:
        if b > 1024:
            raise Spent("an int is too large")
        return _bounded(a << b)

    def grown(b: Any) -> Any:
        if type(b) is tuple:
            raise TypeError("tuples do not grow")
        return charge(b)

    return {"_add": add, "_mul": mul, "_pow": _power, "_shl": shl, "_or": _either, "_grown": grown}


def _kept(charge: Charge, items: Any) -> Any:
    """A new list or tuple, if it is not too long; paid for by its length."""
    if len(items) > LONGEST_LIST:
        raise Spent("a list is too long")
    if type(items) is tuple:
        return _small(items)
    charge(range(len(items)))
    return items


def _bounded(value: Any) -> Any:
    if type(value) is int and not _LEAST < value < _BOUND:
        raise Spent("an int is too large")
    return value


def _power(a: Any, b: Any) -> Any:
    if type(a) is not float and type(b) is not float:
        if type(b) not in (int, bool) or abs(b) > 1024 or a.bit_length() * abs(b) > 1100:
            raise Spent("a power is too large")
    value = a**b
    if type(value) is complex:
        raise ValueError("no complex numbers")
    return value


def _either(a: Any, b: Any) -> Any:
    if type(a) not in (int, bool):
        raise TypeError("| is for ints")
    return a | b


def _small(items: tuple[object, ...]) -> tuple[object, ...]:
    """A tuple, if it is small enough with all the tuples in it."""
    size = len(items)
    todo = [item for item in items if type(item) is tuple]
    while todo and size <= LARGEST_TUPLE:
        inner = todo.pop()
        size += len(inner)
        todo.extend(item for item in inner if type(item) is tuple)
    if size > LARGEST_TUPLE:
        raise Spent("a tuple is too large")
    return items


def _all_small(made: list[tuple[Any, ...]], *columns: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Tuples of one element of each column, if each is small enough: looked at one by one only where there are tuples in them."""
    if len(columns) > LARGEST_TUPLE or any(tuple in set(map(type, column)) for column in columns):
        for items in made:
            _small(items)
    return made


def _rounded(value: Any, digits: Any = None) -> Any:
    if digits is not None and (type(digits) is not int or abs(digits) > 20):
        raise ValueError("digits from -20 to 20")
    return round(value, digits)


def _collections(charge: Charge) -> dict[str, object]:
    def listed(items: Iterable[Any] = ()) -> list[Any]:
        charge(range(len(items)))  # type: ignore[arg-type]  # whatever has no length is refused by this
        return list(items)

    def ranged(*bounds: int) -> range:
        found = range(*bounds)
        if len(found) > LONGEST_LIST:
            raise Spent("a range is too long")
        return found

    def entries(items: Any = ()) -> dict[Any, Any]:
        return dict(listed(items) if type(items) is not dict else charge(items))

    def total(items: Any, start: Any = 0) -> Any:
        if type(start) not in _NUMBERS:
            raise TypeError("sums are of numbers")
        return _bounded(sum(listed(items), start))

    def zipped(*items: Any) -> list[tuple[Any, ...]]:
        lists = [listed(one) for one in items]
        return _all_small(list(zip(*lists, strict=False)), *lists)

    def numbered(items: Any, start: Any = 0) -> list[tuple[Any, ...]]:
        values = listed(items)
        return _all_small(list(enumerate(values, start)), values)

    return {
        "_sliced": lambda items: _kept(charge, items) if type(items) in _SEQUENCES else items,
        "_within": charge,
        "_flat": charge,
        "_small": _small,
        "_items": lambda owner: _all_small(list(charge(owner).items()), owner.keys(), owner.values()),
        "_keys": lambda owner: list(charge(owner).keys()),
        "_values": lambda owner: list(charge(owner).values()),
        "range": ranged,
        "list": listed,
        "tuple": lambda items=(): _small(tuple(listed(items))),
        "dict": entries,
        "enumerate": numbered,
        "zip": zipped,
        "reversed": lambda items: listed(items)[::-1],
        "sum": total,
        "any": lambda items: any(listed(items)),
        "all": lambda items: all(listed(items)),
    }


def _orders(charge: Charge, step: Callable[[int], bool]) -> dict[str, object]:
    def ordered(items: Any, key: Any = None, reverse: Any = False) -> list[Any]:
        values = list(charge(items))
        if key is None:
            return sorted(values, reverse=bool(reverse))
        keys = charge([key(value) for value in values])
        return [values[i] for i in sorted(range(len(values)), key=keys.__getitem__, reverse=bool(reverse))]

    def sort(items: list[Any], key: Any = None, reverse: Any = False) -> None:
        if type(items) is not list:
            raise TypeError("only lists are sorted in place")
        items[:] = ordered(items, key, reverse)

    def best(choose: Callable[..., Any]) -> Callable[..., Any]:
        def chosen(*values: Any, key: Any = None, **default: Any) -> Any:
            if len(values) == 2 and type(values[0]) in _NUMBERS and type(values[1]) in _NUMBERS and key is None and not default:
                step(1)
                return choose(*values)
            among: Sequence[Any] = list(charge(values[0])) if len(values) == 1 else values
            if not among or key is None:
                return choose(charge(among), **_only_default(default))
            keys = charge([key(value) for value in among])
            return among[choose(range(len(among)), key=keys.__getitem__)]

        return chosen

    return {"sorted": ordered, "_sort": sort, "min": best(min), "max": best(max)}


def _only_default(options: Mapping[str, Any]) -> Mapping[str, Any]:
    if set(options) - {"default"}:
        raise TypeError("key and default are all")
    return options
