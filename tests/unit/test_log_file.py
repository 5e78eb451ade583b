"""A log in a file: what was changed is found and named, what was torn is cut off, what could not be written leaves no trace."""

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rsi
from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import InfrastructureError, IntegrityError, UserError
from rsi.kernel.audit.identity import kernel_hash, source_hash
from rsi.kernel.audit.log import FileEventLog

ENTRIES = 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of six entries."""
    log = FileEventLog(tmp_path / "log.jsonl", kernel="k1")
    for number in range(ENTRIES):
        log.append("trials.done", {"number": number, "score": 0.5, "text": "ä"}, {"wall_s": 1.5})
    log.close()
    return tmp_path / "log.jsonl"


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_line_is_canonical_json_whose_hash_anybody_can_compute(path: Path) -> None:
    before = "0" * 64
    for seq, line in enumerate(lines_of(path)):
        data = json.loads(line)
        assert canonical(data) + b"\n" == line
        assert sorted(data) == ["body", "clock", "hash", "kernel", "kind", "prev", "seq"]
        assert (data["seq"], data["prev"], data["kernel"]) == (seq, before, "k1")
        before = data.pop("hash")
        assert sha256_hex(canonical(data)) == before
    assert FileEventLog.read(path).head == before


def test_every_changed_byte_is_found_and_its_entry_named(path: Path) -> None:
    whole = path.read_bytes()
    ends = [i for i, byte in enumerate(whole) if byte == 0x0A]
    for at in range(0, len(whole), 7):
        if at in ends:
            continue
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        entry = sum(end < at for end in ends)
        with pytest.raises(IntegrityError, match=rf"entry {entry} of .*log\.jsonl"):
            FileEventLog.read(path)
    assert len(whole) > 1000


@pytest.mark.parametrize("removed", range(ENTRIES - 1))
def test_a_removed_line_is_found_and_its_place_named(path: Path, removed: int) -> None:
    lines = lines_of(path)
    path.write_bytes(b"".join(lines[:removed] + lines[removed + 1 :]))
    with pytest.raises(IntegrityError, match=f"entry {removed} "):
        FileEventLog(path, kernel="k1")


def test_a_last_line_that_was_removed_shows_in_the_digest_and_in_the_head(path: Path) -> None:
    whole = FileEventLog.read(path)
    path.write_bytes(b"".join(lines_of(path)[:-1]))
    cut = FileEventLog.read(path)
    assert cut.digest() != whole.digest()
    assert cut.head != whole.head


@pytest.mark.parametrize(("one", "other"), [(0, 1), (2, 3), (1, 5), (4, 5)])
def test_swapped_lines_are_found_and_the_first_named(path: Path, one: int, other: int) -> None:
    lines = lines_of(path)
    lines[one], lines[other] = lines[other], lines[one]
    path.write_bytes(b"".join(lines))
    with pytest.raises(IntegrityError, match=f"entry {one} "):
        FileEventLog(path, kernel="k1")


def test_a_doubled_line_is_found(path: Path) -> None:
    lines = lines_of(path)
    path.write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
    with pytest.raises(IntegrityError, match="entry 3 "):
        FileEventLog(path, kernel="k1")


def test_an_entry_that_was_changed_together_with_its_hash_breaks_the_next(path: Path) -> None:
    lines = lines_of(path)
    data = json.loads(lines[2])
    data["body"]["score"] = 1.0
    del data["hash"]
    lines[2] = canonical({**data, "hash": sha256_hex(canonical(data))}) + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(IntegrityError, match="entry 3 .* does not follow"):
        FileEventLog(path, kernel="k1")


@pytest.mark.parametrize(
    "line", [b"\n", b"[]\n", b"null\n", b"{}\n", b"\xff\n", b'{"seq":NaN}\n', b"[" * 100_000 + b"\n", b"1" * 5000 + b"\n"]
)
def test_a_line_that_is_no_entry_is_found_and_named(path: Path, line: bytes) -> None:
    path.write_bytes(b"".join([*lines_of(path), line]))
    with pytest.raises(IntegrityError, match="entry 6 .* cannot be read"):
        FileEventLog(path, kernel="k1")


def test_the_same_entry_written_in_another_way_is_found(path: Path) -> None:
    lines = lines_of(path)
    lines[1] = json.dumps(json.loads(lines[1])).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(IntegrityError, match="entry 1 "):
        FileEventLog(path, kernel="k1")


def test_a_change_is_found_by_who_reads_after_opening(path: Path) -> None:
    log = FileEventLog(path, kernel="k1")
    path.write_bytes(path.read_bytes().replace(b'"number":4', b'"number":7'))
    with pytest.raises(IntegrityError, match="entry 4 "):
        list(log.entries())


def test_entries_that_vanish_while_the_log_is_open_are_missed(path: Path) -> None:
    log = FileEventLog(path, kernel="k1")
    path.write_bytes(b"".join(lines_of(path)[:3]))
    with pytest.raises(IntegrityError, match="entry 3 "):
        list(log.entries())


def test_a_torn_last_line_is_cut_off_and_the_next_entry_takes_its_place(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    log = FileEventLog(path, kernel="k1")
    assert len(log) == ENTRIES - 1
    assert log.append("next", None).seq == ENTRIES - 1
    assert [entry.seq for entry in FileEventLog.read(path).entries()] == list(range(ENTRIES))


def test_looking_at_a_log_neither_cuts_nor_appends(path: Path) -> None:
    torn = path.read_bytes()[:-10]
    path.write_bytes(torn)
    log = FileEventLog.read(path)
    assert len(log) == ENTRIES - 1
    assert log.torn > 0
    with pytest.raises(InfrastructureError, match="reading only"):
        log.append("next", None)
    log.sync()
    log.close()
    assert path.read_bytes() == torn


def test_a_log_can_be_looked_at_while_a_run_writes(path: Path) -> None:
    writer = FileEventLog(path, kernel="k1")
    reader = FileEventLog.read(path)
    writer.append("next", None)
    assert len(list(reader.entries())) == ENTRIES
    assert len(FileEventLog.read(path)) == ENTRIES + 1


def test_a_log_that_is_not_there_cannot_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*absent.*No such file"):
        FileEventLog.read(tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_a_log_says_which_kernels_wrote_it(path: Path) -> None:
    log = FileEventLog(path, kernel="k2")
    log.append("next", None)
    assert log.kernels == ("k1", "k2")
    assert FileEventLog.read(path).kernels == ("k1", "k2")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("partly", [False, True])
def test_a_write_that_fails_leaves_the_log_as_it_was(path: Path, code: int, partly: bool) -> None:
    failing = [True]

    def write(fd: int, data: bytes) -> int:
        if not failing[0]:
            return os.write(fd, data)
        if partly:
            os.write(fd, data[:20])
        raise OSError(code, os.strerror(code))

    before = path.read_bytes()
    log = FileEventLog(path, kernel="k1", write=write)
    digest = log.digest()
    with pytest.raises(InfrastructureError, match=rf"cannot write .*log\.jsonl: {os.strerror(code)}"):
        log.append("next", None)
    assert path.read_bytes() == before
    assert (len(log), log.digest()) == (ENTRIES, digest)
    failing[0] = False
    assert log.append("next", None).seq == ENTRIES
    assert len(FileEventLog.read(path)) == ENTRIES + 1


@pytest.fixture
def file_size_limit() -> Iterator[Callable[[int], None]]:
    """Sets how long a file this process may write (a disk that fills up); lifted at the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 1, 50])
