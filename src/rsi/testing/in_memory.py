"""A whole run in a few hundredths of a second: the real loop over an archive, a log and a floor that live in memory.

Covers: every decision of a run. Does not cover: files, locks, threads, stopping and resuming; those are `rsi.loop.run`'s.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

from rsi.config import RunConfig
from rsi.core.codec import sha256_hex
from rsi.core.errors import IntegrityError
from rsi.core.protocols import Entry, Files, Jail
from rsi.core.records import CandidateId, Json, TreeId
from rsi.kernel.evaluate import Bench
from rsi.kernel.judge import AlphaSpending, Race
from rsi.loop.cycle import live
from rsi.loop.machine import Machine, Opening, Staff, settings_of
from rsi.loop.orders import Done, Order
from rsi.loop.parts import Parts
from rsi.loop.replay import Journal
from rsi.testing.memory_log import MemoryLog

__all__ = ["MemoryArchive", "SingleWorker", "live_in_memory"]


class MemoryArchive:
    """An `Archive` that lives as long as its object."""

    def __init__(self) -> None:
        """Nothing in it."""
        self._trees: dict[str, dict[str, str]] = {}
        self._commits: dict[str, TreeId] = {}
        self._blobs: dict[str, bytes] = {}

    def add(self, files: Files, *, parents: Sequence[CandidateId], message: str) -> CandidateId:
        """Keep a tree as a commit and return its name."""
        blobs = {path: self.add_blob(content) for path, content in files.items()}
        tree = TreeId(_name("tree", repr(sorted(blobs.items())).encode()))
        commit = _name("commit", repr((tree, list(parents), message)).encode())
        self._trees[tree], self._commits[commit] = blobs, tree
        return CandidateId(commit)

    def tree(self, candidate: CandidateId) -> TreeId:
        """The tree of a candidate."""
        if candidate not in self._commits:
            raise IntegrityError(f"{candidate!r} is no candidate of this archive")
        return self._commits[candidate]

    def files(self, candidate: CandidateId) -> Files:
        """The files of a candidate."""
        return {path: self._blobs[name] for path, name in self._trees[self.tree(candidate)].items()}

    def add_blob(self, content: bytes) -> str:
        """Keep some bytes and return their name."""
        name = _name("blob", content)
        self._blobs[name] = content
        return name

    def blob(self, name: str) -> bytes:
        """The bytes of that name."""
        if name not in self._blobs:
            raise IntegrityError(f"{name!r} is no name of bytes in this archive")
        return self._blobs[name]

    def names(self) -> Iterator[str]:
        """Names of all objects."""
        yield from [*self._trees, *self._commits, *self._blobs]


def _name(kind: str, content: bytes) -> str:
    return sha256_hex(kind.encode() + b"\0" + content)


class SingleWorker:
    """A `Floor` whose one worker carries an order out at the moment at which its result is due, and never before."""

    def __init__(self, jail: Jail) -> None:
        """All work is done in this jail."""
        self._bench = Bench(lambda: jail)

    def begin(self, order: Order) -> "Future[Done]":
        """Nothing yet: the order waits until it is due."""
        return Future()

    def result(self, order: Order, future: "Future[Done]") -> Done:
        """Carry the order out."""
        return order.work(self._bench)


def live_in_memory(
    config: RunConfig,
    start_files: Files,
    parts: Parts,
    *,
    archive: MemoryArchive,
    observer: Callable[[Entry], None],
    spending: AlphaSpending | None = None,
    staff: Staff | None = None,
    target: Json = None,
) -> None:
    """A whole run without a folder; `observer` sees every entry when it happens.

    Args:
        spending: hands out the levels of the tests instead of the configured error budget: for showing what a liar would do.
        staff: in a run on a target its agents, and whoever else takes part.
        target: what the log says of the target.
    """
    opening = Opening(tier=parts.tier(), kernel="test", commitments=parts.commitments, secrets=parts.secrets, target=target)
    journal = Journal(MemoryLog(), (), observer)
    floor = SingleWorker(parts.make_jail())
    machine = Machine(config, start_files, opening=opening, archive=archive, suite=parts.suite, journal=journal, floor=floor, staff=staff)
    if spending is not None:
        machine.race = Race(settings_of(config), random.Random(config.run.seed), levels=spending)
    try:
        live(machine)
    finally:
        machine.desk.close()
