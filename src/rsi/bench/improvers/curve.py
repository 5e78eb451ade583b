"""The best gain so far of one episode, as the kernel saw it while it answered the improver's questions."""

from collections.abc import Sequence

from rsi.kernel.evaluate import Scores

__all__ = ["Curve"]


class Curve:
    """(evaluations used, best gain so far) at each rise; a note-taker of a `Meter` with one problem.

    Gains are in means over all practice instances. A program that was run on some of them only counts as the start on the others: who
    looks at few instances can claim only few.
    """

    def __init__(self, start: Sequence[float]) -> None:
        """Begin with the score of the start on each practice instance."""
        self._start = start
        self.points: list[tuple[int, float]] = []
        self._seen: dict[str, dict[int, float]] = {}
        self._best = 0.0

    def __call__(self, source: str, instances: Sequence[int], scores: Scores, used: int) -> None:
        """Take in what a program came to."""
        known = self._seen.setdefault(source, {})
        known.update((i, 0.0 if score is None else score) for i, score in zip(instances, scores, strict=True))
        gain = sum(known[i] - self._start[i] for i in sorted(known)) / len(self._start)
        if gain > self._best + 1e-12:
            self._best = gain
            self.points.append((used, gain))
