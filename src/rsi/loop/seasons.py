"""Seasons of the judge's cases: what is promised when one begins, and what is revealed when it is over.

Covers: the commitment to a season's secret seed stands in the log before the first trial on one of its cases; the seed is revealed when
all trials on them are in and none can follow. Does not cover: whoever reads the log while a season goes on knows the run's seed and salt.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from rsi.core.records import Json
from rsi.kernel.workspace import Scanner
from rsi.loop.desk import Ticket
from rsi.suites import commitment, season_seed

__all__ = ["Seasons"]


@dataclass(slots=True, kw_only=True)
class _Season:
    number: int
    rounds: int = 0
    tickets: list[Ticket] = field(default_factory=list)


class Seasons:
    """Opens and closes seasons as blocks of judge cases are placed.

    Args:
        length: cases per season.
        secret: the secret seed of the judge's pool, in decimal digits; each season's follows from it.
        emit: writes an event.
        scanner: gets to know each season's seed, so that no tree may hold it.
    """

    def __init__(self, length: int, secret: str, emit: Callable[[str, Json], None], scanner: Scanner) -> None:
        self._length = length
        self._secret = int(secret)
        self._emit = emit
        self._scanner = scanner
        self._open: list[_Season] = []
        self._next = 0
        self.ended = 0
        """How many seasons are over."""

    def enter(self, first: int, count: int) -> None:
        """Judge cases `first` … `first + count − 1` are about to be used: seasons begin, and older ones that are over end."""
        last = (first + count - 1) // self._length
        while self._next <= last:
            self._begin()
        for season in [one for one in self._open if one.number < first // self._length]:
            if not season.rounds and all(ticket.is_settled for ticket in season.tickets):
                self._end(season)

    def hold(self, first: int, count: int) -> None:
        """A round on these cases has been drawn and will be placed: their seasons are not over before it is released."""
        self.enter(first, count)
        for season in self._of(first, count):
            season.rounds += 1

    def release(self, first: int, count: int) -> None:
        """The round is over, and all that follows from it was placed."""
        for season in self._of(first, count):
            season.rounds -= 1

    def _of(self, first: int, count: int) -> list[_Season]:
        return [one for one in self._open if first // self._length <= one.number <= (first + count - 1) // self._length]

    def follow(self, ticket: Ticket, first: int, count: int) -> None:
        """The seasons of these cases are not over before this order is settled."""
        for season in self._of(first, count):
            season.tickets.append(ticket)

    def close(self) -> None:
        """The run ends, and with it every season."""
        for season in list(self._open):
            self._end(season)

    def _begin(self) -> None:
        seed = season_seed(self._secret, self._next)
        self._scanner.learn_seed(f"judge (season {self._next})", str(seed))
        promise = commitment(seed)
        self._emit(
            "season.opened", {"season": self._next, "first": self._next * self._length, "cases": self._length, "commitment": promise}
        )
        self._open.append(_Season(number=self._next))
        self._next += 1

    def _end(self, season: _Season) -> None:
        self._open.remove(season)
        self.ended += 1
        self._emit("season.closed", {"season": season.number, "seed": str(season_seed(self._secret, season.number))})
