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
        count = len(rooms)
        best, place = 0.0, count
        for index, room in enumerate(rooms):
            if room >= item:
                rate = call(item, room, count - 1 - index)
                if type(rate) is not float or not -1e9 <= rate <= 1e9:
                    rate = number(rate)
                if rate > best or (rate == best and place == count):
                    best, place = rate, index
        if place == count:
            rooms.append(instance["capacity"])
        rooms[place] -= item
        chosen.append(place)
    return chosen
