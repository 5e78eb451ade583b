"""Reading fields of log entries strictly: what is not as the table of events says is named with its entry."""

from typing import TypeVar

from rsi.core.codec import decode
from rsi.core.errors import IntegrityError, MessageError
from rsi.core.protocols import Entry
from rsi.core.records import Json

__all__ = ["beside", "number", "seconds", "take"]

T = TypeVar("T")


def take(entry: Entry, name: str, kind: type[T] | object) -> T:
    """Field `name` of an entry's body as `kind` (anything that `decode` knows).

    Raises:
        IntegrityError: the entry has no such field or another type of it.
    """
    if not isinstance(entry.body, dict) or name not in entry.body:
        raise IntegrityError(f"entry {entry.seq} ({entry.kind}) has no field {name!r}")
    try:
        found: T = decode(kind, entry.body[name])
    except MessageError as error:
        raise IntegrityError(f"entry {entry.seq} ({entry.kind}), field {name!r}: {error}") from None
    return found


def beside(entry: Entry, name: str, kind: type[T] | object) -> T | None:
    """Field `name` of an entry's clock part as `kind`; None where there is none, as in logs from before it was written.

    Raises:
        IntegrityError: it has another type.
    """
    found = entry.clock.get(name) if isinstance(entry.clock, dict) else None
    try:
        value: T | None = None if found is None else decode(kind, found)
    except MessageError as error:
        raise IntegrityError(f"entry {entry.seq} ({entry.kind}), clock field {name!r}: {error}") from None
    return value


def number(data: Json, *path: str) -> int | None:
    """A whole number deep inside plain data, or None where there is none."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data if type(data) is int else None


def seconds(entry: Entry, name: str) -> float | None:
    """A clock field of an entry, or None."""
    value = entry.clock.get(name) if isinstance(entry.clock, dict) else None
    return float(value) if isinstance(value, int | float) else None
