"""What every event log must hold to: subclass `EventLogConformance` and give it an empty log.

class TestMyLog(EventLogConformance):
    def make_log(self, folder: Path) -> EventLog:
        return MyLog(folder / "log")
"""

import hashlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi.core.codec import canonical
from rsi.core.errors import MessageError
from rsi.core.protocols import EventLog
from rsi.core.records import Json

__all__ = ["EventLogConformance", "plain_data"]

_EVENTS: tuple[tuple[str, Json], ...] = (
    ("run.started", {"seed": 1, "text": 'ä "quoted"\n\u2028 line'}),
    ("trials.done", [0.1, -0.0, 1e300, 10**30, True, None, ""]),
    ("run.ended", None),
)


def plain_data() -> st.SearchStrategy[Json]:
    """Plain JSON data of any shape that a log must keep."""
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    scalars = st.none() | st.booleans() | numbers | text
    return cast(
        st.SearchStrategy[Json],
        st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=8),
    )


class EventLogConformance(ABC):
    """The contract of `rsi.core.protocols.EventLog`."""

    @abstractmethod
    def make_log(self, folder: Path) -> EventLog:
        """An empty log; what it needs on disk lies in `folder`, which is empty."""

    def test_a_new_log_is_empty(self, tmp_path: Path) -> None:
        """No entries, and the digest of nothing."""
        log = self.make_log(tmp_path)
        assert list(log.entries()) == []
        assert log.digest() == hashlib.sha256().hexdigest()

    def test_entries_come_back_as_they_were_appended(self, tmp_path: Path) -> None:
        """In order, numbered from 0, and equal to what `append` returned."""
        log = self.make_log(tmp_path)
        returned = [log.append(kind, body, {"wall_s": 0.5}) for kind, body in _EVENTS]
        assert list(log.entries()) == returned
        assert [(e.seq, e.kind, e.body, e.clock) for e in returned] == [(i, *_EVENTS[i], {"wall_s": 0.5}) for i in range(3)]

    def test_all_plain_data_is_kept_exactly(self, tmp_path: Path) -> None:
        """Types too: 1 is not 1.0 and not true."""
        log = self.make_log(tmp_path)

        @given(body=plain_data(), clock=plain_data())
        def check(body: Json, clock: Json) -> None:
            log.append("any", body, clock)
            *_, last = log.entries()
            assert (canonical(last.body), canonical(last.clock)) == (canonical(body), canonical(clock))

        check()

    def test_the_digest_is_that_of_kinds_and_bodies(self, tmp_path: Path) -> None:
        """By the formula that anybody can compute: SHA-256 over the canonical form of each `[kind, body]`."""
        log = self.make_log(tmp_path)
        for kind, body in _EVENTS:
            log.append(kind, body, {"wall_s": 1.0})
        assert log.digest() == hashlib.sha256(b"".join(canonical([kind, body]) for kind, body in _EVENTS)).hexdigest()

    def test_the_clock_changes_the_hash_and_not_the_digest(self, tmp_path: Path) -> None:
        """Equal decisions at another speed are equal decisions."""
        slow, fast = self._two(tmp_path)
        hashes = slow.append("a", 1, {"wall_s": 9.0}).hash, fast.append("a", 1, {"wall_s": 0.1}).hash
        assert hashes[0] != hashes[1]
        assert slow.digest() == fast.digest()

    def test_taking_a_run_up_again_is_not_part_of_the_digest(self, tmp_path: Path) -> None:
        """A run that was killed has the digest of an unbroken one."""
        broken, whole = self._two(tmp_path)
        for log in (broken, whole):
            log.append("a", 1)
        broken.append("run.resumed", {})
        for log in (broken, whole):
            log.append("b", 2)
        assert broken.digest() == whole.digest()
        assert [entry.kind for entry in broken.entries()] == ["a", "run.resumed", "b"]

    @pytest.mark.parametrize("other", [[("b", 1), ("a", 1)], [("a", 1)], [("a", 1), ("b", 2)], [("a", 1), ("b", True)]])
    def test_other_decisions_have_another_digest(self, tmp_path: Path, other: list[tuple[str, Json]]) -> None:
        """Order, number, kinds and bodies count."""
        one, two = self._two(tmp_path)
        one.append("a", 1)
        one.append("b", 1)
        for kind, body in other:
            two.append(kind, body)
        assert one.digest() != two.digest()

    def test_a_hash_depends_on_all_entries_before(self, tmp_path: Path) -> None:
        """The same event after another past has another hash, after the same past the same."""
        one, two = self._two(tmp_path)
        assert one.append("first", 1).hash != two.append("first", 2).hash
        assert one.append("second", {}).hash != two.append("second", {}).hash

    def test_what_happens_to_a_body_later_does_not_reach_the_log(self, tmp_path: Path) -> None:
        """The log keeps values, not objects."""
        log = self.make_log(tmp_path)
        body: dict[str, Json] = {"score": 1}
        log.append("a", body)
        body["score"] = 2
        assert next(log.entries()).body == {"score": 1}

    @pytest.mark.parametrize("body", [float("nan"), float("inf"), "\ud800", {"a": {1, 2}}, b"bytes"])
    def test_what_is_not_plain_data_is_refused(self, tmp_path: Path, body: object) -> None:
        """And nothing of it is kept."""
        log = self.make_log(tmp_path)
        log.append("a", 1)
        before = log.digest()
        with pytest.raises(MessageError):
            log.append("b", cast(Json, body))
        assert [entry.kind for entry in log.entries()] == ["a"]
        assert log.digest() == before
        assert log.append("c", 2).seq == 1

    def test_forcing_to_the_disk_changes_nothing_that_can_be_read(self, tmp_path: Path) -> None:
        """Whenever it is called."""
        log = self.make_log(tmp_path)
        log.sync()
        entry = log.append("a", 1)
        log.sync()
        assert list(log.entries()) == [entry]

    def _two(self, folder: Path) -> tuple[EventLog, EventLog]:
        for name in ("one", "two"):
            (folder / name).mkdir()
        return self.make_log(folder / "one"), self.make_log(folder / "two")
