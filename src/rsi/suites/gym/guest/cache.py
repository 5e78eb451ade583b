"""Cache eviction: whenever room is needed, the page that the program finds worth least has to go."""

from typing import Any

from rsi.suites.gym.guest.moves import numbers

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The pages that were evicted, in order; `call(hits, since, stay)` is the worth of a page in the cache.

    `hits`: requests for it since it came; `since`: requests since the last of them; `stay`: requests since it came.
    """
    call = begin()
    came: dict[int, int] = {}
    last: dict[int, int] = {}
    hits: dict[int, int] = {}
    evicted = []
    for now, page in enumerate(instance["trace"]):
        if page in came:
            hits[page] += 1
        else:
            if len(came) == instance["size"]:
                worth = numbers([call(hits[p], now - last[p], now - since) for p, since in came.items()])
                gone = list(came)[worth.index(min(worth))]
                del came[gone]
                evicted.append(gone)
            came[page], hits[page] = now, 1
        last[page] = now
    return evicted
