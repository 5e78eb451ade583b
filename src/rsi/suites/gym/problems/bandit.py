"""A bandit with Gaussian rewards."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_ARMS = 6
_PULLS = 120

START = """\
HOPE = 3.0
EASE = 0.35
TRIES = 1


def bonus(pulls):
    return HOPE / (pulls + 1) ** EASE


def index(mean, pulls, left):
    if pulls < TRIES:
        return 100
    return mean + bonus(pulls)
"""

EXPERT = """\
def index(mean, pulls, left):
    if pulls == 0:
        return 100
    return mean + 0.55 * sqrt(log(1 + left / pulls) / pulls)
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    means = [round(rng.uniform(0, 1), 3) for _ in range(_ARMS)]
    return {"means": list(means), "noise": [round(rng.gauss(0, 0.4), 3) for _ in range(_PULLS)]}


def _measure(instance: Any, transcript: Any) -> float:
    means = instance["means"]
    earned = sum(means[arm] for arm in wholes(transcript, _PULLS, 0, _ARMS - 1)) / _PULLS
    chance = sum(means) / _ARMS
    return float((earned - chance) / (max(means) - chance))


PROBLEM = Problem(
    name="bandit",
    group=Pool.JUDGE,
    text="A bandit: index(mean, pulls, left) of an arm (its mean reward so far, its pulls, rounds left); the arm with the highest "
    "index is pulled. Better arms pulled more often score higher.",
    source="Gaussian bandits; UCB1 (Auer et al. 2002), MOSS (Audibert and Bubeck 2009)",
    entry="index",
    start=START,
    knobs={"HOPE": (2.4, 3.6), "EASE": (0.3, 0.42)},
    expert=EXPERT,
    measured="what is earned over chance, as a share of what the best arm earns over chance",
    floor=0.0,
    level=0.85,
    rounds=6,
    draw=_draw,
    measure=_measure,
)
"""A bandit."""
