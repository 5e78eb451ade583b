"""The heartbeat of the process that judges: who stops it leaves a gap that nobody can take back.

Covers: a judge that was stopped by a signal or a tracer and let go on, at any time of a run.
Does not cover: who did it, and why; a busy machine leaves gaps of up to a second or so as well.
"""

import threading
from collections.abc import Callable
from types import TracebackType

__all__ = ["Heartbeat"]

_BEAT_S = 0.25


class Heartbeat:
    """Beats in a thread of its own for as long as its block lasts, and remembers its longest gap."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Beat by this clock (seconds; it goes on while the process stands still)."""
        self._now = now
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.standstill_s = 0.0

    def __enter__(self) -> "Heartbeat":
        """Begin to beat."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        last = self._now()
        while not self._ended.wait(_BEAT_S):
            now = self._now()
            self.standstill_s = max(self.standstill_s, now - last - _BEAT_S)
            last = now
