"""The archive is a git repository that any git reads, that loses nothing and lets nothing be changed unseen."""

import os
import random
import resource
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from rsi.core.errors import InfrastructureError, IntegrityError, UserError
from rsi.core.protocols import Files
from rsi.core.records import CandidateId
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.archive.repack import git_command

FILES: Files = {"agent.py": b"a = 1\nb = 2\n", "lib/tool.py": b"x\n", "lib/deep/w.bin": bytes(range(256)), "lib.py": b"", "ü": b"u"}
needs_git = pytest.mark.skipif(git_command() is None, reason="git 2.29 or later is not installed")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def history(archive: GitArchive, length: int = 40) -> list[CandidateId]:
    """A line of candidates of which each changes one line of a larger file."""
    rng = random.Random(5)
    lines = [f"value_{i} = {rng.random()}\n" for i in range(300)]
    names: list[CandidateId] = []
    for number in range(length):
        lines[rng.randrange(300)] = f"changed = {number}\n"
        names.append(archive.add({**FILES, "big.py": "".join(lines).encode()}, parents=names[-1:], message=f"change {number}"))
    return names


def loose(folder: Path, name: str) -> Path:
    return folder / "objects" / name[:2] / name[2:]


@needs_git
def test_git_finds_nothing_wrong_and_shows_the_history(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    names = history(archive, 5)
    archive.add_blob(b"a message")
    archive.head(names[-1])
    archive.mark("start", names[0])
    archive.close()
    git(tmp_path, "fsck", "--strict", "--full")
    assert git(tmp_path, "log", "--format=%H %s").split("\n")[:-1] == [f"{name} change {4 - i}" for i, name in enumerate(names[::-1])]
    assert git(tmp_path, "rev-parse", "refs/rsi/start").strip() == names[0]
    assert git(tmp_path, "show", f"{names[0]}:lib/tool.py") == "x\n"
    assert set(names) <= set(git(tmp_path, "rev-list", "--all").split())


@needs_git
def test_git_gives_the_same_names(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    start = archive.add({"a.b": b"1", "a/b": b"2", "a0": b"3"}, parents=(), message="start")
    child = archive.add({}, parents=[start], message="two\n\nlines")
    tree = subprocess.run(
        ["git", "-C", str(tmp_path), "-c", "safe.directory=*", "mktree"],
        input=git(tmp_path, "ls-tree", archive.tree(start)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert tree.stdout.strip() == archive.tree(start)
    for name in (start, child):
        content = subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "safe.directory=*", "cat-file", "commit", name], capture_output=True, check=True
        ).stdout
        again = subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "safe.directory=*", "hash-object", "-t", "commit", "--stdin"],
            input=content,
            capture_output=True,
            check=True,
        )
        assert again.stdout.decode().strip() == name


