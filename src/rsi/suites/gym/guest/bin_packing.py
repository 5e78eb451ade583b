"""Online bin packing: each item goes into the open bin that the program rates highest, or into a new one."""

from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The bin of each item; `call(item, room, newer)` rates a bin by its free room and how many were opened after it.

    A new bin is opened where no bin has room or none is rated 0 or more.
    """
    call = begin()
    rooms: list[int] = []
    chosen = []
    for item in instance["items"]:
        best, place = 0.0, len(rooms)
        for index, room in enumerate(rooms):
            if room >= item:
                rate = number(call(item, room, len(rooms) - 1 - index))
                if rate > best or (rate == best and place == len(rooms)):
                    best, place = rate, index
        if place == len(rooms):
            rooms.append(instance["capacity"])
        rooms[place] -= item
        chosen.append(place)
    return chosen
