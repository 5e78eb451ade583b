"""Same seed, same decisions: whatever the number of workers and however unevenly they work."""

import threading
import time
from pathlib import Path

from rsi.core.codec import canonical, sha256_hex
from rsi.core.protocols import Call, Jail, Reply, Serve
from rsi.kernel.audit.log import FileEventLog
from rsi.loop.run import run
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts


class Uneven(ToyJail):
    """Takes up to 8 ms longer for some calls than for others, in another pattern for each salt."""

    def __init__(self, salt: int) -> None:
        self._salt = salt

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        weight = int(sha256_hex(canonical([self._salt, call.function, call.payload]))[:4], 16) / 65536
        time.sleep(0.008 * weight)
        return super().call(call, serve)


def digest_of(folder: Path, seed: int, workers: int, *, frozen: bool = False, course: str = "race") -> str:
    def make_jail() -> Jail:
        return Uneven(workers)

    config = toy_config(seed=seed, frozen=frozen, course=course)
    parts = toy_parts(config, make_jail)
    result = run(folder, config, toy_agent(), workers=workers, observer=lambda entry: None, stop=threading.Event(), parts=parts)
    assert result.finished
    return FileEventLog.read(folder / "log.jsonl").digest()


def test_one_two_and_five_workers_of_uneven_speed_come_to_the_same_decisions(tmp_path: Path) -> None:
    assert len({digest_of(tmp_path / str(workers), 3, workers) for workers in (1, 2, 5)}) == 1


def test_a_tree_does_not_depend_on_its_workers(tmp_path: Path) -> None:
    assert len({digest_of(tmp_path / str(workers), 3, workers, course="tree") for workers in (1, 2, 4)}) == 1


def test_the_frozen_control_too_does_not_depend_on_its_workers(tmp_path: Path) -> None:
    assert len({digest_of(tmp_path / str(workers), 3, workers, frozen=True) for workers in (1, 3)}) == 1


def test_another_seed_comes_to_other_decisions(tmp_path: Path) -> None:
    assert digest_of(tmp_path / "a", 3, 2) != digest_of(tmp_path / "b", 4, 2)
