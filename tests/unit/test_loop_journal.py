"""When the journal forces entries to the disk, and what the index in the run's folder knows after a stop."""

import threading
from contextlib import closing
from pathlib import Path

from rsi.core.protocols import Entry
from rsi.kernel.archive.index import Index
from rsi.kernel.audit.log import FileEventLog
from rsi.loop.replay import Journal
from rsi.loop.run import run
from rsi.testing.memory_log import MemoryLog
from rsi.testing.toy import toy_agent, toy_config, toy_parts


def forced(kinds: list[tuple[float, str]]) -> list[int]:
    """Which of these entries (seconds, kind) are forced to the disk as soon as they are written."""
    seconds, found = [0.0], list[int]()
    log = MemoryLog()
    journal = Journal(log, (), lambda entry: None, lambda: (seconds[0], 0.0), lambda: found.append(len(list(log.entries())) - 1))
    for at, kind in kinds:
        seconds[0] = at
        journal.emit(kind, {})
    return found


def test_what_is_kept_is_forced_to_the_disk_at_once_and_everything_within_two_seconds() -> None:
    assert forced([(0.0, "incumbent.changed"), (0.0, "certificate.issued"), (0.0, "run.ended"), (0.0, "trials.done")]) == [0, 1, 2]
    assert forced([(1.9, "trials.done"), (2.0, "trials.done"), (2.1, "trials.done")]) == [1]


def test_many_verdicts_are_forced_to_the_disk_together() -> None:
    assert forced([(number / 64, "verdict.given") for number in range(1, 29)]) == [6, 13, 20, 27]
    assert forced([(10.0 * number, "verdict.given") for number in range(1, 4)]) == [0, 1, 2]


def test_the_index_of_a_run_that_was_stopped_has_all_of_its_log(tmp_path: Path) -> None:
    stop, config = threading.Event(), toy_config(seed=1)

    def observer(entry: Entry) -> None:
        if entry.seq == 90:
            stop.set()

    result = run(tmp_path, config, toy_agent(), workers=1, observer=observer, stop=stop, parts=toy_parts(config))
    assert not result.finished
    with closing(FileEventLog.read(tmp_path / "log.jsonl")) as log, closing(Index(tmp_path / "index.sqlite")) as index:
        assert index.position == len(log) - 1 >= 90
        assert index.dump() == Index.rebuild(None, log.entries()).dump()
