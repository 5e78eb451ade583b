"""The toggle tree: an incumbent with any of its open edits on."""

import pytest

from rsi.core.codec import sha256_hex
from rsi.core.records import FileEdit, ProposalId
from rsi.kernel.workspace import Composer, Composition, Conflict, Stale, apply

LINES = b"".join(b"line %d\n" % k for k in range(12))
BASE = {"main.py": LINES, "notes.txt": b"n\n", "data/w.bin": b"\0\1"}
P = [ProposalId(f"p{k}") for k in range(16)]


def edit(path: str, after: str | None, base: dict[str, bytes] | None = None) -> FileEdit:
    content = (base or BASE).get(path)
    return FileEdit(path=path, before=None if content is None else sha256_hex(content), after=after)


def line(number: int, text: str) -> FileEdit:
    """An edit of one line of the main file."""
    return edit("main.py", LINES.decode().replace(f"line {number}\n", text + "\n"))


def composer(*patches: tuple[FileEdit, ...] | FileEdit, kept_bytes: int = 1_000_000) -> Composer:
    made = Composer(BASE, kept_bytes=kept_bytes)
    for name, patch in zip(P, patches, strict=False):
        assert made.add(name, patch if isinstance(patch, tuple) else (patch,)) is None
    return made


def composed(made: Composer, *on: int) -> Composition:
    found = made.compose(P[k] for k in on)
    assert isinstance(found, Composition)
    return found


def test_with_nothing_on_it_is_the_incumbent() -> None:
    assert composed(composer(line(1, "one"))).files == BASE


def test_one_edit_on_is_that_patch_applied() -> None:
    patch = (line(1, "one"), edit("notes.txt", None), edit("lib/new.py", "x = 1\n"))
    assert composed(composer(patch), 0).files == apply(BASE, patch)


def test_edits_of_one_file_are_all_in_it() -> None:
    made = composer(line(1, "one"), line(3, "three"), line(5, "five"))
    assert composed(made, 2, 0).files["main.py"] == LINES.replace(b"line 1\n", b"one\n").replace(b"line 5", b"five")


def test_pairs_that_do_not_merge_are_known_with_the_reason_and_never_composed() -> None:
    made = composer(line(1, "one"), line(1, "eins"), line(5, "five"))
    assert dict(made.conflicts()) == {(P[0], P[1]): Conflict(path="main.py", reason="both change it at line 2, or next to it")}
    assert made.compose(P[:3]) == made.conflicts()[P[0], P[1]]
    assert composed(made, 1, 2).files["main.py"] == LINES.replace(b"line 1\n", b"eins\n").replace(b"line 5", b"five")


def test_equal_trees_have_one_key_whichever_edits_they_came_of() -> None:
    made = composer((line(1, "one"), line(1, "one")), line(1, "one"), line(5, "five"))
    assert composed(made, 0).key == composed(made, 1).key == composed(made, 0, 1).key
    assert len({composed(made, *on).key for on in [(), (0,), (2,), (0, 2)]}) == 4
    assert composed(made, 0, 2).key == composed(composer(edit("main.py", composed(made, 0, 2).files["main.py"].decode())), 0).key


def test_a_path_is_part_of_the_key() -> None:
    made = composer(edit("a.txt", "x"), edit("b.txt", "x"))
    assert composed(made, 0).key != composed(made, 1).key


def test_what_was_composed_is_found_again_until_too_much_is_kept() -> None:
    made = composer(line(1, "one"), line(3, "three"))
    assert composed(made, 0, 1) is composed(made, 1, 0)
    forgetful = composer(line(1, "one"), line(3, "three"), kept_bytes=0)
    assert composed(forgetful, 0, 1) is not composed(forgetful, 0, 1)
    assert composed(forgetful, 0, 1) == composed(made, 0, 1)


def test_a_composed_tree_cannot_be_changed_by_who_was_given_it() -> None:
    with pytest.raises(TypeError):
        composed(composer(line(1, "one")), 0).files["main.py"] = b""  # type: ignore[index]  # that is the test


def test_a_patch_for_another_tree_is_not_opened() -> None:
    made = composer(line(1, "one"))
    assert made.add(P[1], (FileEdit(path="main.py", before=sha256_hex(b""), after="x"),)) == Stale(path="main.py")
    assert made.open == (P[0],)


def test_a_dropped_edit_leaves_nothing_behind() -> None:
    made = composer(line(1, "one"), line(1, "eins"), line(5, "five"))
    before = composed(made, 1, 2)
    made.drop(P[1])
    assert (made.open, dict(made.conflicts())) == ((P[0], P[2]), {})
    assert made.add(P[1], (line(7, "seven"),)) is None
    assert composed(made, 1, 2) != before
    assert b"seven\n" in composed(made, 0, 1, 2).files["main.py"]


def test_after_an_acceptance_the_others_stand_on_top_of_it() -> None:
    made = composer(line(1, "one\nand more"), line(5, "five"), edit("notes.txt", None))
    both, all_three = composed(made, 0, 1).files, composed(made, 0, 1, 2)
    rebased = made.accept(P[0])
    assert (rebased.stale, rebased.contained, made.open) == ({}, frozenset(), (P[1], P[2]))
    assert composed(made, 1).files == both == apply(made.base, made.edits(P[1]))
    assert composed(made, 1, 2) == all_three


def test_others_of_the_same_file_move_with_what_an_accepted_edit_adds_and_takes_away() -> None:
    away = edit("main.py", LINES.decode().replace("line 3\n", "").replace("line 6\n", "six\nand more\n"))
    made = composer(away, line(1, "one"), line(8, "eight"), line(11, "eleven"))
    whole = composed(made, 0, 1, 2, 3)
    made.accept(P[0])
    assert composed(made, 1, 2, 3) == whole
    made.accept(P[2])
    assert composed(made, 1, 3) == whole


def test_an_acceptance_closes_what_does_not_merge_with_it_and_what_it_contains() -> None:
    made = composer((line(1, "one"), edit("notes.txt", None)), line(1, "eins"), edit("notes.txt", None), line(5, "five"), line(5, "fünf"))
    rebased = made.accept(P[0])
    assert rebased.stale == {P[1]: Conflict(path="main.py", reason="both change it at line 2, or next to it")}
    assert rebased.contained == {P[2]}
    assert made.open == (P[3], P[4])
    assert set(made.conflicts()) == {(P[3], P[4])}


def test_what_is_shared_with_an_accepted_edit_is_not_changed_again() -> None:
    shared = LINES.replace(b"line 1\n", b"one\n")
    made = composer(edit("main.py", shared.decode()), edit("main.py", shared.replace(b"line 7", b"seven").decode()))
    made.accept(P[0])
    assert made.open == (P[1],)
    assert made.edits(P[1]) == (edit("main.py", shared.replace(b"line 7", b"seven").decode(), {"main.py": shared}),)


def test_edits_of_the_new_incumbent_open_beside_the_old_ones() -> None:
    made = composer(line(1, "one\nand more"), line(5, "five"))
    made.accept(P[0])
    content = made.base["main.py"].decode()
    assert made.add(P[2], (edit("main.py", content.replace("line 9", "nine"), dict(made.base)),)) is None
    assert made.add(P[3], (edit("main.py", content.replace("line 5", "fünf"), dict(made.base)),)) is None
    assert set(made.conflicts()) == {(P[1], P[3])}
    assert composed(made, 1, 2).files["main.py"].count(b"five\n") == 1
