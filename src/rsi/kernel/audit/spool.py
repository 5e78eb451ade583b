"""Results that are finished but not yet due: kept on disk so that a killed run need not pay for them again."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import IntegrityError, MessageError
from rsi.core.records import Json
from rsi.kernel.audit.appendfile import AppendFile, Write

__all__ = ["Spool", "Spooled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A finished result and what it took in seconds (outside every decision)."""

    value: Json
    clock: Json


class Spool:
    """Results by key in an append-only file, each line with its own SHA-256; values stay on disk until they are asked for.

    Covers: `kill -9` and full disk while a line was written (the last line is dropped). Does not cover: a forger, who can write a
    fitting checksum; what counts is the log.
    """

    def __init__(self, path: Path, *, write: Write = os.write) -> None:
        """Open or create the spool and drop a last line that was not finished.

        Raises:
            UserError: the file cannot be opened for writing.
            IntegrityError: a line before the last is broken.
        """
        self._path = path
        self._file = AppendFile(path, write=write)
        self._places: dict[str, tuple[int, int]] = {}
        self._scan()

    def put(self, key: str, value: Json, clock: Json = None) -> None:
        """Keep the result of `key`; a later result of the same key replaces it.

        Raises:
            InfrastructureError: it could not be written; the spool is as before.
            MessageError: value or clock is not plain data.
        """
        try:
            body = canonical({"clock": clock, "key": key, "value": value})
        except (ValueError, TypeError, RecursionError) as error:
            raise MessageError(f"result of {key!r} is not plain data: {error}") from None
        line = sha256_hex(body).encode() + b" " + body + b"\n"
        self._places[key] = (self._file.append(line), len(line))

    def get(self, key: str) -> Spooled | None:
        """The result of `key`, None if there is none.

        Raises:
            IntegrityError: its line was changed since it was written.
        """
        place = self._places.get(key)
        if place is None:
            return None
        data = _parse(self._file.read(*place))
        if data is None or data["key"] != key:
            raise IntegrityError(f"result {key!r} in {self._path} was changed after it was written")
        return Spooled(value=data["value"], clock=data["clock"])

    def keys(self) -> tuple[str, ...]:
        """Keys of all results, oldest first."""
        return tuple(self._places)

    def clear(self) -> None:
        """Forget everything: all results are in the log now.

        Raises:
            InfrastructureError: the file system refuses.
        """
        self._file.truncate(0)
        self._places.clear()

    def close(self) -> None:
        """Give the file back; what was put stays."""
        self._file.close()

    def _scan(self) -> None:
        offset = 0
        with self._path.open("rb") as handle:
            lines = list(handle)
        for number, line in enumerate(lines):
            data = _parse(line)
            if data is not None:
                self._places[str(data["key"])] = (offset, len(line))
            elif number == len(lines) - 1:
                self._file.truncate(offset)
            else:
                raise IntegrityError(f"line {number + 1} of {self._path} is broken; delete the file to run its jobs again")
            offset += len(line)


def _parse(line: bytes) -> dict[str, Json] | None:
    """The record in a line, None if the line is not whole."""
    checksum, body = line[:64], line[65:-1]
    if not line.endswith(b"\n") or line[64:65] != b" " or sha256_hex(body).encode() != checksum:
        return None
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and set(data) == {"clock", "key", "value"} else None
