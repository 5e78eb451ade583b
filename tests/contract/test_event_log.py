"""The log in a file and the log in memory hold to the contract of event logs."""

from pathlib import Path

from rsi.core.protocols import EventLog
from rsi.kernel.audit.log import FileEventLog
from rsi.testing.conformance.event_log import EventLogConformance
from rsi.testing.memory_log import MemoryLog


class TestFileEventLog(EventLogConformance):
    def make_log(self, folder: Path) -> EventLog:
        return FileEventLog(folder / "log.jsonl", kernel="test")


class TestMemoryLog(EventLogConformance):
    def make_log(self, folder: Path) -> EventLog:
        return MemoryLog()


def test_a_log_in_memory_and_one_in_a_file_have_the_same_hashes(tmp_path: Path) -> None:
    logs: tuple[EventLog, ...] = (FileEventLog(tmp_path / "log.jsonl", kernel="k"), MemoryLog(kernel="k"))
    for log in logs:
        log.append("a", {"x": [1, 2.5]}, {"wall_s": 1.0})
        log.append("b", None)
    assert list(logs[0].entries()) == list(logs[1].entries())
