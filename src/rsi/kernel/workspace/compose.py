"""The toggle tree: an incumbent with any of its open edits switched on, composed in memory from what each edit changes.

Every open edit is compared with the incumbent and with the other edits once, when it opens. A subset is then the incumbent's files with
the hunks of its edits put in (`rsi.kernel.workspace.merge` says what merges); contents and trees made before are kept and found again.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType
from typing import Generic, TypeVar

from rsi.core.codec import sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import FileEdit, ProposalId
from rsi.kernel.workspace.hunks import Hunk
from rsi.kernel.workspace.merge import Change, Conflict, changes_of, clash_of_trees, edits_of, merged
from rsi.kernel.workspace.patch import Stale

__all__ = ["Composer", "Composition", "Pair", "Rebased", "tree_key"]

KEPT_BYTES = 64_000_000
"""How much composed content is kept for the next time, in bytes."""
Pair = tuple[ProposalId, ProposalId]
"""Two open edits, the smaller name first."""
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A tree with edits switched on.

    Attributes:
        files: the tree, paths in order.
        key: SHA-256 (hex) of paths and contents: the same for equal trees, whichever edits they came of. Computed without an archive,
            so it is no `TreeId`.
    """

    files: Files
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """What became of the other open edits when one joined the incumbent.

    Attributes:
        stale: those that do not merge with it, and why. They are closed.
        contained: those of which nothing is left, since it did all that they do. They are closed as well.
    """

    stale: Mapping[ProposalId, Conflict]
    contained: frozenset[ProposalId]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blob:
    """A composed file, None where it is deleted, and its SHA-256."""

    content: bytes | None
    hash: str


