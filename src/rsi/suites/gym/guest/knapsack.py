"""A knapsack with several limits: the item that the program ranks highest goes in, as long as one fits."""

from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The items taken, in order; `call(value, weights, left)` ranks an item by its weight and what is left under each limit."""
    call = begin()
    left = list(instance["room"])
    items = instance["items"]
    open_items = list(range(len(items)))
    taken = []
    while open_items := [i for i in open_items if all(w <= r for w, r in zip(items[i][1], left, strict=True))]:
        rank = [number(call(items[i][0], list(items[i][1]), list(left))) for i in open_items]
        best = open_items.pop(rank.index(max(rank)))
        taken.append(best)
        left = [r - w for r, w in zip(left, items[best][1], strict=True)]
    return taken
