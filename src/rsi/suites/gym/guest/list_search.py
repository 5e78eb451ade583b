"""Search for a list function: the program says which half-done composition is looked into next."""

import heapq
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["EXPANSIONS", "OPERATIONS", "play", "search"]

Lists = tuple[tuple[int, ...], ...]

EXPANSIONS = 24
"""How many compositions are looked into."""
_LONGEST = 12
_LARGEST = 200

OPERATIONS: tuple[Callable[[tuple[int, ...]], tuple[int, ...]], ...] = (
    lambda xs: xs[::-1],
    lambda xs: tuple(sorted(xs)),
    lambda xs: xs[1:],
    lambda xs: xs[:-1],
    lambda xs: tuple(x + 1 for x in xs),
    lambda xs: tuple(2 * x for x in xs),
    lambda xs: tuple(x for x in xs if x % 2),
    lambda xs: tuple(accumulate(xs)),
    lambda xs: xs + xs[:1],
)
"""What a list can be turned into in one step."""


def play(begin: Any, instance: Any) -> list[int]:
    """The numbers of the compositions looked into; `call(depth, wrong, missing, gap)` is how promising one is (highest first).

    `depth`: its operations; `wrong`: the share of places with another number than is wanted; `missing`: how many wanted numbers do not
    occur, as a share; `gap`: the difference of the lengths.
    """
    call = begin()
    chosen: list[int] = []
    waiting: list[tuple[float, int]] = []

    def seen(index: int, depth: int, lists: Lists, goals: Lists) -> None:
        heapq.heappush(waiting, (-number(call(depth, *_features(lists, goals))), index))

    def choose() -> int | None:
        if waiting:
            chosen.append(heapq.heappop(waiting)[1])
            return chosen[-1]
        return None

    search(instance, seen, choose)
    return chosen


def search(instance: Any, seen: Callable[[int, int, Lists, Lists], None], choose: Callable[[], int | None]) -> bool:
    """Look into one composition after another until one gives the wanted lists (true) or no expansions are left.

    `seen` is told each new composition: its number, depth, lists and the wanted lists; `choose` says which is looked into next.
    """
    goals = _tuples(instance["outputs"])
    states = [(0, _tuples(instance["inputs"]))]
    known = {states[0][1]}
    seen(0, *states[0], goals)
    for _ in range(EXPANSIONS):
        index = choose()
        if index is None:
            return False
        depth, lists = states[index]
        for new, is_small in _turned(lists):
            if new == goals:
                return True
            if is_small and new not in known:
                known.add(new)
                states.append((depth + 1, new))
                seen(len(states) - 1, depth + 1, new, goals)
    return False


def _tuples(lists: Any) -> Lists:
    return tuple(tuple(xs) for xs in lists)


@lru_cache(maxsize=2048)
def _turned(lists: Lists) -> tuple[tuple[Lists, bool], ...]:
    """What each operation makes of some lists, and whether it is small enough to be looked into: the same for every program."""
    made = [tuple(map(operation, lists)) for operation in OPERATIONS]
    return tuple((new, all(len(xs) <= _LONGEST and (not xs or max(xs) <= _LARGEST) for xs in new)) for new in made)


@lru_cache(maxsize=8192)
def _features(lists: Lists, goals: Lists) -> tuple[float, float, float]:
    wrong = missing = places = 0
    gap = 0
    for xs, goal in zip(lists, goals, strict=True):
        places += max(len(goal), 1)
        wrong += max(len(goal), 1) - sum(map(int.__eq__, xs, goal))
        missing += sum(x not in xs for x in goal)
        gap += abs(len(xs) - len(goal))
    return wrong / places, missing / places, gap / len(goals)