def test_a_full_disk_leaves_the_log_as_it_was(path: Path, room: int, file_size_limit: Callable[[int], None]) -> None:
    before = path.read_bytes()
    log = FileEventLog(path, kernel="k1")
    file_size_limit(len(before) + room)
    with pytest.raises(InfrastructureError, match="cannot write"):
        log.append("next", "x" * 100)
    file_size_limit(resource.RLIM_INFINITY)
    assert path.read_bytes() == before
    assert log.append("next", None).seq == ENTRIES


def test_a_second_writer_is_noticed_and_its_entries_are_left_alone(path: Path) -> None:
    one, two = (FileEventLog(path, kernel="k1") for _ in range(2))
    two.append("second", None)
    with pytest.raises(InfrastructureError, match="changed by another process"):
        one.append("first", None)
    assert [entry.kind for entry in FileEventLog.read(path).entries()][-1] == "second"


def test_a_place_that_cannot_be_written_is_a_line_for_the_user(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose a folder that can be written"):
        FileEventLog(tmp_path / "file" / "log.jsonl", kernel="k1")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into read-only folders")
def test_a_read_only_folder_is_a_line_for_the_user_and_can_still_be_looked_at(path: Path) -> None:
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with pytest.raises(UserError, match="Permission denied; choose a folder that can be written"):
            FileEventLog(path, kernel="k1")
        assert len(FileEventLog.read(path)) == ENTRIES
    finally:
        path.parent.chmod(0o700)


def test_the_kernel_is_named_by_its_source() -> None:
    name = kernel_hash()
    assert len(name) == 16
    assert int(name, 16) >= 0
    source_hash.cache_clear()
    assert name == kernel_hash()


@pytest.mark.parametrize("part", ["config/model.py", "core/codec.py", "kernel/judge/paired.py", "loop/cycle.py", "suites/seeds.py"])
def test_another_source_of_anything_that_decides_is_another_kernel(part: str, tmp_path: Path) -> None:
    copy = tmp_path / "rsi"
    shutil.copytree(Path(rsi.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / part).open("a") as handle:
        handle.write("# and nothing else\n")
    code = "from rsi.kernel.audit.identity import kernel_hash; print(kernel_hash())"
    found = subprocess.run(
        [sys.executable, "-B", "-c", code], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert len(found.stdout.strip()) == 16 and found.stdout.strip() != kernel_hash()
