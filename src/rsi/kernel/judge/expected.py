"""What a case is expected to score before it is run: its own past over all arms, corrected for how far the level has risen since.

Any forecast that uses only the past leaves a race valid; a good one makes each trial tell more (a control variate).
"""

from collections.abc import Hashable

__all__ = ["Forecast"]

_MEMORY = 500.0
_START = 0.5


class Forecast:
    """Running mean of each case's scores relative to the general level at the time, with one imagined score at that level."""

    __slots__ = ("_cases", "_level", "_seen")

    def __init__(self) -> None:
        self._cases: dict[Hashable, tuple[int, float]] = {}
        self._level = _START
        self._seen = 0

    @property
    def level(self) -> float:
        """Mean score of about the last 500 trials."""
        return self._level

    def of(self, case: Hashable) -> float:
        """The expected score of a case, in [0, 1]."""
        uses, above = self._cases.get(case, (0, 0.0))
        return min(1.0, max(0.0, self._level + above / (uses + 1)))

    def add(self, case: Hashable, score: float) -> None:
        """Learn a score."""
        uses, above = self._cases.get(case, (0, 0.0))
        self._cases[case] = (uses + 1, above + score - self._level)
        self._seen += 1
        self._level += (score - self._level) / min(self._seen + 4.0, _MEMORY)
