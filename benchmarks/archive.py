"""What archive, log, spool and index cost: run `python benchmarks/archive.py`; it takes about half a minute.

Candidates: 30 files, 200 kB in all, of which each candidate changes one (7 kB). Disk: 1,000 candidates of 8 kB in 4 files, each changing
one line. All numbers are CPU seconds of this process (git's own work in `pack` is given as wall time).
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from rsi.core.records import CandidateId, Json
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.archive.index import Index
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.audit.spool import Spool

__all__ = ["main"]

WORDS = [f"word_{number}" for number in range(500)]
Row = tuple[str, str]
T = TypeVar("T")


def source(rng: random.Random, size: int) -> bytes:
    """Lines of words: compresses about as well as source does."""
    lines = [" ".join(rng.choices(WORDS, k=8)) for _ in range(size // 60)]
    return "\n".join(lines).encode()[:size]


def each(work: Callable[[T], object], items: Iterable[T]) -> None:
    """Do `work` on all items."""
    for item in items:
        work(item)


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of `work`."""
    before = time.process_time()
    work()
    return time.process_time() - before


def disk(folder: Path) -> float:
    """Megabytes in blocks that a folder takes."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*")) / 1e6


def objects(folder: Path) -> list[Row]:
    """Writing and reading blobs of 8 kB."""
    rng = random.Random(1)
    contents = [source(rng, 8000) for _ in range(2000)]
    archive = GitArchive(folder)
    names: list[str] = []
    written = cpu(lambda: names.extend(archive.add_blob(content) for content in contents))
    read = cpu(lambda: [archive.blob(name) for name in names])
    return [("objects of 8 kB written per second", f"{2000 / written:,.0f}"), ("read per second", f"{2000 / read:,.0f}")]


def candidates(folder: Path) -> list[Row]:
    """Adding and reading candidates of 30 files, loose and packed; the first and the last hundred of 2,000."""
    rng = random.Random(2)
    files = {f"{'lib/' if number % 3 else 'agent/deep/'}file_{number}.py": source(rng, 6800) for number in range(30)}
    archive = GitArchive(folder)
    names = [archive.add(files, parents=(), message="start")]

    def add(count: int) -> None:
        for _ in range(count):
            files["lib/file_1.py"] = source(rng, 6800)
            names.append(archive.add(files, parents=names[-1:], message="change"))

    made = 100 * cpu(lambda: source(rng, 6800))
    first = cpu(lambda: add(100)) - made
    add(1800)
    last = cpu(lambda: add(100)) - made
    loose = cpu(lambda: [archive.files(name) for name in names[-100:]])
    archive.pack()
    packed = cpu(lambda: [archive.files(name) for name in names[-100:]])
    return [
        ("ms per candidate added, 1st … 100th", f"{first * 10:.2f}"),
        ("ms per candidate added, 1,901st … 2,000th", f"{last * 10:.2f}"),
        ("ms to read a candidate, loose", f"{loose * 10:.2f}"),
        ("ms to read a candidate, packed", f"{packed * 10:.2f}"),
    ]


def room(folder: Path) -> list[Row]:
    """Disk for 1,000 candidates of 8 kB, before and after packing."""
    rng = random.Random(3)
    trees = {f"lib/part_{number}.py": source(rng, 2000).split(b"\n") for number in range(4)}
    archive = GitArchive(folder)
    parents: list[CandidateId] = []
    for number in range(1000):
        lines = trees[f"lib/part_{rng.randrange(4)}.py"]
        lines[rng.randrange(len(lines))] = source(rng, 60)
        files = {path: b"\n".join(part) for path, part in trees.items()}
        parents = [archive.add(files, parents=parents, message=f"change {number}")]
    before = disk(folder)
    each(archive.add_blob, [source(rng, 1000) for _ in range(1000)])
    messages = disk(folder)
    started = time.perf_counter()
    packed = archive.pack()
    wall = time.perf_counter() - started
    return [
        ("MB for 1,000 candidates × 8 kB, loose", f"{before:.1f}"),
        ("MB with a message of 1 kB each, loose", f"{messages:.1f}"),
        ("MB for candidates and messages, packed", f"{disk(folder):.1f} ({wall:.1f} s)" if packed else "no git"),
    ]


def events(folder: Path) -> list[Row]:
    """Appending, verifying and indexing 20,000 entries of 5 trials each; spooling as many."""
    folder.mkdir()
    trials: list[Json] = [
        {"case": f"case-{number}", "family": "level 2", "label": "solved", "outcome": "answered", "programs": 1000, "score": 0.5}
        for number in range(5)
    ]
    body: Json = {"candidate": "a" * 64, "pool": "judge", "purpose": "judge", "trials": trials}
    log = FileEventLog(folder / "log.jsonl", kernel="benchmark")
    spool = Spool(folder / "spool.jsonl")
    appended = cpu(lambda: [log.append("trials.done", body, {"wall_s": 0.1}) for _ in range(20_000)])
    verified = cpu(lambda: FileEventLog.read(folder / "log.jsonl"))
    entries = list(log.entries())
    rebuilt = cpu(lambda: Index.rebuild(folder / "index.sqlite", entries))
    index = Index.rebuild(folder / "index2.sqlite", entries[:10_000])
    updated = cpu(lambda: each(index.update, entries[10_000:]))
    spooled = cpu(lambda: each(lambda number: spool.put(f"job-{number}", body), range(20_000)))
    return [
        ("µs per entry appended (0.7 kB)", f"{appended * 50:.0f}"),
        ("µs per entry verified at opening", f"{verified * 50:.0f}"),
        ("µs per entry indexed, rebuilding (5 trials)", f"{rebuilt * 50:.0f}"),
        ("µs per entry indexed, one by one", f"{updated * 100:.0f}"),
        ("µs per result spooled (0.7 kB)", f"{spooled * 50:.0f}"),
    ]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        for part in (objects, candidates, room, events):
            for what, value in part(Path(scratch) / part.__name__):
                print(f"{what:<50} {value:>14}", flush=True)


if __name__ == "__main__":
    main()
