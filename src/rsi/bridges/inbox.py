"""Where changes from outside wait for the loop of a run: one JSON file each below `RUN/inbox`, named by its content.

A file `ID.json` holds one object, in canonical form (sorted keys, no spaces, UTF-8), and nothing else:

    {"id": "…", "by": "hand:ada", "base": "…", "surface": "code", "limitation": null, "reason": "…",
     "edits": [{"path": "a.py", "before": "…" or null, "after": "…" or null}…],
     "prediction": null or {"p_better": 0.6, "low": -0.01, "high": 0.05}}

`id` is the SHA-256 (hex) of the canonical form of the object without `id`. `base` names the candidate that the change was made for. `by`
is the road and a name: `hand:NAME` or `mcp:NAME`. A prediction that nobody made is null. A file whose name does not end in `.json` is a
draft.

Covers: `kill -9` while a file is written (it is there as a whole or not at all), the same change handed in twice (one file).
Does not cover: whoever can write in the folder of a run can put anything into it. The reader checks every field, and a change from here
goes the same way as any other: oversight, the scanner for secrets, the race.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rsi.core.codec import canonical, decode, loads, sha256_hex
from rsi.core.errors import MessageError, UserError
from rsi.core.records import CandidateId, FileEdit, Json, Prediction, Surface

__all__ = ["FOLDER", "MOST_WAITING", "Submission", "author", "identity", "put", "read"]

FOLDER = "inbox"
"""Below the folder of a run."""
MOST_WAITING = 1_000
"""How many changes may wait in one inbox."""
_LARGEST = 32_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,39}\Z")
_KEYS = {"id", "by", "base", "surface", "limitation", "reason", "edits", "prediction"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A change that somebody from outside hands in.

    Attributes:
        by: `hand:NAME` or `mcp:NAME`.
        base: the candidate that it was made for.
        prediction: what they expect of it; None where they did not say.
    """

    by: str
    base: CandidateId
    surface: Surface
    reason: str
    edits: tuple[FileEdit, ...]
    prediction: Prediction | None = None


def author(road: str, name: str) -> str:
    """How a log names somebody from outside: the road that a change came on, and a name.

    Raises:
        UserError: the name is not a plain word.
    """
    if not _NAME.match(name):
        raise UserError(f"the name {name[:80]!r} is not 1 to 40 letters, digits, `_`, `-` and `.`; give another one with --by NAME")
    return f"{road}:{name}"


def identity(submission: Submission) -> str:
    """The name of a change by its content."""
    return sha256_hex(canonical(_body(submission)))


def put(run: Path, submission: Submission) -> tuple[str, bool]:
    """Put a change into the inbox of a run: its name, and whether it was not there yet.

    Raises:
        UserError: too many wait already, or the folder cannot be written.
    """
    name, folder = identity(submission), run / FOLDER
    path = folder / f"{name}.json"
    try:
        folder.mkdir(exist_ok=True)
        if path.exists():
            return name, False
        if sum(1 for _ in folder.glob("*.json")) >= MOST_WAITING:
            raise UserError(f"{folder} holds {MOST_WAITING} changes already; wait until the run has taken them in")
        _write(path, canonical({"id": name, **_body(submission)}))
    except OSError as error:
        raise UserError(f"cannot write in {folder}: {error.strerror}; make room or the folder writable, then submit again") from None
    return name, True


def read(run: Path) -> Iterator[tuple[str, Submission]]:
    """What lies in the inbox of a run, by name; files that are not as they should be are passed over."""
    for path in sorted((run / FOLDER).glob("*.json")):
        with suppress(MessageError, OSError):
            yield path.stem, _read(path)


def _body(submission: Submission) -> dict[str, Json]:
    edits: list[Json] = [{"path": edit.path, "before": edit.before, "after": edit.after} for edit in submission.edits]
    guess = submission.prediction
    return {
        "by": submission.by,
        "base": submission.base,
        "surface": submission.surface.value,
        "limitation": None,
        "reason": submission.reason,
        "edits": edits,
        "prediction": None if guess is None else {"p_better": guess.p_better, "low": guess.low, "high": guess.high},
    }


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.stem}.{os.getpid()}.new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _read(path: Path) -> Submission:
    data = loads(path.read_bytes(), max_bytes=_LARGEST)
    if not isinstance(data, dict) or set(data) != _KEYS or data["limitation"] is not None:
        raise MessageError("not a change")
    guess = data["prediction"]
    prediction: Prediction | None = None if guess is None else decode(Prediction, guess)
    fields = {key: value for key, value in data.items() if key not in ("id", "limitation", "prediction")}
    bare: Submission = decode(Submission, fields)
    found = replace(bare, prediction=prediction)
    if path.stem != identity(found) or data["id"] != path.stem:
        raise MessageError("not the content that its name says")
    return found
