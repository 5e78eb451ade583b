"""When a call's folder is looked at."""

from pathlib import Path

import pytest

from rsi.kernel.sandbox import filling


def test_a_file_system_that_has_as_much_left_as_before_is_looked_at_every_fifth_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [(1_000, 10)]
    monkeypatch.setattr(filling, "_room", lambda folder: left[0])
    folder = tmp_path / "work"
    folder.mkdir()
    guard = filling.Guard(str(folder), most_bytes=1_000_000, most_entries=1, shared=False)
    for name in ("one", "two"):
        (folder / name).touch()
    assert [guard.alarm() for _ in range(5)] == ["", "", "", "", "full"]
    left[0] = (900, 8)
    assert guard.alarm() == "full"


def test_looks_become_rare_while_nothing_is_written_and_frequent_again_with_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [(1_000, 10)]
    monkeypatch.setattr(filling, "_room", lambda folder: left[0])
    guard = filling.Guard(str(tmp_path), most_bytes=1_000_000, most_entries=10, shared=False)
    waits = [guard.wait_s]
    for _ in range(12):
        assert guard.alarm() == ""
        waits.append(guard.wait_s)
    assert waits == sorted(waits)
    assert waits[-1] >= 4 * waits[0]
    left[0] = (999, 10)
    assert guard.alarm() == ""
    assert guard.wait_s < waits[-1] / 2
