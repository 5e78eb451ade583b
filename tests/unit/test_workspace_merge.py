"""Three-way merging of contents and patches, case by case."""

import pytest

from rsi.core.codec import sha256_hex
from rsi.core.records import FileEdit
from rsi.kernel.workspace import Conflict, Stale, apply, merge3, rebase_patch
from rsi.kernel.workspace.hunks import Hunk, hunks_of, splice
from rsi.kernel.workspace.merge import change_of, clash, merged

BASE = b"one\ntwo\nthree\nfour\nfive\n"


def edit(path: str, before: bytes | None, after: str | None) -> FileEdit:
    return FileEdit(path=path, before=None if before is None else sha256_hex(before), after=after)


def test_changes_with_a_line_between_them_merge() -> None:
    assert merge3(BASE, b"ONE\ntwo\nthree\nfour\nfive\n", b"one\ntwo\nTHREE\n3.5\nfour\n") == b"ONE\ntwo\nTHREE\n3.5\nfour\n"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (b"ONE\ntwo\nthree\nfour\nfive\n", b"1\ntwo\nthree\nfour\nfive\n"),
        (b"ONE\ntwo\nthree\nfour\nfive\n", b"one\nTWO\nthree\nfour\nfive\n"),
        (b"one\n1.5\ntwo\nthree\nfour\nfive\n", b"one\ntwo and\nthree\nfour\nfive\n"),
        (BASE + b"six\n", BASE + b"sechs\n"),
        (BASE + b"six\n", BASE + b"six\nseven\n"),
        (b"", b"one\ntwo\nthree\nfour\nFIVE\n"),
        (BASE[:-1], BASE + b"six\n"),
    ],
    ids=["same line", "next line", "addition beside a change", "two additions", "one addition within another", "all gone", "last newline"],
)
def test_different_changes_that_overlap_or_touch_conflict(ours: bytes, theirs: bytes) -> None:
    assert isinstance(merge3(BASE, ours, theirs), Conflict)
    assert merge3(BASE, ours, theirs) == merge3(BASE, theirs, ours)


def test_a_conflict_names_the_line() -> None:
    conflict = merge3(BASE, BASE.replace(b"four", b"4"), BASE.replace(b"four", b"vier"))
    assert conflict == Conflict(path="", reason="both change it at line 4, or next to it")


def test_equal_changes_merge_beside_different_ones() -> None:
    ours, theirs = BASE.replace(b"two", b"2").replace(b"five", b"5"), BASE.replace(b"two", b"2").replace(b"four", b"4")
    assert isinstance(merge3(BASE, ours, theirs), Conflict), "four and five touch"
    theirs = b"zero\n" + BASE.replace(b"three", b"3")
    assert merge3(BASE, BASE.replace(b"three", b"3").replace(b"five", b"5"), theirs) == b"zero\none\ntwo\n3\nfour\n5\n"


@pytest.mark.parametrize("blob", [b"\0\1\n\2\n", b"\xff\xfe\n\xff\n"])
def test_what_is_not_text_merges_only_with_a_side_that_left_it_alone(blob: bytes) -> None:
    other = blob + b"more\n"
    assert merge3(blob, other, blob) == merge3(blob, blob, other) == merge3(blob, other, other) == other
    assert isinstance(merge3(blob, other, b"start\n" + blob), Conflict)
    assert isinstance(merge3(BASE, blob, BASE + b"six\n"), Conflict), "text that one side makes binary"


def test_only_a_newline_ends_a_line() -> None:
    base = b"a\x0cb\r\nc\rd\r\ne\r\n"
    assert hunks_of(base, base.replace(b"d", b"D")) == (Hunk(start=5, end=10, text=b"c\rD\r\n"),)


def test_a_moved_line_is_a_deletion_and_an_addition() -> None:
    moved = b"two\nthree\nfour\nfive\none\n"
    assert [hunk.text for hunk in hunks_of(BASE, moved)] == [b"", b"one\n"]


