"""Merging and composing on drawn trees and edits: what holds whatever the lines are."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.core.codec import sha256_hex
from rsi.core.records import FileEdit, ProposalId
from rsi.kernel.workspace import Composer, Composition, Conflict, apply, merge3, rebase_patch
from rsi.kernel.workspace.hunks import hunks_of, splice

FEW = st.sampled_from(["a\n", "b\n", "c\n", "\n", "a", "ä\r\n"])
CONTENTS = st.one_of(st.lists(FEW, max_size=12).map("".join), st.lists(st.sampled_from("xyz"), max_size=30).map("\n".join))
BYTES = st.one_of(CONTENTS.map(str.encode), st.binary(max_size=6))
RIVALS = ("d/c.py", "d", "D/e.py")
PATHS = ("a.py", "b.py", *RIVALS)
PATCHES = st.dictionaries(st.sampled_from(PATHS), st.one_of(st.none(), CONTENTS), min_size=1, max_size=2)
NAMES = [ProposalId(name) for name in "pqrstu"]
GIT = shutil.which("git")


@st.composite
def altered(draw: st.DrawFn, line: str) -> str:
    """A line replaced, deleted, or another put before it; two edits may by chance do the same."""
    doing = draw(st.sampled_from(["replace", "delete", "insert"]))
    text = "" if doing == "delete" else f"{doing} at {draw(st.integers(0, 1))} {line}"
    return text + line if doing == "insert" else text


@st.composite
def versions(draw: st.DrawFn) -> list[bytes]:
    """A base of distinct lines and three edits of it."""
    lines = [f"line {number}\n" for number in range(draw(st.integers(1, 14)))]
    sides = ["".join(draw(altered(line)) if draw(st.integers(0, 3)) == 0 else line for line in lines) for _ in range(3)]
    return [text.encode() for text in ["".join(lines), *sides]]


def patch(base: dict[str, bytes], after: dict[str, str | None]) -> tuple[FileEdit, ...]:
    """The edits that give these contents; of new names that would be confused with one another only the first."""
    found: list[FileEdit] = []
    for path, content in after.items():
        before = base.get(path)
        confused = path in RIVALS and any(made.path in RIVALS for made in found)
        if before is not None or content is not None and not confused:
            found.append(FileEdit(path=path, before=None if before is None else sha256_hex(before), after=content))
    return tuple(found)


@st.composite
def crowds(draw: st.DrawFn) -> Composer:
    """One file of distinct lines with up to six open edits of it, most of which merge."""
    lines = [f"line {number}\n" for number in range(30)]
    base = {"f": "".join(lines).encode()}
    made = Composer(base)
    for name in NAMES[: draw(st.integers(2, 6))]:
        numbers = draw(st.sets(st.integers(0, 29), min_size=1, max_size=2))
        after = [draw(altered(line)) if number in numbers else line for number, line in enumerate(lines)]
        assert made.add(name, patch(base, {"f": "".join(after)})) is None
    return made


@st.composite
def trees(draw: st.DrawFn) -> Composer:
    """A tree with up to six open edits of it, which often meet."""
    base = draw(st.dictionaries(st.sampled_from(PATHS[:2]), BYTES))
    made = Composer(base)
    for name in NAMES[: draw(st.integers(1, 6))]:
        assert made.add(name, patch(base, draw(PATCHES))) is None
    return made


RACES = st.one_of(crowds(), trees())


def free_sets(made: Composer) -> list[tuple[ProposalId, ...]]:
    every = [on for size in range(len(made.open) + 1) for on in combinations(made.open, size)]
    return [on for on in every if not any(set(pair) <= set(on) for pair in made.conflicts())]


def composed(made: Composer, on: Sequence[ProposalId]) -> Composition:
    found = made.compose(on)
    assert isinstance(found, Composition)
    return found


@given(BYTES, BYTES)
def test_the_hunks_of_a_change_make_it_and_keep_a_whole_line_between_them(before: bytes, after: bytes) -> None:
    found = hunks_of(before, after)
    assert splice(before, found) == after
    for one, next_one in zip(found, found[1:], strict=False):
        assert b"\n" in before[one.end : next_one.start]
    starts = {0, *(k + 1 for k, byte in enumerate(before) if byte == ord("\n"))}
    assert all(hunk.start in starts | {len(before)} and hunk.end in starts | {len(before)} for hunk in found)


@given(BYTES, BYTES)
def test_merging_with_a_side_that_changed_nothing_gives_the_other(base: bytes, other: bytes) -> None:
    assert merge3(base, base, other) == merge3(base, other, base) == merge3(base, other, other) == other


@given(BYTES, BYTES, BYTES)
def test_merging_does_not_ask_who_is_named_first(base: bytes, ours: bytes, theirs: bytes) -> None:
    assert merge3(base, ours, theirs) == merge3(base, theirs, ours)


@given(RACES)
def test_edits_of_which_every_two_merge_all_merge_and_an_accepted_one_changes_nothing_of_that(made: Composer) -> None:
    sets = free_sets(made)
    before = {on: composed(made, on) for on in sets}
    taken, *others = made.open
    rebased = made.accept(taken)
    assert sorted(others) == sorted([*rebased.stale, *rebased.contained, *made.open])
    for on in sets:
        if taken in on:
            rest = [name for name in on if name in made.open]
            assert composed(made, rest) == before[on]
            assert set(on) - set(rest) - {taken} <= rebased.contained


@given(RACES, st.randoms(use_true_random=False))
def test_a_set_may_be_accepted_one_by_one_in_any_order(made: Composer, rng: object) -> None:
    on = max(free_sets(made), key=len)
    whole = composed(made, on)
    for name in rng.sample(on, len(on)):  # type: ignore[attr-defined]  # hypothesis gives a random.Random
        if name in made.open:
            made.accept(name)
    assert made.base == whole.files


@given(RACES)
def test_a_patch_moved_on_its_own_gives_what_composing_gives(made: Composer) -> None:
    old = made.base
    for one, other in combinations(made.open, 2):
        new = composed(made, [one]).files
        moved = rebase_patch(made.edits(other), old, new)
        both = made.compose([one, other])
        if isinstance(both, Conflict):
            assert isinstance(moved, Conflict)
        else:
            assert isinstance(moved, tuple)
            assert apply(new, moved) == both.files


def git_merge(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """What git makes of it; None if it finds a conflict."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for path, content in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(content)
        done = subprocess.run([str(GIT), "merge-file", "-p", *map(str, paths)], capture_output=True, check=False, cwd=folder)
    assert done.returncode < 128, done.stderr
    return done.stdout if done.returncode == 0 else None


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@given(versions())
def test_where_lines_are_distinct_git_merges_the_same_and_finds_the_same_conflicts(drawn: list[bytes]) -> None:
    base, *sides = drawn
    merged: bytes | None = base
    clean = True
    for one, other in combinations(sides, 2):
        ours = merge3(base, one, other)
        clean = clean and isinstance(ours, bytes)
        assert git_merge(base, one, other) == (ours if isinstance(ours, bytes) else None)
    for side in sides:
        merged = None if merged is None else git_merge(base, merged, side)
    if clean:
        made = Composer({"f": base})
        for name, side in zip(NAMES, sides, strict=False):
            made.add(name, patch({"f": base}, {"f": side.decode()}))
        assert composed(made, NAMES[:3]).files["f"] == merged
