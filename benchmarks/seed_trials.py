"""The measurements of `benchmarks.seed`: every version of a run on fresh cases that no run has used, each result kept by content."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rsi.analytics import Progress, progress_of
from rsi.cli.folders import open_run
from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import UserError
from rsi.core.protocols import Files, Limits
from rsi.core.records import CandidateId, Case, Json, Manifest, Pool, Trial
from rsi.kernel.evaluate import Bench as Jails
from rsi.kernel.evaluate import Failed, build, load_manifest, run_block
from rsi.loop.state import derive_seed
from rsi.schedule import Job, WorkerPool
from rsi.suites import secret_seeds, suite

__all__ = ["HARD", "Bench", "Result", "Run", "Version", "fresh_cases", "measure_run"]

HARD = ("level 2", "level 3", "level 4")
"""Families that count as hard."""

_BLOCK_PROGRAMS = 200_000
_MOST_CASES = 16
_SLOWEST = 4_000
_SOLVER_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a version made of a case; `label` is the scorer's word (`solved`, `fitted`, `not found` …)."""

    case: str
    family: str
    label: str

    @property
    def solved(self) -> bool:
        """Right on examples that it was not shown."""
        return self.label == "solved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version that was the incumbent of a run from `programs` (spent by then) on.

    Attributes:
        surface: of the change that made it; empty for version 0.
        hard: one result per fresh case.
        outside: one result per outside task; None where it was not measured.
    """

    number: int
    candidate: str
    programs: int
    surface: str
    hard: tuple[Result, ...]
    outside: tuple[Result, ...] | None

    @property
    def solved(self) -> int:
        """Fresh hard cases that it solves."""
        return sum(result.solved for result in self.hard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished run with its versions in order, version 0 first."""

    seed: int
    frozen: bool
    folder: Path
    progress: Progress
    versions: tuple[Version, ...]

    @property
    def start(self) -> Version:
        """Version 0."""
        return self.versions[0]

    @property
    def release(self) -> Version:
        """The last version."""
        return self.versions[-1]


def fresh_cases(run_seed: int, count: int) -> list[Case]:
    """Hard cases from a secret seed of their own: the salt keeps them apart from the cases of every run, whatever its seed."""
    source = suite("list_functions", secret_seeds(10_000 + run_seed, salt="benchmarks.seed"))
    found: list[Case] = []
    start = 0
    while len(found) < count:
        found += [case for case in source.cases(Pool.SEALED, start, 64) if case.family in HARD]
        start += 64
    return found[:count]


class Bench:
    """Runs versions on cases in jails of their own and keeps each result in `folder` by content, so that nothing is measured twice."""

    def __init__(self, pool: WorkerPool, folder: Path, *, programs: int) -> None:
        """`programs` is the budget for each case; the pool's jails do the work."""
        self._pool = pool
        self._folder = folder
        self._programs = programs
        self._scorer = suite("list_functions", dict.fromkeys(Pool, 0))
        folder.mkdir(parents=True, exist_ok=True)

    def submit(self, files: Files, build_seed: int, cases: Sequence[Case]) -> Callable[[], tuple[Result, ...]]:
        """Begin to run a version on cases; what comes back waits for the results, one per case, in their order.

        Raises:
            UserError: the version does not build.
        """
        manifest = load_manifest(files)
        built = self._pool.submit(Job(key="build", work=_builder(files, manifest, build_seed))).result()
        kept = self._folder / f"{_name(built, cases, self._programs)}.json"
        if kept.is_file():
            rows = tuple(Result(**row) for row in json.loads(kept.read_bytes()))
            return lambda: rows
        size = max(1, min(_MOST_CASES, _BLOCK_PROGRAMS // self._programs))
        blocks = [cases[at : at + size] for at in range(0, len(cases), size)]
        futures = [self._pool.submit(Job(key=f"block {n}", work=self._worker(built, manifest, block))) for n, block in enumerate(blocks)]

        def wait() -> tuple[Result, ...]:
            results = tuple(_result(trial) for future in futures for trial in future.result())
            _keep(kept, results)
            return results

        return wait

    def _worker(self, files: Files, manifest: Manifest, block: Sequence[Case]) -> Callable[[Jails], list[Trial]]:
        seconds = 120.0 + self._programs * len(block) / _SLOWEST

        def work(jails: Jails) -> list[Trial]:
            trials, _ = run_block(
                jails.jail,
                suite=self._scorer,
                candidate=CandidateId(""),
                files=files,
                manifest=manifest,
                cases=block,
                programs=self._programs,
                seed=_SOLVER_SEED,
                limits=Limits(wall_s=seconds, cpu_s=seconds),
            )
            return trials

        return work


def _builder(files: Files, manifest: Manifest, seed: int) -> Callable[[Jails], Files]:
    def work(jails: Jails) -> Files:
        built = build(jails.jail, files, manifest, seed, Limits(wall_s=900, cpu_s=900))
        if isinstance(built, Failed):
            raise UserError(f"a version does not build: {built.outcome.value}, {built.reason}")
        return built.files

    return work


def _name(files: Files, cases: Sequence[Case], programs: int) -> str:
    tree: list[Json] = [[path, sha256_hex(content)] for path, content in sorted(files.items())]
    asked: list[Json] = [[case.id, case.family, case.question, case.probes, case.expected] for case in cases]
    return sha256_hex(canonical([tree, sha256_hex(canonical(asked)), programs, _SOLVER_SEED]))[:32]


def _result(trial: Trial) -> Result:
    return Result(case=trial.case, family=trial.family, label=trial.label)


def _keep(path: Path, results: Sequence[Result]) -> None:
    rows = [{"case": result.case, "family": result.family, "label": result.label} for result in results]
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(rows), encoding="utf-8")
    draft.replace(path)


def measure_run(bench: Bench, folder: Path, hard: Sequence[Case], outside: Sequence[Case] | None) -> Run:
    """All versions of a finished run on the fresh hard cases; version 0 and the release on the outside tasks too.

    Raises:
        UserError: the folder is no run, or the run is not finished.
    """
    with open_run(folder) as run:
        progress = progress_of(run.log.entries())
        if progress.ended is None:
            raise UserError(f"{folder} is not finished: nothing is measured of it")
        seed = derive_seed(progress.seed, "build")
        last = len(progress.incumbents) - 1
        waiting = []
        for incumbent in progress.incumbents:
            files = run.archive.files(incumbent.candidate)
            ends = outside is not None and incumbent.number in (0, last)
            told = bench.submit(files, seed, outside) if ends and outside is not None else None
            waiting.append((incumbent, bench.submit(files, seed, hard), told))
        versions = tuple(
            Version(
                number=incumbent.number,
                candidate=incumbent.candidate,
                programs=incumbent.programs,
                surface=progress.attempts[incumbent.proposal].proposal.surface.value if incumbent.proposal is not None else "",
                hard=solved(),
                outside=None if told is None else told(),
            )
            for incumbent, solved, told in waiting
        )
    return Run(seed=progress.seed, frozen=not progress.improves, folder=folder, progress=progress, versions=versions)
