"""Putting changes from outside where the loop of a run finds them: one JSON file each below `RUN/inbox`, named by its content.

`rsi.loop.inbox` says what a file holds, and reads it. A file whose name does not end in `.json` is a draft.

Covers: `kill -9` while a file is written (it is there as a whole or not at all), the same change handed in twice (one file).
Does not cover: whoever can write in the folder of a run can put anything into it. The reader checks every field, and a change from here
goes the same way as any other: oversight, the scanner for secrets, the race.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import UserError
from rsi.core.records import CandidateId, FileEdit, Json, Prediction, Surface

__all__ = ["FOLDER", "MOST_WAITING", "Submission", "author", "identity", "put"]

FOLDER = "inbox"
"""Below the folder of a run."""
MOST_WAITING = 1_000
"""How many changes may wait in one inbox."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,39}\Z")


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
