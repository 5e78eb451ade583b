"""Virtual time: in which order the results of a run are consumed, whatever the speed and the number of real workers.

A job's virtual duration is known before it starts (its budget in programs). It is laid on the earliest free of `n` virtual lanes, not
before the present, and comes due at its virtual end. Real workers only have to deliver a result before it is due, or be waited for.
"""

import heapq
from typing import Generic, TypeVar

__all__ = ["Lanes"]

T = TypeVar("T")


class Lanes(Generic[T]):
    """A discrete-event clock over `count` virtual workers; items come out in the order of (virtual end, order of start)."""

    def __init__(self, count: int) -> None:
        """All lanes free at virtual time 0."""
        if count < 1:
            raise ValueError(f"{count} lanes; at least one is needed")
        self.count = count
        self.now = 0
        self._free = [0] * count
        self._due: list[tuple[int, int, T]] = []
        self._started = 0

    @property
    def idle(self) -> int:
        """Lanes that are free at present."""
        return self.count - len(self._due)

    def start(self, item: T, duration: int) -> int:
        """Lay an item on the earliest free lane and return its virtual end."""
        end = max(self.now, heapq.heappop(self._free)) + max(1, duration)
        heapq.heappush(self._free, end)
        heapq.heappush(self._due, (end, self._started, item))
        self._started += 1
        return end

    def peek(self) -> T | None:
        """The item that comes due next, or None if nothing is under way."""
        return self._due[0][2] if self._due else None

    def next(self) -> T:
        """Advance to the next virtual end and return what came due.

        Raises:
            IndexError: nothing is under way.
        """
        self.now, _, item = heapq.heappop(self._due)
        return item
