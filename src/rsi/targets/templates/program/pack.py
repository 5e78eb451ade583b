"""Packs items one by one by the rule of solution.py. Protected: no change may touch it."""

import solution

CAPACITY = 100


def solve(case):
    """The number of the bin of each item, in the order in which items arrive."""
    rooms, places = [], []
    for item in case["items"]:
        fits = [place for place, room in enumerate(rooms) if room >= item]
        if fits:
            place = max(fits, key=lambda place: (solution.priority(item, rooms[place]), -place))
        else:
            place = len(rooms)
            rooms.append(CAPACITY)
        rooms[place] -= item
        places.append(place)
    return places
