"""The practice instances of one question: what an improver's candidates are run on before it answers."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from rsi.core.records import Json
from rsi.suites.gym.problem import Problem, score
from rsi.suites.seeds import number_of

__all__ = ["Rehearsal", "job", "rehearsal_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One problem's practice instances, in the kernel: jobs for the evaluator go out, scores come back.

    Attributes:
        question: what the improver sees.
        problem: of what family it is.
        instances: what its candidates are run on; no hidden instance is among them.
    """

    question: dict[str, Json]
    problem: Problem
    instances: Sequence[Json]

    def job(self, source: str, indices: Sequence[int]) -> Json:
        """A job for the guest's `serve` or `run`: a program on some instances (IndexError: there is no such instance)."""
        if any(not 0 <= index < len(self.instances) for index in indices):
            raise IndexError(f"instances are numbered from 0 to {len(self.instances) - 1}")
        return job(self.problem, source, [self.instances[index] for index in indices])

    def scores(self, indices: Sequence[int], transcripts: Json) -> list[float | None]:
        """The score from 0 to 1 of each transcript of such a job; None where it is no valid answer."""
        if not isinstance(transcripts, list) or len(transcripts) != len(indices):
            return [None] * len(indices)
        return [score(self.problem, self.instances[index], found) for index, found in zip(indices, transcripts, strict=True)]


def job(problem: Problem, source: str, instances: Sequence[Json]) -> Json:
    """What the evaluator runs: one program on some instances."""
    return {"problem": problem.name, "source": source, "instances": list(instances)}


def rehearsal_of(question: dict[str, Json], problem: Problem, key: str, count: int) -> Rehearsal:
    """A question's practice instances, which follow from a secret key alone."""
    rng = random.Random(number_of("gym", "practice", key))
    return Rehearsal(question=question, problem=problem, instances=[problem.draw(rng) for _ in range(count)])
