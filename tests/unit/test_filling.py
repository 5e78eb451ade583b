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
