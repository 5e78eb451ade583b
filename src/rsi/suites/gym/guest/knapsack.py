"""A knapsack with several limits: the item that the program ranks highest goes in, as long as one fits."""

from operator import gt, sub
from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The items taken, in order; `call(value, weights, left)` ranks an item by its weight and what is left under each limit."""
    call = begin()
    left = instance["room"]
    values, weights = zip(*instance["items"], strict=True)
    open_items = list(range(len(values)))
    taken = []
    while open_items := [i for i in open_items if not any(map(gt, weights[i], left))]:
        highest, best = -2e9, -1
        for i in open_items:
            rank = call(values[i], weights[i][:], left[:])
            if type(rank) is not float or not -1e9 <= rank <= 1e9:
                rank = number(rank)
            if rank > highest:
                highest, best = rank, i
        open_items.remove(best)
        taken.append(best)
        left = list(map(sub, left, weights[best]))
    return taken
