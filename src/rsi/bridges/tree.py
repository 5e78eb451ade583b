"""A work tree: the files of one version in a folder of their own, and what somebody made of them.

    DIR/BRIEF.md    what it is about, for who works in it
    DIR/work.json   which run and which version it belongs to
    DIR/tree/       the files

Covers: links, devices and files that are no text where they were changed, trees that are too large, names beginning with a dot and compiled
Python (left out, as in the folder of an agent). Does not cover: what the content does; it is only ever run in a jail.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsi.core.codec import canonical, loads, sha256_hex
from rsi.core.errors import MessageError, UserError
from rsi.core.protocols import Files
from rsi.core.records import CandidateId, FileEdit

__all__ = ["BRIEF", "TREE", "Work", "changes", "give_out", "lay_out", "look_at", "take_back"]

BRIEF = "BRIEF.md"
"""The first thing to read in a work tree."""
TREE = "tree"
"""Where its files are."""
_WORK = "work.json"
_MOST_FILES, _MOST_BYTES = 4_000, 32_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a work tree belongs to."""

    run: Path
    base: CandidateId


def give_out(folder: Path, work: Work, files: Files, brief: str) -> None:
    """Make a work tree.

    Raises:
        UserError: the folder is there and not empty, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(f"{folder} is not empty; give a folder that does not exist yet with --out")
        lay_out(folder / TREE, files)
        (folder / BRIEF).write_text(brief, "utf-8")
        (folder / _WORK).write_bytes(canonical({"run": str(work.run.resolve()), "base": work.base}) + b"\n")
    except OSError as error:
        raise UserError(f"cannot make a work tree in {folder}: {error.strerror}; choose another folder with --out") from None


def lay_out(folder: Path, files: Files) -> None:
    """Write files into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def look_at(folder: Path) -> Work:
    """What a work tree belongs to.

    Raises:
        UserError: there is no such folder, or it is no work tree (any more).
    """
    if not folder.is_dir():
        raise UserError(f"there is no work tree {folder}: it was deleted or never made; `rsi propose RUN --out {folder}` makes one")
    try:
        data = loads((folder / _WORK).read_bytes(), max_bytes=100_000)
    except (OSError, MessageError):
        data = None
    run, base = (data.get("run"), data.get("base")) if isinstance(data, dict) else (None, None)
    if not isinstance(run, str) or not isinstance(base, str):
        raise UserError(f"{folder} is no work tree: its {_WORK} is missing or damaged; `rsi propose RUN --out DIR` makes a new one")
    return Work(run=Path(run), base=CandidateId(base))


def take_back(folder: Path) -> Files:
    """The files of a tree as they are now, `folder` being the one that holds them.

    Raises:
        UserError: it is gone, holds what is no plain file, or is far too large.
    """
    if not folder.is_dir() or folder.is_symlink():
        raise UserError(f"the tree {folder} is gone; `rsi propose RUN --out DIR` makes a new one")
    found: dict[str, bytes] = {}
    size = 0
    try:
        for path, place in _files(folder, ""):
            size += place.stat().st_size
            if len(found) >= _MOST_FILES or size > _MOST_BYTES:
                raise UserError(f"{folder} holds more than {_MOST_FILES} files or {_MOST_BYTES} bytes; remove what does not belong to it")
            found[path] = place.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {error.filename or folder}: {error.strerror}; make it readable, then submit again") from None
    return dict(sorted(found.items()))


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__pycache__" or entry.name.endswith(".pyc"):
                continue
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                yield from _files(Path(entry.path), f"{prefix}{entry.name}/")
            elif stat.S_ISREG(mode):
                yield prefix + entry.name, Path(entry.path)
            else:
                raise UserError(f"{entry.path} is a link or a device; a tree consists of plain files and folders: remove it")


def changes(before: Files, after: Files) -> tuple[FileEdit, ...]:
    """The patch from one tree to another, by path. What is hidden or compiled in the first one counts as left alone.

    Raises:
        UserError: a new or changed file is no text.
    """
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return tuple(_edit(path, before.get(path), after.get(path)) for path in paths if path in after or not _is_passed_over(path))


def _is_passed_over(path: str) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.split("/")) or path.endswith(".pyc")


def _edit(path: str, before: bytes | None, after: bytes | None) -> FileEdit:
    try:
        text = None if after is None else after.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text; a change may only make or change texts: take it back or remove it") from None
    return FileEdit(path=path, before=None if before is None else sha256_hex(before), after=text)
