"""A run drawn in the terminal as it goes: the picture of `rsi.cli.view.picture`, four times a second."""

import threading
from collections import deque
from collections.abc import Callable

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live

from rsi.cli.view.picture import Note, Picture
from rsi.cli.view.plain import tell
from rsi.cli.view.state import RunState
from rsi.core.protocols import Entry

__all__ = ["LiveView", "seconds_left"]

_LATEST = 6
_WARM_UP_S = 3.0


class LiveView:
    """Keeps a picture of the run up to date in a terminal.

    Args:
        console: the terminal.
        now: a monotonic clock in seconds.

    Attributes:
        state: the run after the entries seen so far.
    """

    def __init__(self, console: Console, now: Callable[[], float]) -> None:
        """Nothing is drawn before the view is entered."""
        self.state = RunState()
        self._notes: deque[Note] = deque(maxlen=_LATEST)
        self._now = now
        self._began = now()
        self._before = 0
        self._guard = threading.Lock()
        self._live = Live(self, console=console, refresh_per_second=4)

    def observe(self, entry: Entry) -> None:
        """Take one entry."""
        with self._guard:
            self.state.take(entry)
            line, progress = tell(self.state, entry), self.state.progress
            if progress is None:
                return
            if line is not None:
                self._notes.append(Note(seconds=progress.costs.wall_s, text=line))
            if entry.kind in ("run.started", "run.resumed"):
                self._began, self._before = self._now(), progress.costs.programs

    def __enter__(self) -> "LiveView":
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last picture in the terminal."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw as it stands now; entries that come meanwhile wait."""
        with self._guard:
            left = seconds_left(self.state, self._now() - self._began, self._before)
            picture = Picture(state=self.state, notes=tuple(self._notes), left=left)
            segments = list(console.render(picture, options))
        yield from segments


def seconds_left(state: RunState, since: float, before: int) -> float | None:
    """Seconds until the budget is spent at the pace of this process; None while nothing can be said.

    Args:
        since: seconds since this process took the run up.
        before: programs that had been spent by then.
    """
    progress = state.progress
    if progress is None or progress.ended or progress.costs.budget is None:
        return None
    spent = progress.costs.programs - before
    if spent <= 0 or since < _WARM_UP_S:
        return None
    return max(0.0, (progress.costs.budget - progress.costs.programs) * since / spent)
