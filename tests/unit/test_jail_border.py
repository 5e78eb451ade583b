"""What comes over the jail's border in odd ways: lists of files that lie, folders that are traps, templates that start nothing."""

import json
import os
import struct
from pathlib import Path

import pytest

from rsi.core.errors import UserError
from rsi.kernel.sandbox import open_jail, unreachable
from rsi.kernel.sandbox.agent import program_filter
from rsi.kernel.sandbox.collect import gather, unpack


def message(files: object, body: bytes = b"") -> bytes:
    head = json.dumps({"files": files}).encode()
    return struct.pack(">Q", len(head)) + head + body


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../x", "a//x", ".", "", "a\\x", "a\0x", "a\nx", "\x1b[2J", "\ud800", "x" * 1001, "a/" * 50 + "x"]
)
def test_a_file_that_would_leave_its_folder_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="name or size"):
        unpack(message([[path, 1]], b"x"), 10)


@pytest.mark.parametrize(
    "lie",
    [
        message([["a", 2]], b"x"),
        message([["a", 0]], b"x"),
        message([["a", 11]], bytes(11)),
        message([["a", -1], ["b", 2]], b"x"),
        message([["a", True]], b"x"),
        message([["a", 10**18]], b"x"),
        message([["a", 1], ["a", 1]], b"xy"),
        message([["a", 1], ["a/b", 1]], b"xy"),
        message([["a"]], b"x"),
        message({"a": 1}, b"x"),
        message([[f"{n}", 0] for n in range(10_001)]),
        struct.pack(">Q", 2**60),
        b"\0" * 7,
        struct.pack(">Q", 4) + b"null",
    ],
)
def test_a_list_of_files_that_lies_gives_none(lie: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(lie, 10)


def test_a_file_with_another_name_outside_stays_behind(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    box = tmp_path / "box"
    box.mkdir()
    os.link(tmp_path / "secret", box / "stolen")
    (box / "one").write_text("both names are inside")
    os.link(box / "one", box / "two")
    assert set(unpack(gather(str(box), 1000), 1000)) == {"one", "two"}


def test_too_many_entries_of_any_kind_bring_nothing_out(tmp_path: Path) -> None:
    for index in range(10_001):
        (tmp_path / f"{index}").symlink_to("nowhere")
    with pytest.raises(ValueError, match="more than 10000"):
        unpack(gather(str(tmp_path), 1000), 1000)


def test_a_template_must_say_where_the_program_goes() -> None:
    assert unreachable("S4") == "no command template given"
    for template in ("docker run image", "{program}", "sh -c '{program} {program}'", "sh -c '"):
        with pytest.raises(UserError, match="template"):
            open_jail(tier="S4", template=template)


def test_a_template_that_starts_nothing_is_told_so() -> None:
    with pytest.raises(UserError, match="S4"):
        open_jail(tier="S4", template="/no/such/runtime -c {program}")


@pytest.mark.parametrize(("machine", "special"), [("x86_64", 302), ("aarch64", 261)])
def test_the_filter_for_programs_answers_every_call_within_reach(machine: str, special: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    lines = list(struct.iter_unpack("HBBI", program_filter()))
    assert all(at + 1 + max(yes, no) < len(lines) for at, (_, yes, no, _) in enumerate(lines) if lines[at][0] != 0x06)
    assert lines[-1][0] == 0x06 and any(value == special for _, _, _, value in lines)
