"""Construction and improvement of a short round tour."""

import random
from functools import lru_cache
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.tour import distances
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_CITIES = 18

START = """\
BACK = 1.2
REACH = 3
PASSES = 1


def appeal(far, here, city):
    return far[here][city] - BACK * far[0][city]


def saved(far, tour, i, j):
    a, b, c, d = tour[i - 1], tour[i], tour[j], tour[(j + 1) % len(tour)]
    return far[a][b] + far[c][d] - far[a][c] - far[b][d]


def shortened(far, tour):
    for i in range(1, len(tour) - 1):
        for j in range(i + 1, min(i + REACH, len(tour))):
            if saved(far, tour, i, j) > 0.01:
                tour = tour[:i] + tour[i : j + 1][::-1] + tour[j + 1 :]
    return tour


def tour(far):
    path = [0]
    rest = list(range(1, len(far)))
    while rest:
        city = min(rest, key=lambda c: appeal(far, path[-1], c))
        rest.remove(city)
        path.append(city)
    for turn in range(PASSES):
        path = shortened(far, path)
    return path
"""

EXPERT = """\
def saved(far, tour, i, j):
    a, b, c, d = tour[i - 1], tour[i], tour[j], tour[(j + 1) % len(tour)]
    return far[a][b] + far[c][d] - far[a][c] - far[b][d]


def shortened(far, tour):
    for i in range(1, len(tour) - 1):
        for j in range(i + 1, len(tour)):
            if saved(far, tour, i, j) > 0.000001:
                tour = tour[:i] + tour[i : j + 1][::-1] + tour[j + 1 :]
    return tour


def detour(far, a, city, b):
    return far[a][city] + far[city][b] - far[a][b]


def tour(far):
    path = [0]
    rest = list(range(1, len(far)))
    while rest:
        city = max(rest, key=lambda c: min([far[c][p] for p in path]))
        rest.remove(city)
        place = min(range(len(path)), key=lambda k: detour(far, path[k - 1], city, path[k]))
        path.insert(place, city)
    for turn in range(3):
        path = shortened(far, path)
    return path
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    return {"cities": [[rng.randint(0, 100), rng.randint(0, 100)] for _ in range(_CITIES)]}


def _measure(instance: Any, transcript: Any) -> float:
    order = wholes(transcript, _CITIES, 0, _CITIES - 1)
    if len(set(order)) != _CITIES:
        raise ValueError("a city stands twice")
    far = distances(instance["cities"])
    length = sum(far[a][b] for a, b in zip(order, order[1:] + order[:1], strict=True))
    return length / _bound(tuple(map(tuple, instance["cities"])))


@lru_cache(maxsize=256)
def _bound(cities: tuple[tuple[int, int], ...]) -> float:
    """No tour is shorter: half of the way to the two nearest neighbours of each city."""
    return sum(sum(sorted(row)[1:3]) / 2 for row in distances(cities))


PROBLEM = Problem(
    name="tour",
    group=Pool.PRACTICE,
    text="The travelling salesman: tour(far) gets the table of distances between cities and gives the order of a round tour. "
    "Shorter tours score higher.",
    source="Random uniform Euclidean instances; farthest insertion (Rosenkrantz et al. 1977), 2-opt (Croes 1958)",
    entry="tour",
    start=START,
    knobs={"BACK": (1.05, 1.4), "REACH": (3, 5)},
    expert=EXPERT,
    measured="length over a lower bound (each city's two nearest neighbours)",
    floor=1.75,
    level=1.15,
    rounds=6,
    draw=_draw,
    measure=_measure,
)
"""The travelling salesman."""