def test_lines_that_repeat_are_matched_in_their_longest_common_order() -> None:
    before, after = b"x\ny\nx\ny\nx\n", b"y\nx\nx\ny\ny\n"
    assert sum(len(hunk.text) for hunk in hunks_of(before, after)) <= 4


def test_contents_made_to_be_slow_are_compared_coarsely_and_rightly() -> None:
    before = b"a\nb\n" * 20_000
    after = b"b\nb\na\n" * 15_000
    found = hunks_of(before, after)
    assert splice(before, found) == after
    assert len(found) == 1, "the table of their common lines would have a billion cells"


def test_a_change_of_very_many_places_is_one_hunk() -> None:
    before = b"".join(b"%d\n" % k for k in range(6000))
    after = b"".join(b"%d%s\n" % (k, b"x" * (k % 2)) for k in range(6000))
    found = hunks_of(before, after)
    assert len(found) == 1 and found[0].start == 2
    assert splice(before, found) == after


def test_a_patch_follows_its_file_to_a_new_tree() -> None:
    old = {"a.py": BASE, "b.py": b"b\n"}
    patch = (edit("a.py", BASE, BASE.replace(b"one", b"1").decode()),)
    new = {"a.py": BASE.replace(b"five", b"5"), "c.py": b"c\n"}
    moved = rebase_patch(patch, old, new)
    assert isinstance(moved, tuple)
    assert apply(new, moved) == {"a.py": b"1\ntwo\nthree\nfour\n5\n", "c.py": b"c\n"}


def test_leaving_a_file_alone_merges_with_deleting_it() -> None:
    alone, gone = change_of(BASE, BASE), change_of(BASE, None)
    assert clash("a.py", alone, gone) is clash("a.py", gone, alone) is None
    assert merged(BASE, (alone, gone)) is None
    assert rebase_patch((edit("a.py", BASE, None),), {"a.py": BASE}, {"a.py": BASE}) == (edit("a.py", BASE, None),)


def test_a_patch_that_was_not_made_for_the_old_tree_is_stale() -> None:
    assert rebase_patch((edit("a.py", b"other", "x"),), {"a.py": BASE}, {"a.py": BASE}) == Stale(path="a.py")


def test_of_a_patch_that_the_new_tree_contains_nothing_is_left() -> None:
    after = BASE.replace(b"one", b"1")
    patch = (edit("a.py", BASE, after.decode()), edit("b.py", b"b", None), edit("c.py", None, "c"))
    old = {"a.py": BASE, "b.py": b"b"}
    assert rebase_patch(patch, old, {"a.py": after + b"six\n", "c.py": b"c"}) == ()


@pytest.mark.parametrize(
    ("patch", "new"),
    [
        (edit("a.py", BASE, None), {"a.py": BASE + b"six\n"}),
        (edit("a.py", BASE, "x\n"), {}),
        (edit("new.py", None, "x\n"), {"a.py": BASE, "new.py": b"y\n"}),
        (edit("new.py", None, "x\n"), {"a.py": BASE, "New.py": b"x\n"}),
        (edit("NEW.py", None, "x\n"), {"a.py": BASE, "new.py": b"x\n"}),
        (edit("lib/new.py", None, "x\n"), {"a.py": BASE, "lib": b"x\n"}),
        (edit("lib", None, "x\n"), {"a.py": BASE, "lib/new.py": b"x\n"}),
        (edit("lib/x.py", None, "x\n"), {"a.py": BASE, "LIB/y.py": b"x\n"}),
    ],
    ids=[
        "deletes what changed",
        "changes what is gone",
        "adds another",
        "by case",
        "by case again",
        "in a file",
        "over a folder",
        "folders by case",
    ],
)
def test_files_that_cannot_stand_together_conflict(patch: FileEdit, new: dict[str, bytes]) -> None:
    conflict = rebase_patch((patch,), {"a.py": BASE}, new)
    assert isinstance(conflict, Conflict)
    assert conflict.path == patch.path
