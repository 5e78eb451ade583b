"""How often outsiders may try changes on practice cases: a budget for the whole run, and a rate, both kept in `RUN/inbox/usage.json`.

Covers: several servers on one run (a lock on the file), `kill -9` (a try is paid before it is made), a clock that goes back.
Does not cover: the run's own budget. Tries from outside are made on this machine beside the run and are counted here, not there.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rsi.bridges.inbox import FOLDER
from rsi.core.codec import canonical, loads
from rsi.core.errors import MessageError, UserError
from rsi.core.records import Json

__all__ = ["FILE", "Allowance", "Usage", "tried_by"]

FILE = "usage.json"
"""Below the inbox of a run."""
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many practice cases outsiders may have run: in all, and within a minute."""

    cases: int
    per_minute: int


class Usage:
    """Counts cases that were run for outsiders.

    Args:
        run: folder of the run.
        by: who asks.
        now: seconds since 1970.
    """

    def __init__(self, run: Path, by: str, allowance: Allowance, now: Callable[[], float]) -> None:
        self._folder, self._by, self._allowance, self._now = run / FOLDER, by, allowance, now

    @property
    def left(self) -> int:
        """How many cases may still be run."""
        with self._open() as data:
            return max(0, self._allowance.cases - sum(_counts(data).values()))

    def take(self, cases: int) -> str | None:
        """Pay for so many cases; why that is refused, None if it is paid.

        Raises:
            UserError: the folder cannot be written.
        """
        with self._open() as data:
            counts, recent = _counts(data), _recent(data, self._now())
            left = self._allowance.cases - sum(counts.values())
            if cases > left:
                return (
                    f"the budget of practice cases is used up: {max(0, left)} of {self._allowance.cases} are left, {cases} were asked for"
                )
            if len(recent) + cases > self._allowance.per_minute:
                return f"at most {self._allowance.per_minute} cases a minute; wait a little, or ask for fewer at once"
            counts[self._by] = counts.get(self._by, 0) + cases
            told: dict[str, Json] = {name: counts[name] for name in sorted(counts)}
            times: list[Json] = [*recent, *[round(self._now(), 3)] * cases]
            data.clear()
            data.update({"cases": told, "recent": times})
        return None

    @contextmanager
    def _open(self) -> Iterator[dict[str, Json]]:
        """What the file says, under a lock; what it says afterwards is written if it changed."""
        try:
            self._folder.mkdir(exist_ok=True)
            lock = os.open(self._folder / "usage.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UserError(f"cannot write in {self._folder}: {error.strerror}; make the folder writable") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._read()
            data = dict(before)
            yield data
            if data != before:
                draft = self._folder / f"{FILE}.new"
                draft.write_bytes(canonical(data) + b"\n")
                os.replace(draft, self._folder / FILE)
        finally:
            os.close(lock)

    def _read(self) -> dict[str, Json]:
        try:
            data = loads((self._folder / FILE).read_bytes())
        except FileNotFoundError:
            return {}
        except MessageError:
            raise UserError(f"{self._folder / FILE} is damaged; delete it to begin counting anew") from None
        return data if isinstance(data, dict) else {}


def tried_by(run: Path) -> dict[str, int]:
    """Practice cases that were run for each outsider of a run; none where nobody asked, or the file is damaged."""
    try:
        data = loads((run / FOLDER / FILE).read_bytes())
    except (OSError, MessageError):
        return {}
    return _counts(data) if isinstance(data, dict) else {}


def _counts(data: dict[str, Json]) -> dict[str, int]:
    counts = data.get("cases")
    return {name: count for name, count in counts.items() if isinstance(count, int)} if isinstance(counts, dict) else {}


def _recent(data: dict[str, Json], now: float) -> list[float]:
    times = data.get("recent")
    listed = [float(time) for time in times if isinstance(time, int | float)] if isinstance(times, list) else []
    return [time for time in listed if now - _MINUTE_S < time <= now]
