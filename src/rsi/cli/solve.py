"""`rsi solve`: lets any version of an agent solve tasks from outside, and counts only what is right on unseen examples."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter

from rsi.cli.folders import is_run, open_run
from rsi.cli.run import check_workers, stoppable
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.cli.view.text import clean, count
from rsi.config.load import parse_programs
from rsi.config.model import RunConfig, from_json
from rsi.core.errors import Halted, UserError
from rsi.core.protocols import Files, Jail, Limits, Suite
from rsi.core.records import CandidateId, Case, Json, Manifest, Pool, Trial
from rsi.kernel.evaluate import Failed, build, load_manifest, run_block
from rsi.kernel.sandbox import open_jail
from rsi.loop.agents import load_agent
from rsi.loop.state import run_seed
from rsi.schedule import Job, WorkerPool
from rsi.suites import outside_cases, suite

__all__ = ["Solver", "find_solver", "solve"]

_T = TypeVar("_T")
_WORDS = {"fitted": "fitted only"}
_BLOCK_PROGRAMS = 200_000
_MOST_CASES = 16
_SLOWEST = 4_000
"""Programs per second that even a slow machine tries: sets the safety net in seconds, never a budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """One version of an agent.

    Attributes:
        name: what a person calls it.
        config: of the run it comes from, so that a release is built with the same seed as when it was certified.
    """

    name: str
    files: Files
    config: RunConfig

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        return load_manifest(self.files)


def solve(
    tasks: Path,
    /,
    *,
    agent: Annotated[str, Parameter(help="seed, a folder, a run's folder (its release) or RUN:CANDIDATE.")],
    programs: Annotated[str, Parameter(help="Budget for each task in candidate programs: 10_000, 1M.")] = "10_000",
    shown: Annotated[int, Parameter(help="Examples that are shown; the others decide whether it is solved.")] = 10,
    seed: Annotated[int, Parameter(help="Seed of the agent's own random choices.")] = 1,
    workers: Annotated[int, Parameter(help="Processes that work at the same time.")] = 2,
    as_json: JsonFlag = False,
) -> int:
    """Solve tasks from outside with any version of an agent; solved means right on examples it did not see.

    Args:
        tasks: JSON file of tasks: [{"name", "type": {"input", "output"}, "examples": [{"i", "o"}…]}…].
    """
    budget = parse_programs(programs)
    check_workers(workers)
    cases = outside_cases(tasks, shown=shown)
    solver = find_solver(agent)
    trials: list[Trial] = []
    with stoppable() as stop:
        for trial in _trials(solver, cases, budget, seed, workers, stop):
            trials.append(trial)
            if not as_json:
                say(f"{_WORDS.get(trial.label, trial.label):12} {count(trial.programs):>9}  {clean(trial.case)}")
    totals = Counter(_WORDS.get(trial.label, trial.label) for trial in trials)
    if as_json:
        print_json(_data(solver, budget, trials, totals))
    else:
        counts = ", ".join(f"{n} {word}" for word, n in totals.most_common())
        say(f"{counts} — of {len(trials)} tasks, by {solver.name}, {count(budget)} programs each")
    return 0


def find_solver(agent: str) -> Solver:
    """The version that a person means: a built-in name, a folder, a run's folder (its release), or RUN:CANDIDATE.

    Raises:
        UserError: there is no such agent, run or candidate.
    """
    folder, _, candidate = agent.rpartition(":")
    if is_run(Path(agent)):
        return _of_run(Path(agent), "release")
    if folder and is_run(Path(folder)):
        return _of_run(Path(folder), candidate)
    if folder and not Path(agent).exists():
        raise UserError(f"{folder} is not the folder of a run; write RUN:CANDIDATE, or the name or folder of an agent")
    return Solver(name=agent, files=load_agent(agent), config=RunConfig())


def _of_run(folder: Path, name: str) -> Solver:
    with open_run(folder) as run:
        candidate = run.candidate(name)
        config = from_json(run.view.started["config"])
        return Solver(name=f"{folder}:{candidate[:12]}", files=run.archive.files(candidate), config=config)


def _trials(solver: Solver, cases: Sequence[Case], programs: int, seed: int, workers: int, stop: threading.Event) -> Iterator[Trial]:
    """One trial per case, in their order, as soon as each is known."""
    manifest = solver.manifest
    size = max(1, min(_MOST_CASES, _BLOCK_PROGRAMS // programs, -(-len(cases) // workers)))
    with WorkerPool(workers, lambda: open_jail(manifest.preload)) as pool:
        built = _wait(pool.submit(Job(key="build", work=_builder(solver, manifest))), stop)
        blocks = [cases[at : at + size] for at in range(0, len(cases), size)]
        work = [_worker(built, manifest, block, programs, seed) for block in blocks]
        futures = [pool.submit(Job(key=f"block {index}", work=one)) for index, one in enumerate(work)]
        for future in futures:
            yield from _wait(future, stop)


def _builder(solver: Solver, manifest: Manifest) -> Callable[[Jail], Files]:
    def work(jail: Jail) -> Files:
        built = build(jail, solver.files, manifest, run_seed(solver.config, "build"), Limits(wall_s=900, cpu_s=900))
        if isinstance(built, Failed):
            raise UserError(f"agent {solver.name} does not build: {built.outcome.value}, {built.reason}")
        return built.files

    return work


def _worker(files: Files, manifest: Manifest, block: Sequence[Case], programs: int, seed: int) -> Callable[[Jail], list[Trial]]:
    seconds = 120.0 + programs * len(block) / _SLOWEST
    limits = Limits(wall_s=seconds, cpu_s=seconds)

    def work(jail: Jail) -> list[Trial]:
        trials, _ = run_block(
            jail,
            suite=_scorer(),
            candidate=CandidateId(""),
            files=files,
            manifest=manifest,
            cases=block,
            programs=programs,
            seed=seed,
            limits=limits,
        )
        return trials

    return work


def _scorer() -> Suite:
    """The suite of list functions, here only to score: it makes no cases of its own."""
    return suite("list_functions", dict.fromkeys(Pool, 0))


def _wait(future: "Future[_T]", stop: threading.Event) -> "_T":
    while not stop.is_set():
        try:
            return future.result(timeout=0.1)
        except TimeoutError:
            continue
    raise Halted("stopped before all tasks were tried")


def _data(solver: Solver, programs: int, trials: Sequence[Trial], totals: Counter[str]) -> Json:
    return {
        "agent": solver.name,
        "programs": programs,
        "tasks": len(trials),
        "totals": dict(totals),
        "results": [{"task": trial.case, "result": _WORDS.get(trial.label, trial.label), "programs": trial.programs} for trial in trials],
    }
