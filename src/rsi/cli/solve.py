"""`rsi solve`: lets any version of an agent solve tasks from outside, and counts only what is right on unseen examples."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.cli.versions import Solver, find_solver
from rsi.cli.view.text import clean, count
from rsi.cli.working import check_workers, stoppable
from rsi.config.load import parse_programs
from rsi.core.protocols import Files, Limits, Suite
from rsi.core.records import CandidateId, Case, Json, Manifest, Pool, Trial
from rsi.kernel.evaluate import Bench, run_block
from rsi.kernel.sandbox import open_jail
from rsi.loop.match import builder, limits_for
from rsi.schedule import Job, WorkerPool, wait
from rsi.suites import outside_cases, suite

__all__ = ["solve"]

_WORDS = {"fitted": "fitted only"}
_BLOCK_PROGRAMS = 200_000
_MOST_CASES = 16


def solve(
    tasks: Path,
    /,
    *,
    agent: Annotated[str, Parameter(help="seed, a folder, a run's folder (its release), RUN:CANDIDATE or improver:ID.")],
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


def _trials(solver: Solver, cases: Sequence[Case], programs: int, seed: int, workers: int, stop: threading.Event) -> Iterator[Trial]:
    """One trial per case, in their order, as soon as each is known."""
    manifest = solver.manifest
    size = max(1, min(_MOST_CASES, _BLOCK_PROGRAMS // programs, -(-len(cases) // workers)))
    build = builder(solver.name, solver.files, solver.build_seed, Limits(wall_s=900, cpu_s=900))
    with WorkerPool(workers, lambda: open_jail(manifest.preload)) as pool:
        built = wait(pool.submit(Job(key="build", work=build)), stop)
        blocks = [cases[at : at + size] for at in range(0, len(cases), size)]
        work = [_worker(built, manifest, block, programs, seed) for block in blocks]
        futures = [pool.submit(Job(key=f"block {index}", work=one)) for index, one in enumerate(work)]
        for future in futures:
            yield from wait(future, stop)


def _worker(files: Files, manifest: Manifest, block: Sequence[Case], programs: int, seed: int) -> Callable[[Bench], list[Trial]]:
    limits = limits_for(programs * len(block))

    def work(bench: Bench) -> list[Trial]:
        trials, _ = run_block(
            bench.jail,
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


def _data(solver: Solver, programs: int, trials: Sequence[Trial], totals: Counter[str]) -> Json:
    return {
        "agent": solver.name,
        "programs": programs,
        "tasks": len(trials),
        "totals": dict(totals),
        "results": [{"task": trial.case, "result": _WORDS.get(trial.label, trial.label), "programs": trial.programs} for trial in trials],
    }
