"""Finished results survive a crash until they are due."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.core.codec import canonical
from rsi.core.errors import InfrastructureError, IntegrityError, MessageError
from rsi.core.records import Json
from rsi.kernel.audit.spool import Spool, Spooled
from rsi.testing.conformance.event_log import plain_data

RESULTS: tuple[tuple[str, Json], ...] = (("trials/1", {"score": 0.5}), ("propose/ä", [1, None]), ("build", "text\n"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A spool of three results."""
    spool = Spool(tmp_path / "spool.jsonl")
    for key, value in RESULTS:
        spool.put(key, value, {"wall_s": 2.0})
    spool.close()
    return tmp_path / "spool.jsonl"


def test_results_are_there_after_opening_again(path: Path) -> None:
    spool = Spool(path)
    assert spool.keys() == tuple(key for key, _ in RESULTS)
    assert [spool.get(key) for key, _ in RESULTS] == [Spooled(value=value, clock={"wall_s": 2.0}) for _, value in RESULTS]
    assert spool.get("absent") is None


@given(value=plain_data(), clock=plain_data())
def test_all_plain_data_is_kept_exactly(tmp_path_factory: pytest.TempPathFactory, value: Json, clock: Json) -> None:
    path = tmp_path_factory.mktemp("spool") / "spool.jsonl"
    spool = Spool(path)
    spool.put("key", value, clock)
    for reader in (spool, Spool(path)):
        found = reader.get("key")
        assert found is not None
        assert (canonical(found.value), canonical(found.clock)) == (canonical(value), canonical(clock))
        reader.close()


def test_a_later_result_replaces_an_earlier_one_of_the_same_key(path: Path) -> None:
    spool = Spool(path)
    spool.put("build", 2)
    for reader in (spool, Spool(path)):
        found = reader.get("build")
        assert found is not None
        assert found.value == 2


def test_clearing_forgets_everything_and_leaves_the_spool_usable(path: Path) -> None:
    spool = Spool(path)
    spool.clear()
    assert spool.keys() == ()
    assert path.stat().st_size == 0
    spool.put("new", 1)
    assert Spool(path).keys() == ("new",)


@given(data=st.data())
def test_a_crash_at_any_byte_loses_only_what_was_not_fully_written(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("spool") / "spool.jsonl"
    spool = Spool(path)
    ends = []
    for key, value in RESULTS:
        spool.put(key, value)
        ends.append(path.stat().st_size)
    spool.close()
    cut = data.draw(st.integers(0, ends[-1]))
    os.truncate(path, cut)
    again = Spool(path)
    assert len(again.keys()) == sum(end <= cut for end in ends)
    again.put("next", 1)
    again.close()
    assert Spool(path).keys()[-1] == "next"


@pytest.mark.parametrize("junk", [b"\0" * 40, b"\0" * 40 + b"\n", b"half a line", b"0" * 64 + b" {}\n", b"\n"])
def test_a_broken_last_line_is_dropped(path: Path, junk: bytes) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole + junk)
    assert len(Spool(path).keys()) == len(RESULTS)
    assert path.read_bytes() == whole


def test_a_broken_line_before_the_last_is_an_error_that_names_it(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"[1,null]", b"[2,null]"))
    with pytest.raises(IntegrityError, match=r"line 2 of .*spool\.jsonl is broken; delete the file"):
        Spool(path)


def test_a_result_that_was_changed_while_the_spool_is_open_is_not_used(path: Path) -> None:
    spool = Spool(path)
    path.write_bytes(path.read_bytes().replace(b"0.5", b"1.0"))
    with pytest.raises(IntegrityError, match="trials/1"):
        spool.get("trials/1")


def test_a_result_that_could_not_be_written_is_not_there(path: Path) -> None:
    before = path.read_bytes()

    def half(fd: int, data: bytes) -> int:
        return os.write(fd, data[: len(data) // 2])

    spool = Spool(path, write=half)
    with pytest.raises(InfrastructureError, match="is the disk full"):
        spool.put("lost", 1)
    assert spool.get("lost") is None
    assert path.read_bytes() == before


def test_what_is_not_plain_data_is_refused(path: Path) -> None:
    spool = Spool(path)
    with pytest.raises(MessageError):
        spool.put("nan", float("nan"))
    assert spool.get("nan") is None
