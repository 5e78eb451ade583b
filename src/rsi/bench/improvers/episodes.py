"""One episode: an improver works on one problem, and what it hands in is scored on instances that it never saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rsi.bench.improvers.curve import Curve
from rsi.core.protocols import Serve
from rsi.core.records import Json
from rsi.kernel.evaluate import Meter, Scores
from rsi.kernel.judge import Episode

__all__ = ["Arm", "Challenge", "Ground", "Said", "play"]

_NOTE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One problem with its start.

    Attributes:
        number: its place in the benchmark.
        problem: its name, the same for everybody who works on it.
        family: the kind of problem.
        question: all that an improver is told.
        source: the start program.
        instances: how many practice instances there are.
    """

    number: int
    problem: str
    family: str
    question: Json
    source: str
    instances: int


class Ground(Protocol):
    """Where the programs of one problem are run and scored."""

    def practice(self, sources: Sequence[str], instances: Sequence[int]) -> Sequence[Scores]:
        """For each program a score in [0, 1] on each of some practice instances; None where it gave no valid answer."""

    def hidden(self, source: str) -> float:
        """Mean score in [0, 1] on the hidden instances; no valid answer counts as 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an improver handed in: plain data, or the reason why there is none."""

    value: Json
    reason: str = ""


class Arm(Protocol):
    """A frozen improver: it knows nothing of other episodes."""

    @property
    def name(self) -> str:
        """As in the tables."""

    def improve(self, payload: Json, serving: Callable[[], Serve]) -> Said:
        """Answer an `improve` message; `serving` gives somebody who answers its questions, afresh if the call is tried again."""


def play(arm: Arm, challenge: Challenge, ground: Ground, *, seed: int, repetition: int, budget: int) -> Episode:
    """One episode.

    Args:
        arm: who improves.
        challenge: what.
        ground: runs its programs.
        seed: of the improver's own random choices; the same for every arm.
        repetition: number of this episode among those of the arm on this problem.
        budget: evaluations.
    """
    (start,) = ground.practice([challenge.source], range(challenge.instances))
    known = [0.0 if score is None else score for score in start]
    tries: list[tuple[Meter, Curve]] = []

    def serving() -> Serve:
        curve = Curve(known)
        meter = Meter(lambda asked: ground.practice(asked.sources, asked.instances), [len(known)], budget, curve)
        tries.append((meter, curve))
        return meter

    said = arm.improve({"cases": [challenge.question], "programs": budget, "seed": seed}, serving)
    source, note = _handed_in(said)
    before = ground.hidden(challenge.source)
    return Episode(
        problem=challenge.problem,
        seed=repetition,
        family=challenge.family,
        start=before,
        final=before if source is None or source == challenge.source else ground.hidden(source),
        used=tries[-1][0].used if tries else 0,
        curve=tuple(tries[-1][1].points) if tries else (),
        note=note,
    )


def _handed_in(said: Said) -> tuple[str | None, str]:
    """The source that was handed in (None: the start stays) and what was wrong."""
    if said.reason:
        return None, said.reason[:_NOTE]
    answers = said.value.get("answers") if isinstance(said.value, dict) else None
    if not isinstance(answers, list) or len(answers) != 1 or not isinstance(answers[0], dict):
        return None, "malformed: one answer was expected"
    answer = answers[0].get("answer")
    if answer is not None and not isinstance(answer, str):
        return None, "malformed: an answer is a source or null"
    return answer, ""
