"""Patches over trees: each edit names the content it starts from, so that a patch applies to what it was made for or not at all."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rsi.core.codec import sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import FileEdit

__all__ = ["Stale", "apply", "difference", "unified"]

_MOST_BYTES = 100_000
"""Of larger files a unified diff says only that they changed: finding the lines could take long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A patch that was made for another tree.

    Attributes:
        path: the first file whose content is not the one that the patch starts from.
    """

    path: str


def apply(files: Files, edits: Sequence[FileEdit]) -> Files | Stale:
    """The tree after a patch, or `Stale` where a before-hash does not fit; `files` itself is left alone.

    All edits are checked before any is applied. Whether the patch may be applied at all is `rsi.kernel.oversight`'s question.
    """
    for edit in edits:
        content = files.get(edit.path)
        if edit.before != (None if content is None else sha256_hex(content)):
            return Stale(path=edit.path)
    after = dict(files)
    for edit in edits:
        if edit.after is None:
            after.pop(edit.path, None)
        else:
            after[edit.path] = edit.after.encode("utf-8")
    return dict(sorted(after.items()))


def difference(before: Files, after: Files) -> tuple[FileEdit, ...]:
    """The patch that leads from one tree of texts to another: what is new, changed or gone, by path."""
    return tuple(
        FileEdit(
            path=path,
            before=None if path not in before else sha256_hex(before[path]),
            after=None if path not in after else after[path].decode("utf-8"),
        )
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    )


def unified(before: Files, edits: Sequence[FileEdit], most: int) -> str:
    """A patch as people read it: a unified diff of all its files, cut after so many characters.

    Args:
        before: what the files that it edits held, where they were there; others do no harm.
        edits: the patch.
        most: characters.
    """
    text = ""
    for line in (line for edit in edits for line in _lines(before, edit)):
        text += line if line.endswith("\n") else f"{line}\n"
        if len(text) > most:
            return f"{text[:most]}\n…\n"
    return text


def _lines(before: Files, edit: FileEdit) -> Iterator[str]:
    old, new = before.get(edit.path, b""), (edit.after or "").encode("utf-8", "replace")
    names = ("/dev/null" if edit.before is None else edit.path, "/dev/null" if edit.after is None else edit.path)
    if max(len(old), len(new)) > _MOST_BYTES:
        yield from (f"--- {names[0]}", f"+++ {names[1]}", f"({len(old)} bytes became {len(new)})")
    else:
        was, is_now = (content.decode("utf-8", "replace").splitlines(keepends=True) for content in (old, new))
        yield from difflib.unified_diff(was, is_now, *names, n=2)
