"""The log as a script: what happened once must happen again, entry by entry, before anything new may happen."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from rsi.core.codec import canonical, decode, loads
from rsi.core.errors import Halted, IntegrityError
from rsi.core.protocols import Archive, Entry, EventLog
from rsi.core.records import Clock, Json, Outcome
from rsi.loop.orders import Done, Order

__all__ = ["EndOfLog", "Journal", "Replayed", "UNCOUNTED", "recorded_results"]

UNCOUNTED = "run.resumed"
"""The event that no decision reads and no digest covers."""
_SYNCED = {
    "verdict.given": 0.1,
    **dict.fromkeys(("incumbent.changed", "lineage.quarantined", "certificate.issued", "run.ended"), 0.0),
}
"""How many seconds ago the last time was at least, for an entry to be forced to the disk: many verdicts may be given in one of them."""
SYNC_EVERY_S = 2.0
MAX_RESULT_BYTES = 64_000_000
_NOTHING: Mapping[str, Json] = {}


class EndOfLog(Halted):
    """A replay without jails has reached the end of what was logged."""


class Journal:
    """Where the machine writes its events: compared with the past first, appended afterwards.

    Args:
        log: the log, or None to only compare.
        past: its entries so far.
        observer: sees each entry, old or new, in order.
        now: seconds of a monotonic clock and seconds since 1970; used for syncing and as clock fields.
        sync_objects: forces what entries name to the disk, before the entries themselves.
    """

    def __init__(
        self,
        log: EventLog | None,
        past: Sequence[Entry],
        observer: Callable[[Entry], None],
        now: Callable[[], tuple[float, float]] = lambda: (0.0, 0.0),
        sync_objects: Callable[[], None] = lambda: None,
    ) -> None:
        self._log = log
        self._past = past
        self._cursor = 0
        self._observer = observer
        self._now = now
        self._sync_objects = sync_objects
        self._synced = now()[0]

    @property
    def is_replaying(self) -> bool:
        """Whether entries of the past are still to come."""
        self._pass_uncounted()
        return self._cursor < len(self._past)

    @property
    def place(self) -> str:
        """Where the replay stands, for messages."""
        if not self.is_replaying:
            return "the end of the log"
        entry = self._past[self._cursor]
        return f"entry {entry.seq} ({entry.kind})"

    def upcoming(self, kind: str) -> Json | None:
        """The body of the next entry of the past if it is of this kind: what came in from outside at this place; None if nothing did."""
        if not self.is_replaying or self._past[self._cursor].kind != kind:
            return None
        return self._past[self._cursor].body

    def emit(self, kind: str, body: Json, clock: Clock | None = None, beside: Mapping[str, Json] = _NOTHING) -> None:
        """Say that something happened.

        Args:
            beside: more for the entry's clock part: what differs from machine to machine, and no decision reads.

        Raises:
            IntegrityError: something else happened at this place of the log.
            InfrastructureError: it could not be written.
            EndOfLog: there is no log to append to.
        """
        if self.is_replaying:
            self._compare(kind, body)
        elif self._log is None:
            raise EndOfLog
        else:
            self._append(self._log, kind, body, clock, beside)

    def _compare(self, kind: str, body: Json) -> None:
        entry = self._past[self._cursor]
        if entry.kind != kind or canonical(entry.body) != canonical(body):
            what = "its body differs from" if entry.kind == kind else f"`{kind}` is"
            raise IntegrityError(f"entry {entry.seq} ({entry.kind}) does not follow from the entries before it: {what} what they lead to")
        self._cursor += 1
        self._observer(entry)

    def _append(self, log: EventLog, kind: str, body: Json, clock: Clock | None, beside: Mapping[str, Json]) -> None:
        monotonic, since_1970 = self._now()
        times: dict[str, Json] = {"at": round(since_1970, 3), **beside}
        if clock is not None:
            times |= {"wall_s": round(clock.wall_s, 4), "cpu_s": round(clock.cpu_s, 4)}
        entry = log.append(kind, body, times)
        if monotonic - self._synced >= _SYNCED.get(kind, SYNC_EVERY_S):
            self._sync_objects()
            log.sync()
            self._synced = monotonic
        self._observer(entry)

    def _pass_uncounted(self) -> None:
        while self._cursor < len(self._past) and self._past[self._cursor].kind == UNCOUNTED:
            self._observer(self._past[self._cursor])
            self._cursor += 1


def recorded_results(entries: Sequence[Entry], archive: Archive) -> dict[str, Callable[[], Done]]:
    """Results of all jobs in a log, by job key, read from the archive only when asked for."""
    found: dict[str, Callable[[], Done]] = {}
    for entry in entries:
        if entry.kind in ("job.done", "trials.done") and isinstance(entry.body, dict):
            found[str(entry.body.get("job"))] = _reader(entry, entry.body, archive)
    return found


def _reader(entry: Entry, body: dict[str, Json], archive: Archive) -> Callable[[], Done]:
    def read() -> Done:
        clock = entry.clock if isinstance(entry.clock, dict) else {}
        seconds: Clock = decode(Clock, {name: clock.get(name, 0.0) for name in ("wall_s", "cpu_s")})
        programs: int = decode(int, body.get("programs"))
        asked = _content(archive, body.get("asked"))
        if entry.kind == "trials.done":
            rows = _rows(entry, body.get("trials"))
            return Done(outcome=Outcome.ANSWERED, reason="", programs=programs, value=rows, asked=asked, clock=seconds)
        outcome: Outcome = decode(Outcome, body.get("outcome"))
        value = _content(archive, body.get("result"))
        return Done(outcome=outcome, reason=str(body.get("reason")), programs=programs, value=value, asked=asked, clock=seconds)

    return read


def _content(archive: Archive, blob: Json) -> Json:
    return None if blob is None else loads(archive.blob(str(blob)), max_bytes=MAX_RESULT_BYTES)


def _rows(entry: Entry, rows: Json) -> Json:
    """The trials of an entry, if each has a case, a family and a score that a judge can take."""
    for row in rows if isinstance(rows, list) else [None]:
        score = row.get("score", "") if isinstance(row, dict) else ""
        if not isinstance(row, dict) or not {"case", "family"} <= row.keys() or not _is_score(score):
            raise IntegrityError(f"entry {entry.seq} ({entry.kind}) has a trial without a case, a family or a score from 0 to 1")
    return rows


def _is_score(score: Json) -> bool:
    return score is None or (isinstance(score, int | float) and 0 <= score <= 1)


class Replayed:
    """A floor on which nothing is carried out: results come from the log or not at all."""

    def __init__(self, results: dict[str, Callable[[], Done]], journal: Journal) -> None:
        self._results = results
        self._journal = journal

    def begin(self, order: Order) -> "Future[Done]":
        """The result that the log has, or a future that is never done."""
        future: Future[Done] = Future()
        if order.key in self._results:
            future.set_result(self._results[order.key]())
        return future

    def result(self, order: Order, future: "Future[Done]") -> Done:
        """The recorded result.

        Raises:
            EndOfLog: the log ends before this job came due.
            IntegrityError: the log goes on, but not with this job.
        """
        if future.done():
            return future.result()
        if self._journal.is_replaying:
            raise IntegrityError(f"{self._journal.place} does not follow from the entries before it: job {order.key} is due there")
        raise EndOfLog
