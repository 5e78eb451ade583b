"""The repeated prisoner's dilemma against fixed rivals."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.dilemma import RIVALS, match
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_MATCHES = 6
_PAYOFF = {(1, 1): 3, (1, 0): 0, (0, 1): 5, (0, 0): 1}

START = """\
MEMORY = 12
TRUST = 0.25
GREED = 4


def kindness(theirs):
    recent = theirs[-MEMORY:]
    return (sum(recent) + 1) / (len(recent) + 1)


def tempted(mine):
    return len(mine) % GREED == GREED - 1


def decide(mine, theirs, left):
    if tempted(mine):
        return 0
    if kindness(theirs) > TRUST:
        return 1
    return 0
"""

EXPERT = """\
def unprovoked(mine, theirs):
    return sum(1 for k in range(1, len(mine)) if theirs[k] == 0 and 0 not in mine[max(0, k - 2) : k])


def decide(mine, theirs, left):
    if left == 1 or unprovoked(mine, theirs) > 1:
        return 0
    if len(mine) == 0:
        return 1
    return theirs[-1]
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    names = rng.sample(sorted(RIVALS), _MATCHES)
    matches: list[Json] = [{"rival": name, "coins": [round(rng.random(), 3) for _ in range(rng.randint(24, 36))]} for name in names]
    return {"matches": matches}


def _measure(instance: Any, transcript: Any) -> float:
    if not isinstance(transcript, list) or len(transcript) != _MATCHES:
        raise ValueError("a list for each match was expected")
    return sum(_earned(rival, moves) for rival, moves in zip(instance["matches"], transcript, strict=True)) / _MATCHES


def _earned(rival: Any, moves: Json) -> float:
    given = iter(wholes(moves, len(rival["coins"]), 0, 1))
    mine, theirs = match(rival, lambda mine, theirs, left: next(given))
    return sum(_PAYOFF[pair] for pair in zip(mine, theirs, strict=True)) / len(mine)


PROBLEM = Problem(
    name="dilemma",
    group=Pool.SEALED,
    text="The repeated prisoner's dilemma: decide(mine, theirs, left) gives 1 to cooperate or 0 to defect, from both pasts and the "
    "rounds left. Both 1: 3 each; both 0: 1 each; who defects alone gets 5, the other 0. More points against rivals who never "
    "change score higher.",
    source="Axelrod's tournaments (1984); rivals as in the Axelrod library (Knight et al. 2016)",
    entry="decide",
    start=START,
    knobs={"MEMORY": (8, 16), "TRUST": (0.15, 0.35)},
    expert=EXPERT,
    measured="points per round",
    floor=1.9,
    level=2.85,
    rounds=5,
    draw=_draw,
    measure=_measure,
)
"""The repeated prisoner's dilemma."""
