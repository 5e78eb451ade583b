"""What a loss of power takes of the objects of an archive is there again, and nothing stands in it twice for long."""

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from rsi.core.errors import InfrastructureError, IntegrityError
from rsi.core.protocols import Files
from rsi.kernel.archive.ahead import Ahead
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.archive.objects import AHEAD_FILE
from rsi.kernel.archive.repack import git_command

FILES: Files = {"agent.py": b"a = 1\nb = 2\n", "lib/tool.py": b"x\n"}
needs_git = pytest.mark.skipif(git_command() is None, reason="git 2.29 or later is not installed")


def loose(folder: Path, name: str) -> Path:
    return folder / "objects" / name[:2] / name[2:]


@pytest.mark.parametrize("damage", [lambda c: None, lambda c: b"", lambda c: c[:9]], ids=["gone", "emptied", "shortened"])
def test_what_a_loss_of_power_took_of_forced_objects_is_there_again(tmp_path: Path, damage: Callable[[bytes], bytes | None]) -> None:
    archive = GitArchive(tmp_path)
    name = archive.add(FILES, parents=(), message="start")
    archive.sync()
    for path in (tmp_path / "objects").glob("??/*"):
        content = damage(path.read_bytes())
        path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(IntegrityError):
        GitArchive(tmp_path, create=False).files(name)
    assert GitArchive(tmp_path).files(name) == FILES


def test_a_record_that_was_not_finished_is_cut_off_and_those_before_it_count(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    first, last = archive.add_blob(b"first"), archive.add_blob(b"last")
    ahead = tmp_path / AHEAD_FILE
    os.truncate(ahead, ahead.stat().st_size - 1)
    for name in (first, last):
        loose(tmp_path, name).unlink()
    again = GitArchive(tmp_path)
    assert list(again.names()) == [first]
    assert again.add_blob(b"last") == last
    loose(tmp_path, last).unlink()
    assert GitArchive(tmp_path).blob(last) == b"last"


def test_a_record_that_was_changed_is_written_nowhere(tmp_path: Path) -> None:
    name = GitArchive(tmp_path).add_blob(b"x")
    ahead = tmp_path / AHEAD_FILE
    ahead.write_bytes(ahead.read_bytes()[:-1] + b"?")
    loose(tmp_path, name).unlink()
    assert list(GitArchive(tmp_path).names()) == []


def test_a_changed_object_is_not_mended_unseen(tmp_path: Path) -> None:
    name = GitArchive(tmp_path).add_blob(b"x")
    path = loose(tmp_path, name)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(IntegrityError, match=name):
        GitArchive(tmp_path).blob(name)


@pytest.mark.parametrize("has_git", [pytest.param(True, marks=needs_git), False])
def test_once_packed_or_forced_one_by_one_nothing_stands_in_the_archive_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_git: bool
) -> None:
    archive = GitArchive(tmp_path / "objects.git")
    name = archive.add(FILES, parents=(), message="start")
    assert (tmp_path / "objects.git" / AHEAD_FILE).exists()
    if not has_git:
        monkeypatch.setenv("PATH", str(tmp_path))
    assert archive.pack() is has_git
    assert not (tmp_path / "objects.git" / AHEAD_FILE).exists()
    assert GitArchive(tmp_path / "objects.git").files(name) == FILES
    assert not (tmp_path / "objects.git" / AHEAD_FILE).exists()


def test_a_reader_mends_and_makes_nothing(tmp_path: Path) -> None:
    name = GitArchive(tmp_path).add_blob(b"x")
    loose(tmp_path, name).unlink()
    with pytest.raises(IntegrityError, match=name):
        GitArchive(tmp_path, create=False).blob(name)
    assert not loose(tmp_path, name).exists()


def test_a_record_for_which_there_is_no_room_leaves_those_before_and_after_it_whole(tmp_path: Path) -> None:
    ahead = Ahead(tmp_path / AHEAD_FILE)
    ahead.add("a" * 64, b"first")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(InfrastructureError, match="cannot write .*; nothing was changed"):
            ahead.add("b" * 64, b"more than there is room for")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    ahead.add("c" * 64, b"last")
    assert list(ahead.records()) == list(Ahead(tmp_path / AHEAD_FILE).records()) == [("a" * 64, b"first"), ("c" * 64, b"last")]
