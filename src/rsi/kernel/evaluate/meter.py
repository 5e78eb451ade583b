"""Answers an improver's questions about programs, and counts what they cost: its own count is never believed.

Covers: questions of any shape, problems and instances that there are not, more than is left (nothing is run then), repeated questions (they
cost again).
Does not cover: how programs are run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rsi.core.records import Json

__all__ = ["Asked", "Meter", "Note", "Run", "Scores"]

_MOST_SOURCE = 200_000
_FORMS = ({"problem", "sources", "instances"}, {"problem", "source", "instances"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question that makes sense: programs of one problem, each on the same of its practice instances."""

    problem: int
    sources: tuple[str, ...]
    instances: tuple[int, ...]

    @property
    def evaluations(self) -> int:
        """What it costs."""
        return len(self.sources) * len(self.instances)


Scores = Sequence[float | None]
"""Of a program: in [0, 1] for each instance, None where it gave no valid answer."""
Run = Callable[[Asked], Sequence[Scores]]
"""Runs programs: the scores of each."""
Note = Callable[[str, Sequence[int], Scores, int], None]
"""Told of every program that was run: its source, the instances, its scores, and how many evaluations are used by then."""


def _pass_over(source: str, instances: Sequence[int], scores: Scores, used: int) -> None:
    pass


class Meter:
    """The `ask` of one call: `{"problem", "sources": [text…], "instances"}` → `{"scores": [[…]…], "left"}`, a row for each program.

    For one program there is a shorter form: `{"problem", "source", "instances"}` → `{"scores": […], "left"}`. Where nothing was run the
    reply is `{"error", "left"}`.
    """

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
        if asked.evaluations > self.left:
            return {"error": f"{asked.evaluations} evaluations were asked for", "left": self.left}
        found = self._run(asked)
        self.left -= asked.evaluations
        for source, scores in zip(asked.sources, found, strict=True):
            self.used += len(asked.instances)
            self._note(source, asked.instances, scores, self.used)
        rows: list[Json] = [list[Json](scores) for scores in found]
        return {"scores": rows if isinstance(question, Mapping) and "sources" in question else rows[0], "left": self.left}

    def _read(self, question: Json) -> Asked | str:
        if not isinstance(question, Mapping) or set(question) not in _FORMS:
            return "a question has problem, sources (or one source) and instances"
        problem, instances = question["problem"], question["instances"]
        if type(problem) is not int or not 0 <= problem < len(self._instances):
            return f"problems have the numbers 0 to {len(self._instances) - 1}"
        given = question["sources"] if "sources" in question else [question["source"]]
        if not isinstance(given, list) or not given:
            return "sources is a list of programs"
        sources = tuple(source for source in given if isinstance(source, str) and len(source) <= _MOST_SOURCE)
        if len(sources) != len(given):
            return f"a source is a text of at most {_MOST_SOURCE} characters"
        if not isinstance(instances, list) or not instances:
            return "instances is a list of numbers"
        numbers = tuple(number for number in instances if type(number) is int and 0 <= number < self._instances[problem])
        if len(numbers) != len(instances):
            return f"instances have the numbers 0 to {self._instances[problem] - 1}"
        return Asked(problem=problem, sources=sources, instances=numbers)
