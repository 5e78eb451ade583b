"""Search for a list function by its examples."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.list_search import EXPANSIONS, OPERATIONS, search
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_EXAMPLES = 3

START = """\
SHORT = 1.0
RIGHT = 0.4
LENGTH = 0.1


def fit(wrong, gap):
    return RIGHT * (1 - wrong) - LENGTH * gap


def promise(depth, wrong, missing, gap):
    return fit(wrong, gap) - SHORT * depth
"""

EXPERT = """\
def promise(depth, wrong, missing, gap):
    return -0.45 * depth - 1.2 * wrong - 2.2 * missing - 0.25 * gap
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """Inputs and outputs of a composition of three or four operations that no shorter prefix of it equals."""
    while True:
        inputs = [tuple(rng.randint(0, 9) for _ in range(rng.randint(4, 6))) for _ in range(_EXAMPLES)]
        stages = [tuple(inputs)]
        for operation in rng.sample(OPERATIONS, rng.randint(3, 4)):
            stages.append(tuple(map(operation, stages[-1])))
        if len(set(stages)) == len(stages) and all(xs and max(xs) <= 200 for xs in stages[-1]):
            return {"inputs": [list(xs) for xs in inputs], "outputs": [list(xs) for xs in stages[-1]]}


def _measure(instance: Any, transcript: Any) -> float:
    """1 minus the share of the expansions that were used before it was found; 0 if it was not."""
    chosen = iter(wholes(transcript, None, 0, 10_000))
    known: set[int] = set()
    used = 0

    def choose() -> int | None:
        nonlocal used
        index = next(chosen, None)
        if index is not None and index not in known:
            raise ValueError("no such composition")
        known.discard(-1 if index is None else index)
        used += index is not None
        return index

    found = search(instance, lambda index, depth, lists, goals: known.add(index), choose)
    if next(chosen, None) is not None:
        raise ValueError("more was looked into than there was need")
    return 1 - (used - 1) / EXPANSIONS if found else 0.0


PROBLEM = Problem(
    name="list_search",
    group=Pool.SEALED,
    text="Search for a list function: promise(depth, wrong, missing, gap) of a half-done composition (its operations, the share of "
    "wrong places, the share of wanted numbers that do not occur, the difference of lengths); the highest is looked into "
    "next. Finding it sooner scores higher.",
    source="List functions as in Rule et al. 2020; best-first search (Pearl 1984)",
    entry="promise",
    start=START,
    knobs={"SHORT": (0.8, 1.2), "RIGHT": (0.2, 0.5)},
    expert=EXPERT,
    measured="expansions left when it is found, as a share",
    floor=0.0,
    level=0.8,
    rounds=3,
    draw=_draw,
    measure=_measure,
)
"""Search for a list function."""
