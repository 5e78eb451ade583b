"""Three-way merging: two changes of one tree made together, decided on the files and never guessed.

What merges:
- Lines (as in diff3; S. Khanna, K. Kunal, B. Pierce 2007): changes with at least one unchanged line between them, and equal changes.
  Changes that overlap or touch conflict, as in git, so two different additions at the same place do.
- Whole files: equal results of any kind (both add the same, both delete). A file that one changes and the other deletes conflicts,
  and so do different new files of one name or of names that a file system may confuse. A rename is a deletion and an addition.
- Content that is not text (NUL, not UTF-8): if only one side changes it.

Any two changes of one base either merge or conflict, whoever is named first; and changes of which every two merge all merge, to the
same tree in every order: each hunk replaces a stretch of the *base*, no two hunks of the set touch, and the tree is their union. So
three never conflict where no two do. What is promised ends there: merged Python need not parse, merged JSON may name a key twice, and
a tree may grow beyond a limit that each change keeps alone; authorising, building and trials find out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rsi.core.codec import sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import FileEdit
from rsi.kernel.workspace.hunks import Hunk, hunks_of, splice, touching
from rsi.kernel.workspace.patch import Stale

__all__ = ["Change", "Conflict", "change_of", "changes_of", "clash", "clash_of_trees", "edits_of", "merge3", "merged", "rebase_patch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Why two changes cannot be made together.

    Attributes:
        path: the first file in which they meet; empty where contents without a name were merged.
        reason: how they meet, for people.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one file.

    Attributes:
        before: its content, None if it is new.
        after: its content afterwards, None to delete.
        hunks: what leads from the one to the other; empty for a file that is added, deleted or left as it is.
    """

    before: bytes | None
    after: bytes | None
    hunks: tuple[Hunk, ...] = ()


def merge3(base: bytes, ours: bytes, theirs: bytes) -> bytes | Conflict:
    """The content with the changes of both sides."""
    changes = (change_of(base, ours), change_of(base, theirs))
    return clash("", *changes) or merged(base, changes) or b""


def change_of(before: bytes | None, after: bytes | None) -> Change:
    """The change between two contents of a file."""
    hunks = () if before is None or after is None else hunks_of(before, after)
    return Change(before=before, after=after, hunks=hunks)


def clash(path: str, ours: Change, theirs: Change) -> Conflict | None:
    """Why two changes of one file, from the same content, do not merge; None if they do."""
    if ours.after == theirs.after or ours.after == ours.before or theirs.after == theirs.before:
        return None
    if ours.before is None:
        return Conflict(path=path, reason="both add it, with different contents")
    if ours.after is None or theirs.after is None:
        return Conflict(path=path, reason="one deletes it, the other changes it")
    met = touching(ours.hunks, theirs.hunks)
    if met is None:
        return None
    line = ours.before.count(b"\n", 0, max(met[0].start, met[1].start)) + 1
    return Conflict(path=path, reason=f"both change it at line {line}, or next to it")


def merged(before: bytes | None, changes: Iterable[Change]) -> bytes | None:
    """A file after changes from the same content, of which every two merge; None if it is not there then."""
    made = [change for change in changes if change.after != change.before]
    if not made:
        return before
    if len(made) == 1 or before is None or made[0].after is None:
        return made[0].after
    return splice(before, sorted({hunk for change in made for hunk in change.hunks}, key=lambda hunk: hunk.start))


def changes_of(files: Files, edits: Sequence[FileEdit]) -> dict[str, Change] | Stale:
    """What a patch changes, by path, without what it leaves as it is; `Stale` where a before-hash does not fit."""
    found: dict[str, Change] = {}
    for edit in edits:
        before = files.get(edit.path)
        if edit.before != (None if before is None else sha256_hex(before)):
            return Stale(path=edit.path)
        after = None if edit.after is None else edit.after.encode()
        if after != before:
            found[edit.path] = change_of(before, after)
    return found


def edits_of(changes: dict[str, Change]) -> tuple[FileEdit, ...]:
    """A patch that makes these changes of text files."""
    return tuple(
        FileEdit(
            path=path,
            before=None if change.before is None else sha256_hex(change.before),
            after=None if change.after is None else change.after.decode(),
        )
        for path, change in changes.items()
    )


def clash_of_trees(ours: dict[str, Change], theirs: dict[str, Change]) -> Conflict | None:
    """Why the changes of two patches of one tree do not merge; None if they do."""
    for path in sorted(ours.keys() & theirs.keys()):
        conflict = clash(path, ours[path], theirs[path])
        if conflict:
            return conflict
    added = [[path for path, change in side.items() if change.before is None] for side in (ours, theirs)]
    for path in added[0]:
        for other in added[1]:
            if _confused(path, other):
                return Conflict(path=path, reason=f"the other adds {other}, which would be confused with it")
    return None


def _confused(path: str, other: str) -> bool:
    """Whether two new files cannot stand in one tree: one is a folder of the other, or names differ only in case."""
    pairs = list(zip(path.split("/"), other.split("/"), strict=False))
    same = [mine == their for mine, their in pairs]
    if all(same):
        return path != other
    first = same.index(False)
    return pairs[first][0].casefold() == pairs[first][1].casefold()


def rebase_patch(edits: Sequence[FileEdit], old: Files, new: Files) -> tuple[FileEdit, ...] | Stale | Conflict:
    """A patch made for one tree as a patch for another that came of the same tree.

    Args:
        edits: the patch.
        old: the tree that it was made for.
        new: the tree that it shall be applied to.

    Returns:
        The patch for `new`, empty if all of it is there already; `Stale` if it was not made for `old`; or why it does not merge with what
        was changed between the two.
    """
    mine = changes_of(old, edits)
    if isinstance(mine, Stale):
        return mine
    theirs = {path: change_of(old.get(path), new.get(path)) for path in mine}
    theirs |= {path: Change(before=None, after=content) for path, content in new.items() if path not in old and path not in mine}
    conflict = clash_of_trees(mine, theirs)
    if conflict:
        return conflict
    both = {path: merged(old.get(path), (change, theirs[path])) for path, change in mine.items()}
    return edits_of({path: Change(before=new.get(path), after=after) for path, after in both.items() if after != new.get(path)})
