"""Answers an improver's questions about programs, and counts what they cost: its own count is never believed.

Covers: questions of any shape, problems and instances that there are not, more than is left (nothing is run then), repeated questions (they
cost again).
Does not cover: how programs are run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rsi.core.records import Json

__all__ = ["Asked", "Meter", "Note", "Run"]

_MOST_SOURCE = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question that makes sense: a program of one problem on some of its practice instances."""

    problem: int
    source: str
    instances: tuple[int, ...]


Run = Callable[[Asked], Sequence[float | None]]
"""Runs a program: a score in [0, 1] for each instance, None where it gave no valid answer."""
Note = Callable[[Asked, Sequence[float | None], int], None]
"""Told of every question that was answered: the scores, and how many evaluations are used by now."""


def _pass_over(asked: Asked, scores: Sequence[float | None], used: int) -> None:
    pass


class Meter:
    """The `ask` of one call: `{"problem", "source", "instances"}` → `{"scores", "left"}`, or `{"error", "left"}` where nothing was run."""

    def __init__(self, run: Run, instances: Sequence[int], budget: int, note: Note = _pass_over) -> None:
        """Nothing is used yet.

        Args:
            run: runs programs.
            instances: how many practice instances each problem has.
            budget: evaluations: programs times instances.
            note: told of what was answered.
        """
        self._run, self._instances, self._note = run, instances, note
        self.left = budget
        self.used = 0

    def __call__(self, question: Json) -> Json:
        """The reply to one question."""
        asked = self._read(question)
        if isinstance(asked, str):
            return {"error": asked, "left": self.left}
        if len(asked.instances) > self.left:
            return {"error": f"{len(asked.instances)} evaluations were asked for", "left": self.left}
        scores = list(self._run(asked))
        self.left -= len(scores)
        self.used += len(scores)
        self._note(asked, scores, self.used)
        return {"scores": list[Json](scores), "left": self.left}

    def _read(self, question: Json) -> Asked | str:
        if not isinstance(question, Mapping) or set(question) != {"problem", "source", "instances"}:
            return "a question has problem, source and instances"
        problem, source, instances = question["problem"], question["source"], question["instances"]
        if type(problem) is not int or not 0 <= problem < len(self._instances):
            return f"problems have the numbers 0 to {len(self._instances) - 1}"
        if not isinstance(source, str) or len(source) > _MOST_SOURCE:
            return f"source is a text of at most {_MOST_SOURCE} characters"
        if not isinstance(instances, list) or not instances:
            return "instances is a list of numbers"
        numbers = tuple(number for number in instances if type(number) is int and 0 <= number < self._instances[problem])
        if len(numbers) != len(instances):
            return f"instances have the numbers 0 to {self._instances[problem] - 1}"
        return Asked(problem=problem, source=source, instances=numbers)
