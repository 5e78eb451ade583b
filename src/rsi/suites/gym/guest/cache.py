"""Cache eviction: whenever room is needed, the page that the program finds worth least has to go."""

from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The pages that were evicted, in order; `call(hits, since, stay)` is the worth of a page in the cache.

    `hits`: requests for it since it came; `since`: requests since the last of them; `stay`: requests since it came.
    """
    call = begin()
    came: dict[int, int] = {}
    last: dict[int, int] = {}
    hits: dict[int, int] = {}
    evicted: list[int] = []
    for now, page in enumerate(instance["trace"]):
        if page in came:
            hits[page] += 1
        else:
            if len(came) == instance["size"]:
                least, gone = 2e9, page
                for held, since in came.items():
                    worth = call(hits[held], now - last[held], now - since)
                    if type(worth) is not float or not -1e9 <= worth <= 1e9:
                        worth = number(worth)
                    if worth < least:
                        least, gone = worth, held
                del came[gone]
                evicted.append(gone)
            came[page], hits[page] = now, 1
        last[page] = now
    return evicted
