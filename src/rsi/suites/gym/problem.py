"""One problem of the gym: what the improver is told, how instances are drawn, how a transcript is checked and scored."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.moves import MILLION

__all__ = ["Problem", "Range", "instance_of", "millionths", "score", "vary", "wholes"]

Range = tuple[float, float]
"""Between which values a constant of a start program is drawn; whole numbers stay whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A family of cases: one kind of small program, and instances to run it on.

    Attributes:
        name: as in the plays of the guest side, and the family of its cases.
        group: the pool whose cases come from it (those for calibration and safety come from the judge's problems).
        text: what the program does and what is scored, for the improver.
        source: where the problem is from.
        entry: the function that the harness calls.
        start: a plausible program with head-room.
        knobs: constants of the start program whose values differ from case to case.
        expert: a good program; it shows that the head-room is real.
        measured: what `measure` gives, in words.
        floor: the measure that scores 0; lies on either side of `level`.
        level: the measure that scores 1: what good known methods reach.
        rounds: how many draws make an instance, so that an evaluation of the start takes some milliseconds.
        draw: one round, as plain data.
        measure: what a transcript is worth on its round. ValueError: it is none.
    """

    name: str
    group: Pool
    text: str
    source: str
    entry: str
    start: str
    knobs: Mapping[str, Range]
    expert: str
    measured: str
    floor: float
    level: float
    rounds: int
    draw: Callable[[random.Random], dict[str, Json]]
    measure: Callable[[Any, Any], float]


def instance_of(problem: Problem, rng: random.Random) -> list[Json]:
    """An instance: the rounds that one evaluation plays."""
    return [problem.draw(rng) for _ in range(problem.rounds)]


def score(problem: Problem, instance: Json, transcripts: Json) -> float | None:
    """The mean over the rounds of an instance, each from 0 (floor) to 1 (level), clipped; None where one is no valid answer."""
    if not isinstance(instance, list) or not isinstance(transcripts, list) or len(transcripts) != len(instance):
        return None
    try:
        found = [problem.measure(drawn, transcript) for drawn, transcript in zip(instance, transcripts, strict=True)]
    except ValueError:
        return None
    return sum(min(max((one - problem.floor) / (problem.level - problem.floor), 0.0), 1.0) for one in found) / len(found)


def vary(problem: Problem, rng: random.Random) -> str:
    """The start program with other values for its knobs."""
    source = problem.start
    for name, (low, high) in problem.knobs.items():
        drawn = repr(rng.randint(int(low), int(high))) if isinstance(low, int) else f"{rng.uniform(low, high):.4g}"
        source, found = re.subn(rf"^{name} = .*$", f"{name} = {drawn}", source, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"{problem.name}: the start has no constant {name}")
    return source


def millionths(found: Json, count: int, low: float, high: float) -> list[float]:
    """The numbers that a list of so many has in whole millionths, all within bounds; or ValueError."""
    return [item / MILLION for item in wholes(found, count, round(low * MILLION), round(high * MILLION))]


def wholes(found: Json, count: int | None, low: int, high: int) -> list[int]:
    """A list of so many ints (None: any) within bounds, or ValueError."""
    if not isinstance(found, list) or count not in (None, len(found)):
        raise ValueError("no such list")
    kept = [item for item in found if type(item) is int and low <= item <= high]
    if len(kept) != len(found):
        raise ValueError("no such int")
    return kept
