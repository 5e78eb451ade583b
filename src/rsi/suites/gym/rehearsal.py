"""The practice instances of one question: what an improver's candidates are run on before it answers."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rsi.core.records import Json
from rsi.suites.gym.catalogue import PROBLEMS
from rsi.suites.gym.problem import Problem, instance_of, score
from rsi.suites.seeds import number_of

__all__ = ["Drawn", "Rehearsal", "rehearsal_of"]


class Drawn(Sequence[Json]):
    """Instances of a problem that follow from a secret key, each drawn when it is first asked for: most episodes use few of them."""

    def __init__(self, problem: Problem, key: str, count: int) -> None:
        """Nothing is drawn yet."""
        self._problem, self._key = problem, key
        self._found: list[Json] = [None] * count

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, index: int) -> Json:  # type: ignore[override]  # there are no slices of it
        if self._found[index] is None:
            self._found[index] = list[Json](instance_of(self._problem, random.Random(number_of("gym", "practice", self._key, index))))
        return self._found[index]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One problem's practice instances, in the kernel, which scores what programs do on them.

    Attributes:
        question: what the improver sees.
        problem: of what family it is.
        instances: what its candidates are run on; no hidden instance is among them.
    """

    question: dict[str, Json]
    problem: Problem
    instances: Sequence[Json]

    @property
    def ground(self) -> Json:
        """What the evaluator is told at first: the problem."""
        return {"problem": self.problem.name}

    def told(self, index: int) -> Json:
        """An instance, as a text, so that no program can change it for the next."""
        return json.dumps(self.instances[index], separators=(",", ":"))

    def scores(self, indices: Sequence[int], transcripts: Json) -> list[float | None]:
        """The score from 0 to 1 of each transcript of a program on some instances; None where it is no valid answer."""
        if not isinstance(transcripts, list) or len(transcripts) != len(indices):
            return [None] * len(indices)
        return [score(self.problem, self.instances[index], found) for index, found in zip(indices, transcripts, strict=True)]


def rehearsal_of(question: dict[str, Json], problem: Problem, key: str, count: int) -> Rehearsal:
    """A question's practice instances, which follow from a secret key alone."""
    return Rehearsal(question=question, problem=problem, instances=_drawn(problem.name, key, count))


@lru_cache(maxsize=64)
def _drawn(problem: str, key: str, count: int) -> Drawn:
    """Both sides of a pair, and every question of a tournament, have the same."""
    return Drawn(PROBLEMS[problem], key, count)
