"""What models were asked and what they said stays with the run."""

from pathlib import Path

import pytest

from rsi.core.errors import IntegrityError
from rsi.kernel.models.ledger import Hold, Spent
from rsi.kernel.models.record import CALLS_FILE, Record

BODY = {"messages": [{"role": "user", "content": "Hello."}]}
COST = Spent(calls=1, tokens=14, nano=7)


def answered(folder: Path, *texts: str) -> Record:
    record = Record(folder)
    for text in texts:
        number = record.hold(Hold(number=1, most=Spent(calls=1, tokens=1_000, nano=1_000)))
        record.settle(number, COST)
        record.answer(record.next("job", BODY), BODY, {"chat": {"text": text}}, COST)
    return record


def test_the_same_request_of_a_job_is_told_apart_by_how_often_it_was_made(tmp_path: Path) -> None:
    answered(tmp_path, "one", "two")
    record = Record(tmp_path)
    said = [record.reply(record.next("job", BODY)) for _ in range(3)]
    assert [one and one[0] for one in said] == [{"chat": {"text": "one"}}, {"chat": {"text": "two"}}, None]
    assert record.reply(record.next("another job", BODY)) is None


def test_a_job_that_starts_again_is_counted_from_the_beginning(tmp_path: Path) -> None:
    record = answered(tmp_path, "one")
    assert record.reply(record.next("job", BODY)) is None
    record.begin("job")
    assert record.reply(record.next("job", BODY)) == ({"chat": {"text": "one"}}, COST)


def test_what_was_spent_is_known_after_the_process_ended(tmp_path: Path) -> None:
    answered(tmp_path, "one", "two")
    assert Record(tmp_path).spent == COST + COST


def test_a_call_that_was_under_way_at_the_end_counts_with_all_that_was_set_aside(tmp_path: Path) -> None:
    record = answered(tmp_path, "one")
    record.hold(Hold(number=2, most=Spent(calls=1, tokens=900, nano=90)))
    assert Record(tmp_path).spent == COST + Spent(calls=1, tokens=900, nano=90)


def test_half_a_line_at_the_end_is_dropped_and_what_follows_is_whole(tmp_path: Path) -> None:
    answered(tmp_path, "one")
    with (tmp_path / CALLS_FILE).open("ab") as file:
        file.write(b'{"answer":"half')
    again = Record(tmp_path)
    again.answer(again.next("later", BODY), BODY, {"chat": {"text": "two"}}, COST)
    assert len(Record(tmp_path)) == 2


def test_a_later_reply_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    record = answered(tmp_path, "one")
    record.begin("job")
    record.answer(record.next("job", BODY), BODY, {"chat": {"text": "new"}}, COST)
    again = Record(tmp_path)
    assert again.reply(again.next("job", BODY)) == ({"chat": {"text": "new"}}, COST)


def test_a_text_that_was_changed_is_found_out(tmp_path: Path) -> None:
    answered(tmp_path, "one")
    (path,) = [path for path in tmp_path.rglob("*.json") if b"one" in path.read_bytes()]
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))
    record = Record(tmp_path)
    with pytest.raises(IntegrityError, match="was changed"):
        record.reply(record.next("job", BODY))
    path.unlink()
    record.begin("job")
    with pytest.raises(IntegrityError, match="cannot be read"):
        record.reply(record.next("job", BODY))


def test_a_line_that_is_none_is_an_error_with_its_number(tmp_path: Path) -> None:
    (tmp_path / CALLS_FILE).write_bytes(b'{"budget":[1,2,3]}\nnot JSON\n')
    with pytest.raises(IntegrityError, match=f"{CALLS_FILE}:2"):
        Record(tmp_path)
