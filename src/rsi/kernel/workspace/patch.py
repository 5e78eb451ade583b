"""Patches over trees: each edit names the content it starts from, so that a patch applies to what it was made for or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from rsi.core.codec import sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import FileEdit

__all__ = ["Stale", "apply", "difference"]


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
