"""A gateway that says again what was recorded, offline, bit for bit."""

from collections.abc import Callable
from pathlib import Path

from rsi.core.errors import IntegrityError, UserError
from rsi.core.records import Json
from rsi.kernel.models.gateway import error
from rsi.kernel.models.ledger import NANO, Spent
from rsi.kernel.models.record import CALLS_FILE, Asked, Record
from rsi.kernel.models.redact import Redactor
from rsi.kernel.models.requests import read_request

__all__ = ["Replay"]


class Replay:
    """A `Gateway` over the record of another run: no process, no network, no key.

    Covers: the same jobs asking the same again, in any order among jobs.
    Does not cover: a run that asks something else; it ends at the first request that nobody made then.
    """

    def __init__(self, folder: Path, *, models: tuple[str, ...], max_tokens: int, redactor: Redactor | None = None) -> None:
        """Open a record.

        Args:
            folder: a run's folder, or the folder of its record.
            models: names of those that may be asked, as in the configuration.
            max_tokens: as in the configuration.
            redactor: as when it was recorded.

        Raises:
            UserError: there is no record.
            IntegrityError: it cannot be read.
        """
        places = [place for place in (folder / "models", folder) if (place / CALLS_FILE).is_file()]
        if not places:
            raise UserError(f"{folder}: has no record of calls to models (models/{CALLS_FILE}); name the folder of a run that asked some")
        self._record = Record(places[0])
        self._models, self._max_tokens, self._redactor = models, max_tokens, redactor or Redactor()
        self._spent = Spent()
        self._is_closed = False

    def begin(self, purpose: str) -> None:
        """A job starts, or starts again."""
        self._record.begin(purpose)

    def chat(self, body: Json, *, purpose: str) -> Json:
        """What was said to the same request of the same job.

        Raises:
            IntegrityError: it is not in the record; the message says which request of which job.
        """
        body = self._redactor.data(body)
        request = read_request(body, models=self._models, max_tokens=self._max_tokens)
        if isinstance(request, tuple):
            return error(*request)
        if self._is_closed:
            return error("no_model", "the gateway is closed")
        return self._told(body, purpose)

    def kept(self, body: Json, *, purpose: str, make: Callable[[], dict[str, Json]]) -> Json:
        """What was told then; nothing is made anew.

        Raises:
            IntegrityError: it is not in the record.
        """
        return self._told(self._redactor.data(body), purpose)

    def _told(self, body: Json, purpose: str) -> Json:
        asked = self._record.next(purpose, body)
        known = self._record.reply(asked)
        if known is None:
            raise IntegrityError(_missing(self._record, asked))
        reply, spent = known
        self._spent += spent
        return reply

    @property
    def left(self) -> Json:
        """What was left of the recorded run's budget after the replies that were told so far."""
        budget = self._record.budget
        calls, tokens, nano = budget if isinstance(budget, list) else [0, 0, 0]
        assert isinstance(calls, int) and isinstance(tokens, int) and isinstance(nano, int)
        left = Spent(calls=calls, tokens=tokens, nano=nano) - self._spent
        return {"calls_left": max(0, left.calls), "tokens_left": max(0, left.tokens), "dollars_left": max(0, left.nano) / NANO}

    def close(self) -> None:
        """Answer nothing any more."""
        self._is_closed = True


def _missing(record: Record, asked: Asked) -> str:
    times = f" for time number {asked.ordinal + 1}" if asked.ordinal else ""
    return (
        f"{record.folder}: the record of {len(record)} replies has none to request {asked.request[:12]}, made{times} by {asked.purpose!r}: "
        "this run does not ask what the recorded one asked (another agent, seed, configuration or version of rsi?)"
    )
