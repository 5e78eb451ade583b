"""Job-shop dispatching for the shortest makespan."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.job_shop import schedule
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_JOBS = 10
_MACHINES = 5

START = """\
QUICK = 2.0
CLOSE = 0.12
PATIENCE = 0.2
LONG = 60


def capped(waited):
    return min(waited, LONG)


def close(left, ahead):
    return left * ahead / (ahead + 1)


def urgency(time, left, ahead, waited):
    return PATIENCE * capped(waited) - QUICK * time - CLOSE * close(left, ahead)
"""

EXPERT = """\
def urgency(time, left, ahead, waited):
    return left + 12 * ahead - time
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    jobs: list[Json] = [[[m, rng.randint(1, 99)] for m in rng.sample(range(_MACHINES), rng.randint(3, _MACHINES))] for _ in range(_JOBS)]
    return {"machines": _MACHINES, "jobs": jobs}


def _measure(instance: Any, transcript: Any) -> float:
    jobs = instance["jobs"]
    order = wholes(transcript, sum(map(len, jobs)), 0, len(jobs) - 1)
    if any(order.count(job) != len(jobs[job]) for job in range(len(jobs))):
        raise ValueError("an operation is missing")
    loads = [0] * _MACHINES
    for job in jobs:
        for machine, time in job:
            loads[machine] += time
    bound = max(*loads, *(sum([time for _, time in job]) for job in jobs))
    return float(schedule(instance, order) / bound)


PROBLEM = Problem(
    name="job_shop",
    group=Pool.JUDGE,
    text="Job-shop dispatching: urgency(time, left, ahead, waited) of a job that waits for a machine (its operation's time, all "
    "time left, operations after this one, time waited); the most urgent goes first. An earlier end of all jobs scores "
    "higher.",
    source="Random instances after Taillard 1993; dispatching rules (Haupt 1989)",
    entry="urgency",
    start=START,
    knobs={"QUICK": (1.5, 2.5), "PATIENCE": (0.1, 0.3)},
    expert=EXPERT,
    measured="makespan over the load of the busiest machine or longest job",
    floor=1.4,
    level=1.03,
    rounds=14,
    draw=_draw,
    measure=_measure,
)
"""Job-shop dispatching."""
