"""Answers an improver's questions about programs, and counts what they cost: its own count is never believed.

Covers: questions of any shape, instances that there are not, more than is left (nothing is run then), repeated questions (they cost again).
Does not cover: how programs are run; see `Ground`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rsi.core.records import Json

__all__ = ["Meter", "Run"]

Run = Callable[[str, Sequence[int]], Sequence[float | None]]
"""Runs a source on practice instances: a score in [0, 1] for each, None where it gave no valid answer."""

_MOST_SOURCE = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    source: str
    instances: tuple[int, ...]


class Meter:
    """The `ask` of one episode with one problem.

    The curve of best gains is in means over all practice instances. A program that was run on some of them only counts as the start on
    the others: who looks at few instances can claim only few.
    """

    def __init__(self, run: Run, start: Sequence[float], budget: int) -> None:
        """Nothing is used yet.

        Args:
            run: runs programs.
            start: score of the start on each practice instance.
            budget: evaluations: programs times instances.
        """
        self._run, self._start = run, start
        self.left = budget
        self.used = 0
        self.curve: list[tuple[int, float]] = []
        self._seen: dict[str, dict[int, float]] = {}
        self._best = 0.0

    def __call__(self, question: Json) -> Json:
        """The reply to one question: `{"scores", "left"}`, or `{"error", "left"}` where nothing was run."""
        asked = self._read(question)
        if isinstance(asked, str):
            return {"error": asked, "left": self.left}
        if len(asked.instances) > self.left:
            return {"error": f"{len(asked.instances)} evaluations were asked for", "left": self.left}
        scores = list(self._run(asked.source, asked.instances))
        self.left -= len(scores)
        self.used += len(scores)
        self._note(asked, scores)
        return {"scores": list[Json](scores), "left": self.left}

    def _read(self, question: Json) -> _Asked | str:
        if not isinstance(question, Mapping) or set(question) != {"problem", "source", "instances"}:
            return "a question has problem, source and instances"
        source, instances = question["source"], question["instances"]
        if question["problem"] != 0 or isinstance(question["problem"], bool):
            return "there is one problem, number 0"
        if not isinstance(source, str) or len(source) > _MOST_SOURCE:
            return f"source is a text of at most {_MOST_SOURCE} characters"
        if not isinstance(instances, list) or not instances:
            return "instances is a list of numbers"
        numbers = tuple(number for number in instances if type(number) is int and 0 <= number < len(self._start))
        if len(numbers) != len(instances):
            return f"instances have the numbers 0 to {len(self._start) - 1}"
        return _Asked(source=source, instances=numbers)

    def _note(self, asked: _Asked, scores: Sequence[float | None]) -> None:
        known = self._seen.setdefault(asked.source, {})
        known.update((i, 0.0 if score is None else score) for i, score in zip(asked.instances, scores, strict=True))
        gain = sum(known[i] - self._start[i] for i in sorted(known)) / len(self._start)
        if gain > self._best + 1e-12:
            self._best = gain
            self.curve.append((self.used, gain))
