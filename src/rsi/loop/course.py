"""Race or tree? A run begins as a race; the share of pairs of open changes that conflict decides, once, how it goes on.

A pair is looked at when the later of the two is let into the race. With 16 changes the share itself decides (`course_for`), as in
`rsi bench judge`. With fewer, a run goes over to the tree as soon as the share is above its limit beyond doubt (99 %, since one looks after
each): changes, not pairs, are counted as independent, since one that rewrites a file conflicts with all others that do. Four rewrites of
one file are enough.
"""

from rsi.core.records import Json
from rsi.kernel.judge import Course, course_for, wilson
from rsi.loop.machine import Machine
from rsi.loop.state import State

__all__ = ["choose", "ends_race", "note_opening"]

ENOUGH = 16
"""With so many changes opened the share of conflicting pairs is taken as it is."""
FEWEST = 4
"""With fewer changes nothing is decided."""
_DOUBT = 2.58


def ends_race(state: State) -> bool:
    """Whether the race is over because the run goes on as a tree."""
    return state.course is Course.TREE


def note_opening(machine: Machine, *, met: int, conflicting: int) -> None:
    """A change was opened beside `met` open ones, with so many of which it conflicts; choose the course if that is known by now."""
    openings = machine.state.openings
    if machine.config.judge.course != "auto" or len(openings) >= ENOUGH:
        return
    openings.append((met, conflicting))
    pairs, met_badly = (sum(column) for column in zip(*openings, strict=True))
    if not pairs or len(openings) < FEWEST:
        return
    course = course_for(met_badly / pairs)
    changes = sum(met > 0 for met, _ in openings)
    low, _ = wilson(changes * met_badly / pairs, changes, _DOUBT)
    if len(openings) >= ENOUGH or course_for(low) is Course.TREE:
        choose(machine, course)


def choose(machine: Machine, course: Course) -> None:
    """Write the choice down, with what it was made by; it is made once."""
    pairs = sum(met for met, _ in machine.state.openings)
    conflicting = sum(met_badly for _, met_badly in machine.state.openings)
    machine.state.course = course
    body: Json = {
        "course": course.value,
        "changes": len(machine.state.openings),
        "pairs": pairs,
        "conflicting": conflicting,
        "share": conflicting / pairs if pairs else None,
    }
    machine.emit("course.chosen", body)