@needs_git
def test_git_can_read_the_history_while_the_run_goes_on(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    archive.add(FILES, parents=(), message="start")
    assert git(tmp_path, "log", "--format=%s") == "start\n"


@needs_git
def test_packing_changes_nothing_but_the_room_that_is_taken(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    names = history(archive)
    blob = archive.add_blob(b"no reference leads here")
    before = [archive.files(name) for name in names]
    objects = list(archive.names())
    assert archive.pack()
    assert not [path for path in (tmp_path / "objects").glob("??/*")]
    for reader in (archive, GitArchive(tmp_path)):
        assert [reader.files(name) for name in names] == before
        assert list(reader.names()) == objects
        assert reader.blob(blob) == b"no reference leads here"
    git(tmp_path, "fsck", "--strict", "--full")


@needs_git
def test_a_packed_archive_goes_on_growing_and_packs_again(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    other = GitArchive(tmp_path)
    names = history(archive, 10)
    archive.pack()
    assert archive.add(archive.files(names[3]), parents=names[2:3], message="change 3") == names[3]
    assert not [path for path in (tmp_path / "objects").glob("??/*")]
    new = archive.add(FILES, parents=names[-1:], message="new")
    archive.pack()
    assert other.files(new) == FILES
    assert other.parents(new) == (names[-1],)


@needs_git
def test_a_changed_byte_of_a_pack_is_found(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    names = history(archive, 3)
    archive.pack()
    pack = next((tmp_path / "objects" / "pack").glob("*.pack"))
    pack.chmod(0o600)
    whole = pack.read_bytes()
    found = 0
    for at in range(40, len(whole) - 40, 97):
        pack.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            for name in names:
                assert GitArchive(tmp_path).files(name)["ü"] == b"u"
        except IntegrityError:
            found += 1
    assert found > 10


def test_without_git_nothing_is_packed_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    archive = GitArchive(tmp_path / "objects.git")
    name = archive.add(FILES, parents=(), message="start")
    assert archive.pack() is False
    assert archive.files(name) == FILES


@pytest.mark.parametrize(
    "damage",
    [lambda c: b"", lambda c: c[:-1], lambda c: c[:5] + b"x" + c[6:], lambda c: zlib.compress(b"blob 1\0y")],
    ids=["emptied", "shortened", "changed", "replaced"],
)
def test_a_changed_object_is_found_and_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    archive = GitArchive(tmp_path)
    name = archive.add_blob(b"x")
    path = loose(tmp_path, name)
    path.write_bytes(damage(path.read_bytes()))
    for reader in (archive, GitArchive(tmp_path, create=False)):
        with pytest.raises(IntegrityError, match=name):
            reader.blob(name)


def test_an_object_that_a_loss_of_power_left_empty_is_written_again(tmp_path: Path) -> None:
    name = GitArchive(tmp_path).add_blob(b"x")
    loose(tmp_path, name).write_bytes(b"")
    again = GitArchive(tmp_path)
    assert again.add_blob(b"x") == name
    assert again.blob(name) == b"x"


def test_an_object_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    name = GitArchive(tmp_path).add_blob(b"x")
    before = loose(tmp_path, name).stat()
    GitArchive(tmp_path).add_blob(b"x")
    after = loose(tmp_path, name).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("place", ["HEAD", "config"])
def test_who_is_killed_while_it_makes_an_archive_leaves_none_or_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    really = os.replace

    def killed(source: str, target: str) -> None:
        if Path(target).name == place:
            raise KeyboardInterrupt
        really(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", killed)
        GitArchive(tmp_path / "run")
    assert not (tmp_path / "run" / "config").exists()
    GitArchive(tmp_path / "run").add_blob(b"x")


def test_a_full_disk_is_a_fault_of_the_machinery_and_leaves_no_object(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(InfrastructureError, match="cannot write .*; nothing was changed"):
            archive.add_blob(b"some more bytes than there is room for")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(archive.names()) == []
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "path",
    ["", "/", "/etc/passwd", "../x", "a/../b", "a/..", ".", "./a", "a//b", "a/", "a\\b", "a\0b", "a\nb", "a\x1b[31m", "\ud800"]
    + [".git/config", ".GIT/hooks/x", "a/.git", ".gIt", ".git.", ".git ", ".git . ", "git~1", "GIT~2/x", ".g\u200cit", ".git:x"]
    + [".gitmodules", "a/.GitModules", "gitmod~1", "gi7eba~1", "n" * 255, "d/" * 600 + "x"],
)
def test_a_path_that_could_leave_the_tree_or_steer_git_is_refused(tmp_path: Path, path: str) -> None:
    archive = GitArchive(tmp_path / "archive")
    with pytest.raises(UserError, match=r"path .* (rename the file|leave the file out)"):
        archive.add({"good": b"", path: b"x"}, parents=(), message="")
    assert list(archive.names()) == []


@pytest.mark.parametrize("path", [".gitignore", ".github/x", "...", "a..b", ".hidden", "git", "gift", "a b", "-f", "名", "n" * 254])
def test_ordinary_paths_are_taken(tmp_path: Path, path: str) -> None:
    archive = GitArchive(tmp_path)
    assert archive.files(archive.add({path: b"x"}, parents=(), message="")) == {path: b"x"}


@pytest.mark.parametrize("files", [{"a": b"", "a/b": b""}, {"a/b": b"", "a": b""}, {"a/b/c": b"", "a/b": b""}])
def test_a_path_that_is_both_file_and_folder_is_refused(tmp_path: Path, files: Files) -> None:
    with pytest.raises(UserError, match="rename one of the two"):
        GitArchive(tmp_path).add(files, parents=(), message="")


def test_a_candidate_knows_its_parents_and_its_message(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    one = archive.add(FILES, parents=(), message="one")
    two = archive.add({}, parents=(), message="")
    both = archive.add(FILES, parents=[one, two], message="both\n\nwith a body\n")
    assert archive.parents(one) == ()
    assert archive.parents(both) == (one, two)
    assert [archive.message(name) for name in (one, two, both)] == ["one", "", "both\n\nwith a body\n"]


def test_a_parent_that_is_not_in_the_archive_is_refused(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    blob = archive.add_blob(b"x")
    for parent in ("0" * 64, blob):
        with pytest.raises(IntegrityError, match=parent):
            archive.add(FILES, parents=[CandidateId(parent)], message="")


def test_the_time_of_a_candidate_is_part_of_its_name_and_never_the_clock_of_the_machine(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    timeless = archive.add(FILES, parents=(), message="start")
    assert archive.add(FILES, parents=(), message="start", when=0) == timeless
    assert archive.add(FILES, parents=(), message="start", when=1_700_000_000) != timeless


def test_a_diff_shows_what_changed_and_nothing_else(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    one = archive.add(FILES, parents=(), message="")
    changed = {**FILES, "agent.py": b"a = 1\nb = 3\n", "new.py": b"n", "lib/deep/w.bin": b"\xff"}
    del changed["lib/tool.py"]
    two = archive.add(changed, parents=[one], message="")
    assert archive.diff(one, two).splitlines() == [
        "--- a/agent.py",
        "+++ b/agent.py",
        "@@ -1,2 +1,2 @@",
        " a = 1",
        "-b = 2",
        "+b = 3",
        "--- a/lib/deep/w.bin",
        "+++ b/lib/deep/w.bin",
        "@@ not shown: 256 bytes before, 1 bytes after @@",
        "--- a/lib/tool.py",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-x",
        "--- /dev/null",
        "+++ b/new.py",
        "@@ -0,0 +1 @@",
        "+n",
        "\\ No newline at end of file",
    ]
    assert archive.diff(one, one) == ""


@needs_git
def test_a_diff_can_be_applied(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path / "archive")
    one, *_, last = history(archive, 12)
    tree = tmp_path / "tree"
    for path, content in archive.files(one).items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)
    subprocess.run(["git", "apply", "-"], input=archive.diff(one, last).encode(), cwd=tree, check=True)
    assert {path: (tree / path).read_bytes() for path in archive.files(last)} == archive.files(last)


def test_what_is_no_archive_is_a_line_for_the_user(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no archive at"):
        GitArchive(tmp_path / "absent", create=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "config").write_text("[core]\n\trepositoryformatversion = 0\n")
    with pytest.raises(UserError, match="no git repository with SHA-256 names"):
        GitArchive(tmp_path)
    with pytest.raises(UserError, match="choose a folder that can be written"):
        GitArchive(tmp_path / "config" / "objects.git")


def test_forcing_to_the_disk_works_after_adding_and_after_packing(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    name = archive.add(FILES, parents=(), message="")
    archive.sync()
    archive.pack()
    archive.sync()
    assert archive.files(name) == FILES


def test_an_index_whose_pack_is_gone_is_passed_over(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    name = archive.add(FILES, parents=(), message="start")
    (tmp_path / "objects" / "pack" / "pack-gone.idx").write_bytes(b"\xfftOc\x00\x00\x00\x02" + bytes(2000))
    assert GitArchive(tmp_path).files(name) == FILES
    assert list(GitArchive(tmp_path).names()) == list(archive.names())


@needs_git
def test_packs_can_be_replaced_again_and_again_while_others_open_the_archive(tmp_path: Path) -> None:
    archive = GitArchive(tmp_path)
    names = history(archive, 5)
    git_path = git_command()
    assert git_path is not None
    script = 'for i in $(seq 12); do "$0" -c safe.directory=* -C "$1" repack -adfkq --depth=$((i % 2 + 1)); done'
    with subprocess.Popen(["sh", "-c", script, git_path, str(tmp_path)]) as packing:
        opened = 0
        while packing.poll() is None:
            assert GitArchive(tmp_path).files(names[-1])["ü"] == b"u"
            opened += 1
    assert packing.returncode == 0
    assert opened > 3
