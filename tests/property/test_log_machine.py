"""Whatever is appended and wherever a crash cuts the file: what was fully written is there, and it verifies."""

import hashlib
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rsi.core.codec import canonical
from rsi.core.errors import InfrastructureError
from rsi.core.records import Json
from rsi.kernel.audit.chain import UNCOUNTED
from rsi.kernel.audit.log import FileEventLog
from rsi.testing.conformance.event_log import plain_data


class FailingDisk:
    """A write that takes so many bytes (None: all) and fails if it takes none."""

    def __init__(self) -> None:
        self.room: int | None = None

    def __call__(self, fd: int, data: bytes) -> int:
        with open(fd, "ab", buffering=0, closefd=False) as raw:
            if self.room is None:
                return raw.write(data)
            if self.room == 0:
                raise OSError(28, "No space left on device")
            return raw.write(data[: self.room])


class LogMachine(RuleBasedStateMachine):
    """A log, a model of it (kind and body of each entry with the offset where its line ends), and crashes."""

    @initialize()
    def open_a_new_log(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.disk = FailingDisk()
        self.model: list[tuple[str, Json, int]] = []
        self.log = self._open()

    @rule(kind=st.sampled_from(["trials.done", "verdict.given", "run.resumed"]), body=plain_data(), clock=plain_data())
    def append(self, kind: str, body: Json, clock: Json) -> None:
        self.log.append(kind, body, clock)
        self.model.append((kind, body, self._path.stat().st_size))

    @rule(room=st.integers(0, 60))
    def append_on_a_full_disk(self, room: int) -> None:
        self.disk.room = room
        with pytest.raises(InfrastructureError):
            self.log.append("lost", None)
        self.disk.room = None

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """Cut the file at any byte: what a crash leaves of the last writes."""
        size = self._path.stat().st_size
        cut = data.draw(st.integers(0, size) | st.integers(max(0, size - 200), size), label="cut")
        self.log.close()
        with self._path.open("r+b") as handle:
            handle.truncate(cut)
        self.model = [entry for entry in self.model if entry[2] <= cut]
        self.log = self._open()

    @rule(junk=st.binary(min_size=1, max_size=80).filter(lambda junk: b"\n" not in junk))
    def crash_while_a_line_is_written(self, junk: bytes) -> None:
        """Leave any bytes without an end of line."""
        self.log.close()
        with self._path.open("ab") as handle:
            handle.write(junk)
        looked_at = FileEventLog.read(self._path)
        assert looked_at.torn == len(junk)
        assert len(looked_at) == len(self.model)
        self.log = self._open()

    @rule()
    def open_again(self) -> None:
        self.log.close()
        self.log = self._open()

    @invariant()
    def everything_written_is_there(self) -> None:
        entries = list(self.log.entries())
        assert [(e.kind, canonical(e.body)) for e in entries] == [(kind, canonical(body)) for kind, body, _ in self.model]
        assert [e.seq for e in entries] == list(range(len(entries)))

    @invariant()
    def the_digest_is_that_of_the_model(self) -> None:
        counted = [canonical([kind, body]) for kind, body, _ in self.model if kind not in UNCOUNTED]
        assert self.log.digest() == hashlib.sha256(b"".join(counted)).hexdigest()

    @invariant()
    def the_file_ends_with_the_last_entry(self) -> None:
        assert self._path.stat().st_size == (self.model[-1][2] if self.model else 0)

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.log.close()
            shutil.rmtree(self.folder)

    @property
    def _path(self) -> Path:
        return self.folder / "log.jsonl"

    def _open(self) -> FileEventLog:
        return FileEventLog(self._path, kernel="test", write=self.disk)


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(stateful_step_count=25)
