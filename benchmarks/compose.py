"""What the toggle tree costs: run `python benchmarks/compose.py [candidates]`; it takes about a minute.

An incumbent of 30 files, 200 kB in all, with 16 open edits. Usual: each edit changes one or two lines of one or two files. Worst: all
16 edit one file of 900 kB. Each trial draws a subset with one half, without conflicting pairs. Then the trees are archived beside so
many candidates that are there already (10,000 if not said). All numbers are CPU milliseconds of this process: median, 99th
percentile, most.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from rsi.core.codec import sha256_hex
from rsi.core.records import FileEdit, ProposalId
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.workspace import Composer, Composition, apply

__all__ = ["main"]

WORDS = [f"word_{number}" for number in range(500)]
EDITS, TRIALS = 16, 1000
Files = dict[str, bytes]
Patches = dict[ProposalId, tuple[FileEdit, ...]]
Row = tuple[str, str]
T = TypeVar("T")


def lines(rng: random.Random, size: int) -> list[str]:
    """Lines of words: as long as those of source, now and then the same."""
    return [" ".join(rng.choices(WORDS, k=rng.choice((0, 4, 8)))) + "\n" for _ in range(size // 33)]


def tree(rng: random.Random, largest: int) -> Files:
    """30 files, 200 kB in all, or one of them as large as is said."""
    sizes = [largest, *[200_000 // 30] * 29]
    return {f"part/file_{k:02}.py": "".join(lines(rng, size)).encode() for k, size in enumerate(sizes)}


def patch(rng: random.Random, files: Files, paths: list[str]) -> tuple[FileEdit, ...]:
    """One or two lines changed in each of these files."""
    found = []
    for path in paths:
        text = files[path].decode().splitlines(keepends=True)
        for at in rng.sample(range(len(text)), rng.choice((1, 2))):
            text[at] = "".join(lines(rng, 40))
        found.append(FileEdit(path=path, before=sha256_hex(files[path]), after="".join(text)))
    return tuple(found)


def cpu(work: Callable[[T], object], item: T) -> float:
    """CPU milliseconds of `work` on one item."""
    before = time.process_time()
    work(item)
    return 1000 * (time.process_time() - before)


def row(name: str, work: Callable[[T], object], items: Iterable[T]) -> Row:
    """Median, 99th percentile and most of `work` on each of the items."""
    ranked = sorted(cpu(work, item) for item in items)
    return name, f"{statistics.median(ranked):.3f}, {ranked[len(ranked) * 99 // 100]:.3f}, {ranked[-1]:.3f}"


def drawn(rng: random.Random, composer: Composer) -> list[ProposalId]:
    """Each open edit with one half, leaving out what conflicts with one that is on."""
    on: list[ProposalId] = []
    conflicts = composer.conflicts()
    for name in rng.sample(composer.open, len(composer.open)):
        if rng.random() < 0.5 and not any((min(name, other), max(name, other)) in conflicts for other in on):
            on.append(name)
    return on


def composed(composer: Composer, on: list[ProposalId]) -> Composition:
    """The tree of a subset that has no conflict."""
    made = composer.compose(on)
    if not isinstance(made, Composition):
        raise SystemExit(f"{made.path}: {made.reason}")
    return made


def opened(files: Files, patches: Patches) -> Composer:
    """A composer with these edits open."""
    composer = Composer(files)
    for name, edits in patches.items():
        composer.add(name, edits)
    return composer


def race(rng: random.Random, files: Files, patches: Patches, name: str) -> Iterator[Row]:
    """Opening, composing, composing again, and accepting."""
    composer = Composer(files)
    yield row(f"{name}: opening an edit", lambda item: composer.add(*item), patches.items())
    sets = [drawn(rng, composer) for _ in range(TRIALS)]
    yield row(f"{name}: composing a subset", lambda on: composed(composer, on), sets)
    yield row(f"{name}: the same subset again", lambda on: composed(composer, on), sets[-100:])
    conflicts = composer.conflicts()
    yield f"{name}: conflicting pairs of {EDITS * (EDITS - 1) // 2}", str(len(conflicts))
    free = [name for name in composer.open if not any(name in pair for pair in conflicts)]
    yield row(f"{name}: accepting an edit", composer.accept, free[:8])


def archived(rng: random.Random, files: Files, patches: Patches, candidates: int, folder: Path) -> Iterator[Row]:
    """Composing and archiving, with many candidates there."""
    archive = GitArchive(folder)
    for k in range(candidates):
        path = rng.choice(list(files))
        archive.add({**files, path: files[path] + b"# %d\n" % k}, parents=(), message=f"candidate {k}")
    composer = opened(files, patches)
    sets = [drawn(rng, composer) for _ in range(TRIALS)]

    def trial(on: list[ProposalId]) -> None:
        archive.add(composed(composer, on).files, parents=(), message=" ".join(on))

    yield row(f"usual: composing and archiving, {candidates:,} candidates there", trial, sets)


def patches_of(rng: random.Random, files: Files, paths: list[str], most: int) -> Patches:
    """16 patches, each of one up to `most` of these files."""
    names = [ProposalId(f"{k:02}") for k in range(EDITS)]
    return {name: patch(rng, files, rng.sample(paths, rng.randint(1, most))) for name in names}


def main() -> None:
    """Print the table: median, 99th percentile, most."""
    candidates = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rng = random.Random(1)
    usual, worst = tree(rng, 200_000 // 30), tree(rng, 900_000)
    patches = patches_of(rng, usual, list(usual), 2)
    rows = [*race(rng, usual, patches, "usual"), *race(rng, worst, patches_of(rng, worst, list(worst)[:1], 1), "worst")]
    rows.append(row("for comparison: applying one patch", lambda edits: apply(usual, edits), patches.values()))
    with tempfile.TemporaryDirectory() as folder:
        rows += archived(rng, usual, patches, candidates, Path(folder))
    for name, value in rows:
        print(f"{name:<62} {value}")


if __name__ == "__main__":
    main()
