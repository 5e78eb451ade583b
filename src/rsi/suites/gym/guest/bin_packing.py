"""Online bin packing: each item goes into the open bin that the program rates highest, or into a new one."""

from typing import Any

from rsi.suites.gym.guest.moves import numbers

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The bin of each item; `call(item, room, newer)` rates a bin by its free room and how many were opened after it.

    A new bin is opened where no bin has room or none is rated 0 or more.
    """
    call = begin()
    rooms: list[int] = []
    chosen = []
    for item in instance["items"]:
        last = len(rooms) - 1
        able = [index for index, room in enumerate(rooms) if room >= item]
        rates = numbers([call(item, rooms[index], last - index) for index in able])
        best = max(rates, default=-1.0)
        place = able[rates.index(best)] if best >= 0 else len(rooms)
        if place == len(rooms):
            rooms.append(instance["capacity"])
        rooms[place] -= item
        chosen.append(place)
    return chosen
