"""What a message tells of the files of whom it is about."""

from rsi.loop.messages import _texts


def test_texts_are_told_the_smallest_first_until_there_is_no_room_and_what_is_left_out_is_named() -> None:
    files = {"a.json": b"x" * 1_500_000, "b.json": b"y" * 900_000, "c.py": b"z\n", "d.bin": b"\xff\xfe"}
    texts, omitted = _texts(files)
    assert sorted(texts) == ["b.json", "c.py"] and texts["c.py"] == "z\n"
    assert sorted(map(str, omitted)) == ["a.json", "d.bin"]
