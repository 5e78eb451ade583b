"""The travelling salesman: the program sees all distances and gives a round tour."""

from functools import lru_cache
from typing import Any

from rsi.suites.gym.guest.moves import permutation

__all__ = ["distances", "play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The cities in the order of the tour; `call(far)` sees a table of distances."""
    call = begin()
    return permutation(call(distances(instance["cities"])), len(instance["cities"]))


def distances(cities: Any) -> list[list[float]]:
    """Straight lines between all cities; a table of one's own."""
    return [row[:] for row in _distances(tuple(map(tuple, cities)))]


@lru_cache(maxsize=256)
def _distances(cities: tuple[tuple[int, int], ...]) -> list[list[float]]:
    """The same for every program."""
    return [[((a - c) ** 2 + (b - d) ** 2) ** 0.5 for c, d in cities] for a, b in cities]
