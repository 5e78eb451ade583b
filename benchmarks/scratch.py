"""Does a way of learning that an agent wrote for itself learn more? Fresh agents learn from scratch, each by one way, at equal budget.

    python -m benchmarks.scratch [WAY…] [--seeds 5] [--programs 4M] [--outside TASKS.json]

A WAY is a version as for `rsi solve` (RUN:v3, a folder), of which all that it learned is taken away, or a named change of version 0:
`hand` (tuned by hand), `kept-1` … (what earlier runs kept). Version 0's own way, `seed`, always comes first: the others are measured by it.
Writes scratch.md, scratch.json and scratch.svg into the folder --out.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scratch_learning import Course, Learned, learned_by
from benchmarks.scratch_report import Outcome, table, write_all
from benchmarks.scratch_ways import NAMED, Way, find_way
from benchmarks.seed_trials import Bench, fresh_cases
from rsi.cli.versions import SHIPPED
from rsi.config.load import parse_programs
from rsi.core.errors import RsiError, UserError
from rsi.core.protocols import Files
from rsi.core.records import Case
from rsi.kernel.evaluate import Bench as Jails
from rsi.kernel.sandbox import open_jail
from rsi.loop.state import derive_seed
from rsi.schedule import Job, WorkerPool
from rsi.suites import outside_cases

__all__ = ["main"]

HELD_OUT, OUTSIDE = "held-out", "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sets:
    """The tasks on which what was learned is measured, for one seed."""

    hard: Sequence[Case]
    outside: Sequence[Case]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scratch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ways", nargs="*", default=["hand"], metavar="WAY", help=f"RUN:vN, a folder, or one of: {', '.join(NAMED)}")
    parser.add_argument("--seeds", type=_positive, default=5, help="seeds of practice and of held-out tasks, from --first on (default 5)")
    parser.add_argument("--first", type=int, default=1, help="first seed (default 1)")
    parser.add_argument("--programs", default="4M", help="what each learner may try in practice, in all (default 4M)")
    parser.add_argument("--rounds", type=_positive, default=8, help="rounds of practising and learning (default 8)")
    parser.add_argument("--tasks", type=_positive, default=300, help="practice tasks per round (default 300)")
    parser.add_argument("--cases", type=_positive, default=200, help="fresh hard tasks per seed (default 200)")
    parser.add_argument("--case-programs", type=_positive, default=10_000, help="budget of each held-out task (default 10,000)")
    parser.add_argument("--outside", type=Path, help="file of tasks from outside; never trained on")
    parser.add_argument("--workers", type=_positive, default=2, help="processes (default 2)")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/scratch"), help="default benchmarks/out/scratch")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} should be at least 1")
    return value


def _ways(names: Sequence[str]) -> list[Way]:
    ways = [find_way(name) for name in (SHIPPED, *names)]
    if len({way.name for way in ways}) < len(ways):
        raise UserError(f"each way once, and {SHIPPED} comes by itself")
    return ways


def _learn(pool: WorkerPool, ways: Sequence[Way], course: Course, folder: Path) -> list[Learned]:
    """What each way makes of one course; all of them at the same time, as far as there are workers."""

    def job(way: Way) -> Future[Learned]:
        def work(jails: Jails) -> Learned:
            return learned_by(jails, way, course, folder)

        return pool.submit(Job(key=f"{way.name} {course.seed}", work=work))

    return [future.result() for future in [job(way) for way in ways]]


def _solved(bench: Bench, trees: Sequence[Files], seed: int, cases: Sequence[Case]) -> list[int]:
    """How many of the cases each tree solves."""
    waiting = [bench.submit(tree, derive_seed(seed, "build"), cases) for tree in trees]
    return [sum(result.solved for result in results()) for results in waiting]


def _of_seed(pool: WorkerPool, bench: Bench, ways: Sequence[Way], course: Course, sets: _Sets, out: Path) -> Outcome:
    """One seed: every way learns, then all of them and version 0 before it learned are measured."""
    learned = _learn(pool, ways, course, out / "learned")
    trees = [ways[0].files, *(one.files for one in learned)]
    counts = {HELD_OUT: _solved(bench, trees, course.seed, sets.hard)}
    if sets.outside:
        counts[OUTSIDE] = _solved(bench, trees, course.seed, sets.outside)
    names = [way.name for way in ways]
    outcome = Outcome(
        seed=course.seed,
        start={name: solved[0] for name, solved in counts.items()},
        solved={name: dict(zip(names, solved[1:], strict=True)) for name, solved in counts.items()},
        practice={name: list(one.solved) for name, one in zip(names, learned, strict=True)},
        programs={name: one.programs for name, one in zip(names, learned, strict=True)},
        failures={name: one.failure for name, one in zip(names, learned, strict=True) if one.failure},
    )
    for name, solved in outcome.solved.items():
        told = ", ".join(f"{way} {count}" for way, count in solved.items())
        print(f"seed {course.seed}, {name}: start {outcome.start[name]}, {told}", file=sys.stderr, flush=True)
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Let all ways learn, measure, write the report; 2 if something cannot be used, 3 if it was stopped."""
    options = _parser().parse_args(arguments)
    try:
        ways = _ways(options.ways)
        programs = parse_programs(options.programs)
        outside = [] if options.outside is None else outside_cases(options.outside)
        outcomes = []
        with WorkerPool(options.workers, open_jail) as pool:
            bench = Bench(pool, options.out / "trials", programs=options.case_programs)
            for seed in range(options.first, options.first + options.seeds):
                course = Course(seed=seed, programs=programs, rounds=options.rounds, tasks=options.tasks)
                sets = _Sets(hard=fresh_cases(seed, options.cases), outside=outside)
                outcomes.append(_of_seed(pool, bench, ways, course, sets, options.out))
        sizes = {HELD_OUT: options.cases, OUTSIDE: len(outside)}
        write_all(outcomes, options.out, sizes=sizes, programs=programs)
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 3
    except RsiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table(outcomes, sizes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
