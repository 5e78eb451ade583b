"""What the machine of a run is like, as far as an agent may care: cores, memory, what simple operations and jailed calls cost.

An agent may use it to choose batch sizes, caches or precision. Decisions that follow from a measured profile differ from machine to
machine, so that a run hands out the standard one unless it is asked to measure; a profile that was measured stands in the log.

Covers: one core of this machine at the moment of the measurement, with all else that runs on it. Does not cover: how fast it is later.
"""

import os
import time
from collections.abc import Callable

from rsi.core.errors import InfrastructureError
from rsi.core.protocols import Call, Jail, Limits
from rsi.core.records import Json, Outcome

__all__ = ["STANDARD_PROFILE", "measured_profile"]

STANDARD_PROFILE: Json = {
    "profile": "standard",
    "cores": 2,
    "memory_mb": 1900,
    "us": {"arithmetic": 0.1, "list": 0.1, "look_up": 0.05, "call": 0.1},
    "jail_call_ms": 10.0,
    "question_ms": 0.1,
}
"""What agents are told where nothing was measured: round numbers of a small machine, the same everywhere."""
_TRIES = 5
_QUESTIONS = 200
_GUEST = b"""\
import time


def nothing(payload):
    return None


def ask_often(count, ask):
    for number in range(count):
        ask(number)
    return None


def operations(payload):
    return {name: min(timed(work) for _ in range(5)) for name, work in WORKS.items()}


def timed(work):
    begin = time.perf_counter()
    work(20_000)
    return (time.perf_counter() - begin) / 20_000 * 1e6


def arithmetic(times):
    total = 1
    for number in range(times):
        total = (total * 3 + number) % 65_521


def build(times):
    for number in range(times):
        [number, number + 1, number + 2, number + 3]


def look_up(times):
    known = {number: number for number in range(64)}
    for number in range(times):
        known[number & 63]


def same(value):
    return value


def call(times):
    for number in range(times):
        same(number)


WORKS = {"arithmetic": arithmetic, "list": build, "look_up": look_up, "call": call}
"""


def measured_profile(jail: Jail) -> Json:
    """This machine as seen from one of its jails: the quickest of a few tries, rounded to two digits. Takes some tenths of a second.

    Returns:
        The shape of `STANDARD_PROFILE`: `us` are microseconds of one operation each; `memory_mb` what one jailed call may use.

    Raises:
        InfrastructureError: a jailed call of the measurement gave no answer.
    """
    operations = _in_jail(jail, "operations", None)
    assert isinstance(operations, dict)
    call_s = min(_seconds(lambda: _in_jail(jail, "nothing", None)) for _ in range(_TRIES))
    asking_s = min(_seconds(lambda: _in_jail(jail, "ask_often", _QUESTIONS, asks=True)) for _ in range(_TRIES))
    memory = min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), Limits().memory_bytes)
    return {
        "profile": "measured",
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": memory // 2**20,
        "us": {name: _rounded(float(cost)) for name, cost in operations.items() if isinstance(cost, int | float)},
        "jail_call_ms": _rounded(1000 * call_s),
        "question_ms": _rounded(1000 * max(0.0, asking_s - call_s) / _QUESTIONS),
    }


def _in_jail(jail: Jail, function: str, payload: Json, *, asks: bool = False) -> Json:
    call = Call(files={"measuring.py": _GUEST}, module="measuring", function=function, payload=payload)
    reply = jail.call(call, (lambda question: question) if asks else None)
    if reply.outcome is not Outcome.ANSWERED:
        raise InfrastructureError(f"the machine cannot be measured from a jail ({function}): {reply.outcome.value}, {reply.reason}")
    return reply.value


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _rounded(number: float) -> float:
    return float(f"{number:.2g}")