class Composer:
    """An incumbent's files and the edits that are open against it."""

    def __init__(self, base: Files, *, kept_bytes: int = KEPT_BYTES) -> None:
        """Start with no open edits; keep up to `kept_bytes` of contents that were composed."""
        self._open: dict[ProposalId, dict[str, Change]] = {}
        self._conflicts: dict[Pair, Conflict] = {}
        self._contents: _Kept[tuple[str, frozenset[ProposalId]], _Blob] = _Kept(kept_bytes // 2)
        self._trees: _Kept[frozenset[ProposalId], Composition] = _Kept(kept_bytes // 2)
        self._settle(base)

    @property
    def base(self) -> Files:
        """The incumbent's files."""
        return self._base

    @property
    def open(self) -> tuple[ProposalId, ...]:
        """The open edits, in the order in which they were opened."""
        return tuple(self._open)

    def add(self, name: ProposalId, edits: Sequence[FileEdit]) -> Stale | None:
        """Open an edit of the incumbent under a name that is not open; `Stale`, and nothing opened, if it was made for another tree."""
        changes = changes_of(self._base, edits)
        if isinstance(changes, Stale):
            return changes
        for other, others in self._open.items():
            conflict = clash_of_trees(changes, others)
            if conflict:
                self._conflicts[_pair(name, other)] = conflict
        self._open[name] = changes
        return None

    def drop(self, name: ProposalId) -> None:
        """Close an edit without taking it."""
        del self._open[name]
        self._conflicts = {pair: conflict for pair, conflict in self._conflicts.items() if name not in pair}
        self._contents.discard(lambda key: name in key[1])
        self._trees.discard(lambda key: name in key)

    def conflicts(self) -> Mapping[Pair, Conflict]:
        """The pairs of open edits that can never be on together, and why. All sets without such a pair can."""
        return MappingProxyType(self._conflicts)

    def edits(self, name: ProposalId) -> tuple[FileEdit, ...]:
        """An open edit as a patch for the incumbent."""
        return edits_of(self._open[name])

    def compose(self, on: Iterable[ProposalId]) -> Composition | Conflict:
        """The incumbent with open edits switched on, or the conflict of two of them."""
        names = frozenset(on)
        known = self._trees.get(names)
        if known is not None:
            return known
        met = next((conflict for pair, conflict in self._conflicts.items() if names.issuperset(pair)), None)
        if met is not None:
            return met
        made, size = self._composed(names)
        self._trees.put(names, made, size)
        return made

    def accept(self, name: ProposalId) -> Rebased:
        """Let an open edit join the incumbent; the others stay open on top of it, unless they do not merge with it.

        The others keep their hunks, moved to where they belong now, so that no two of them come to conflict or cease to, and a set of them
        composes to what it was before with the accepted edit on.
        """
        taken = self._open.pop(name)
        stale = {_other(pair, name): conflict for pair, conflict in self._conflicts.items() if name in pair}
        self._settle(self._composed_on(taken))
        moved = {other: _moved(changes, taken) for other, changes in self._open.items() if other not in stale}
        self._open = {other: changes for other, changes in moved.items() if changes}
        self._conflicts = {pair: why for pair, why in self._conflicts.items() if self._open.keys() >= set(pair)}
        self._contents.discard(lambda _: True)
        self._trees.discard(lambda _: True)
        return Rebased(stale=stale, contained=frozenset(moved.keys() - self._open.keys()))

    def _settle(self, base: Files) -> None:
        self._base: Files = MappingProxyType(dict(sorted(base.items())))
        self._names = {path: sha256_hex(content) for path, content in self._base.items()}

    def _composed_on(self, taken: Mapping[str, Change]) -> Files:
        after = {**self._base, **{path: change.after for path, change in taken.items()}}
        return {path: content for path, content in after.items() if content is not None}

    def _composed(self, names: frozenset[ProposalId]) -> tuple[Composition, int]:
        """The tree with edits on, of which every two merge, and how many bytes of it are new."""
        touched: dict[str, list[ProposalId]] = {}
        for name in names:
            for path in self._open[name]:
                touched.setdefault(path, []).append(name)
        files, hashes, size = dict(self._base), dict(self._names), 0
        for path, touching in touched.items():
            blob = self._blob(path, frozenset(touching))
            files.pop(path, None)
            hashes.pop(path, None)
            if blob.content is not None:
                files[path], hashes[path] = blob.content, blob.hash
                size += len(blob.content)
        tree = MappingProxyType(dict(sorted(files.items())))
        return Composition(files=tree, key=_key(hashes)), size + 200 * len(files)

    def _blob(self, path: str, names: frozenset[ProposalId]) -> _Blob:
        """One file with edits on."""
        blob = self._contents.get((path, names))
        if blob is None:
            content = merged(self._base.get(path), [self._open[name][path] for name in names])
            blob = _Blob(content=content, hash=sha256_hex(content or b""))
            self._contents.put((path, names), blob, 200 + len(content or b""))
        return blob


def tree_key(files: Files) -> str:
    """The key that a composition of these files has."""
    return _key({path: sha256_hex(content) for path, content in files.items()})


def _key(hashes: Mapping[str, str]) -> str:
    return sha256_hex("\0".join(f"{hashes[path]} {path}" for path in sorted(hashes)).encode())


class _Kept(Generic[K, V]):
    """What was made before, the latest used first, up to so many bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key not in self._items:
            return None
        self._items.move_to_end(key)
        return self._items[key][0]

    def put(self, key: K, value: V, size: int) -> None:
        self._items[key] = (value, size)
        self._size += size
        while self._size > self._most:
            _, (_, gone) = self._items.popitem(last=False)
            self._size -= gone

    def discard(self, unwanted: Callable[[K], bool]) -> None:
        kept = [(key, item) for key, item in self._items.items() if not unwanted(key)]
        self._items = OrderedDict(kept)
        self._size = sum(size for _, (_, size) in kept)


def _pair(one: ProposalId, other: ProposalId) -> Pair:
    return (one, other) if one < other else (other, one)


def _other(pair: Pair, name: ProposalId) -> ProposalId:
    return pair[1] if pair[0] == name else pair[0]


def _moved(changes: Mapping[str, Change], taken: Mapping[str, Change]) -> dict[str, Change]:
    """What an edit still changes, and where, after another one that merges with it joined the incumbent."""
    found: dict[str, Change] = {}
    for path, change in changes.items():
        other = taken.get(path)
        if other is None:
            found[path] = change
        else:
            hunks = tuple(_shifted(change.hunks, other.hunks))
            found[path] = Change(before=other.after, after=merged(change.before, (change, other)), hunks=hunks)
    return {path: change for path, change in found.items() if change.after != change.before}


def _shifted(hunks: Sequence[Hunk], others: Sequence[Hunk]) -> Iterator[Hunk]:
    """Those that are not among others, where they lie once the others, none of which they touch, have been put in."""
    ends = [other.end for other in others]
    grown = [0, *accumulate(len(other.text) - (other.end - other.start) for other in others)]
    for hunk in hunks:
        before = bisect_left(ends, hunk.start)
        if before == len(others) or hunk != others[before]:
            yield replace(hunk, start=hunk.start + grown[before], end=hunk.end + grown[before])
