"""Changes that somebody hands in from outside, a person or a coding agent: taken in at the start of a pass, judged in the same race.

Below `RUN/inbox` each lies in a file of its own, `ID.json`: one object in canonical form,

    {"id", "by": "hand:ada", "base": candidate, "surface", "limitation": null, "reason", "edits": [{"path", "before", "after"}…],
     "prediction": null or {"p_better", "low", "high", …}}

where `id` is the SHA-256 (hex) of the canonical form of the object without it. What was taken in stands in the log (`inbox.read`) and by
its content in the archive; from there a resumed or verified run has it, whatever lies in the folder by then.

Covers: files of any content (those that are no such object are passed over), the same change handed in twice (taken in once), a folder that
is not there. Does not cover: who wrote a file; `by` is the writer's own word.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rsi.core.codec import canonical, loads, sha256_hex
from rsi.core.errors import IntegrityError, MessageError
from rsi.core.protocols import Archive
from rsi.core.records import Json

__all__ = ["FOLDER", "Arrival", "Inbox", "read"]

FOLDER = "inbox"
"""Below the folder of a run."""
_KEYS = frozenset({"id", "by", "base", "surface", "limitation", "reason", "edits", "prediction"})
_BY = re.compile(r"(hand|mcp):[A-Za-z0-9][A-Za-z0-9_.\-]{0,39}\Z")
_NAME = re.compile(r"[0-9a-f]{64}\Z")
_LARGEST_BYTES = 32_000_000
_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One change from outside, as it was handed in: its shape is checked, what it says is not.

    Attributes:
        id: names it by its content.
        by: `hand:NAME` or `mcp:NAME`.
        content: the whole object.
    """

    id: str
    by: str
    content: Mapping[str, Json]


class Inbox:
    """Where a run finds what was handed in.

    Args:
        folder: of the run; None where nothing new may come, since a run is only replayed.
        archive: has the contents of what was taken in before.
    """

    def __init__(self, folder: Path | None, archive: Archive) -> None:
        self._folder = folder
        self._archive = archive

    def new(self, known: Collection[str]) -> Sequence[Arrival]:
        """What lies in the folder and was not taken in before, by name."""
        return [] if self._folder is None else [arrival for arrival in read(self._folder) if arrival.id not in known]

    def recorded(self, body: Json) -> Sequence[Arrival]:
        """What an entry `inbox.read` names.

        Raises:
            IntegrityError: the archive does not have it, or it is no such object.
        """
        items = body.get("items") if isinstance(body, dict) else None
        return [self._arrival(item) for item in items] if isinstance(items, list) else []

    def _arrival(self, item: Json) -> Arrival:
        blob = str(item.get("content")) if isinstance(item, dict) else ""
        try:
            return _checked(self._archive.blob(blob), None)
        except MessageError as error:
            raise IntegrityError(f"{blob} in the archive is no change from outside: {error}") from None


def read(folder: Path) -> Sequence[Arrival]:
    """What lies in the inbox of the run in `folder`, by name, at most a thousand; files that are not as they should be are passed over."""
    found: list[Arrival] = []
    for path in sorted((folder / FOLDER).glob("*.json"))[:_MOST]:
        with suppress(MessageError, OSError):
            if _NAME.match(path.stem) and path.stat().st_size <= _LARGEST_BYTES:
                found.append(_checked(path.read_bytes(), path.stem))
    return found


def _checked(raw: bytes, name: str | None) -> Arrival:
    data = loads(raw, max_bytes=_LARGEST_BYTES)
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise MessageError("not an object with the keys of a change")
    identity = sha256_hex(canonical({key: value for key, value in data.items() if key != "id"}))
    if data["id"] != identity or name not in (None, identity):
        raise MessageError("not the content that its name says")
    by = data["by"]
    if not isinstance(by, str) or not _BY.match(by):
        raise MessageError("not said by whom")
    return Arrival(id=identity, by=by, content=data)
