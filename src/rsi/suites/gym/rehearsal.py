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

__all__ = ["Rehearsal", "rehearsal_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One problem's practice instances, in the kernel, which scores what programs do on them.

    Attributes:
        question: what the improver sees.
        problem: of what family it is.
        instances: what its candidates are run on; no hidden instance is among them.
        ground: what the evaluator is told once: the problem and its instances, as texts, so that no program can change one for the next.
    """

    question: dict[str, Json]
    problem: Problem
    instances: Sequence[Json]
    ground: Json

    def scores(self, indices: Sequence[int], transcripts: Json) -> list[float | None]:
        """The score from 0 to 1 of each transcript of a program on some instances; None where it is no valid answer."""
        if not isinstance(transcripts, list) or len(transcripts) != len(indices):
            return [None] * len(indices)
        return [score(self.problem, self.instances[index], found) for index, found in zip(indices, transcripts, strict=True)]


def rehearsal_of(question: dict[str, Json], problem: Problem, key: str, count: int) -> Rehearsal:
    """A question's practice instances, which follow from a secret key alone."""
    instances, texts = _drawn(problem.name, key, count)
    return Rehearsal(question=question, problem=problem, instances=instances, ground={"problem": problem.name, "instances": list(texts)})


@lru_cache(maxsize=64)
def _drawn(problem: str, key: str, count: int) -> tuple[Sequence[Json], Sequence[str]]:
    """Instances and their texts: both sides of a pair, and every question of a tournament, have the same."""
    rng = random.Random(number_of("gym", "practice", key))
    instances = [instance_of(PROBLEMS[problem], rng) for _ in range(count)]
    return instances, [json.dumps(instance, separators=(",", ":")) for instance in instances]
