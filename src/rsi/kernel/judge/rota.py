"""Which case a race plays next: fresh ones at a steady rate, each a limited number of times and never twice in quick succession.

A case that was played before is known better, so that its score tells more about the edits; but edits that are only tried on a few
cases are only known on those. A window of cases, out of which the oldest leaves after its share of uses, is between the two.
"""

import random
from collections import deque

__all__ = ["CaseRota"]


class CaseRota:
    """Draws case numbers 0, 1, 2 … so that about `uses` trials fall on each and `window` cases are in play at any time.

    Args:
        rng: decides which case of the window comes next.
        window: number of cases in play.
        uses: trials per case over its whole life, on average; 1 plays each case once.
    """

    __slots__ = ("_entered", "_owed", "_rng", "_uses", "_window")

    def __init__(self, rng: random.Random, *, window: int = 400, uses: float = 10.0) -> None:
        if window < 1 or uses < 1:
            raise ValueError(f"window {window!r} and uses {uses!r} must be at least 1")
        self._rng = rng
        self._window = deque(range(window))
        self._uses = uses
        self._entered = window
        self._owed = 0.0

    def draw(self) -> int:
        """The number of the next case."""
        case = self._window[int(self._rng.random() * len(self._window))]
        self._owed += 1.0 / self._uses
        if self._owed >= 1.0:
            self._owed -= 1.0
            self._window.popleft()
            self._window.append(self._entered)
            self._entered += 1
        return case
