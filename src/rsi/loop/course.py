"""Race or tree? A run begins as a race; the share of pairs of open changes that conflict decides, once, how it goes on.

Two changes are a pair if they might have been on together: both are open, or one was accepted before the other, made for an earlier
incumbent, could be let in. A pair is looked at when the later of the two is let in, or refused as stale. With 16 changes the share itself
decides (`course_for`), as in `rsi bench judge`. With fewer, a run goes over to the tree as soon as the share is above its limit beyond
doubt (99 %, since one looks after each): changes, not pairs, are counted as independent, since one that rewrites a file conflicts with
all others that do. Four rewrites of one file are enough. A run with a safety suite stays a race: there harm is judged.
"""

from rsi.core.records import Json
from rsi.kernel.judge import Course, course_for, wilson
from rsi.loop.machine import Machine
from rsi.loop.state import State, Waiting

__all__ = ["accepted_since", "choose", "ends_race", "note_meeting"]

ENOUGH = 16
"""With so many changes the share of conflicting pairs is taken as it is."""
FEWEST = 4
"""With fewer changes nothing is decided."""
_DOUBT = 2.58


def ends_race(state: State) -> bool:
    """Whether the race is over because the run goes on as a tree."""
    return state.course is Course.TREE


def accepted_since(state: State, waiting: Waiting) -> int:
    """How many changes were accepted since the version for which a proposal was made was the incumbent."""
    line = [reign.version.id for reign in state.line]
    return len(line) - 1 - line.index(waiting.proposal.parent) if waiting.proposal.parent in line else 0


def note_meeting(machine: Machine, *, met: int, conflicting: int) -> None:
    """A change met so many others and conflicts with so many of them; choose the course if that is known by now."""
    meetings, config = machine.state.meetings, machine.config
    if config.judge.course != "auto" or config.safety.suite or len(meetings) >= ENOUGH:
        return
    meetings.append((met, conflicting))
    pairs, met_badly = (sum(column) for column in zip(*meetings, strict=True))
    if not pairs or len(meetings) < FEWEST:
        return
    course = course_for(met_badly / pairs)
    changes = sum(met > 0 for met, _ in meetings)
    low, _ = wilson(changes * met_badly / pairs, changes, _DOUBT)
    if len(meetings) >= ENOUGH or course_for(low) is Course.TREE:
        choose(machine, course)


def choose(machine: Machine, course: Course) -> None:
    """Write the choice down, with what it was made by; it is made once."""
    pairs = sum(met for met, _ in machine.state.meetings)
    conflicting = sum(met_badly for _, met_badly in machine.state.meetings)
    machine.state.course = course
    body: Json = {
        "course": course.value,
        "changes": len(machine.state.meetings),
        "pairs": pairs,
        "conflicting": conflicting,
        "share": conflicting / pairs if pairs else None,
    }
    machine.emit("course.chosen", body)
