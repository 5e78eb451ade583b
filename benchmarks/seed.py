"""Does it help that the improver improves? Default runs and frozen controls, measured on fresh hard tasks and on tasks from outside.

    python -m benchmarks.seed [--seeds 5] [--outside TASKS.json] [--jobs 2 --workers 1]

For each run seed the default `rsi run` and its control `rsi run --frozen-improver` (same budget) are run, or reused if they are finished;
every version is then run on fresh hard cases. Writes report.html, report.json, report.md, seed.svg and accepted.md into the folder --out.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from benchmarks.seed_report import table, write_all
from benchmarks.seed_summary import ARMS
from benchmarks.seed_trials import Bench, Run, fresh_cases, measure_run
from rsi.config import load_config
from rsi.core.errors import Halted, RsiError, UserError
from rsi.kernel.sandbox import open_jail
from rsi.schedule import WorkerPool, cores_of
from rsi.suites import outside_cases

__all__ = ["Plan", "command", "main", "make", "positive", "side_by_side"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run to make: its seed, its arm and where it goes."""

    seed: int
    frozen: bool
    folder: Path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.seed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=positive, default=5, help="number of run seeds, from --first on (default 5)")
    parser.add_argument("--first", type=int, default=1, help="first run seed (default 1)")
    parser.add_argument("--programs", help="budget of each run, as for `rsi run` (default: that of the configuration)")
    parser.add_argument("--config", type=Path, help="configuration of all runs (TOML)")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out"), help="folder of runs and report (default benchmarks/out)")
    parser.add_argument("--jobs", type=positive, default=1, help="runs at the same time (default 1)")
    parser.add_argument("--workers", type=positive, default=2, help="processes of each run, and of the measurement per job (default 2)")
    parser.add_argument("--cases", type=positive, default=200, help="fresh hard cases per run seed (default 200)")
    parser.add_argument("--case-programs", type=positive, default=10_000, help="budget of each case (default 10,000)")
    parser.add_argument("--outside", type=Path, help="file of tasks from outside; never trained on")
    parser.add_argument("--measure-only", action="store_true", help="start no run; report on those that are finished")
    return parser


def positive(text: str) -> int:
    """A count that somebody typed."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} should be at least 1")
    return value


def command(plan: Plan, *, programs: str | None, config: Path | None, workers: int) -> list[str]:
    """The command line of a run; the same one takes it up again."""
    line = [sys.executable, "-m", "rsi", "run", "--plain", "--seed", str(plan.seed), "--out", str(plan.folder), "--workers", str(workers)]
    line += ["--programs", programs] if programs else []
    line += ["--config", str(config)] if config else []
    # What is measured must not depend on the improver that somebody uses here, nor add to those that are kept.
    line += ["--no-keep"] if "agent" in load_config(config).model_fields_set else ["--no-keep", "--agent", "seed"]
    return [*line, "--frozen-improver"] if plan.frozen else line


def make(plan: Plan, line: Sequence[str]) -> int:
    """Run it to its end (at once if it is finished), with its output beside its folder; returns the exit code."""
    plan.folder.parent.mkdir(parents=True, exist_ok=True)
    log = plan.folder.with_suffix(".out")
    with log.open("a", encoding="utf-8") as output:
        code = subprocess.run(line, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    note = "done" if code == 0 else f"exit code {code}, see {log}"
    print(f"seed {plan.seed} {ARMS[plan.frozen]}: {note}", file=sys.stderr, flush=True)
    return code


def side_by_side(jobs: int) -> ThreadPoolExecutor:
    """Threads for so many runs at once; each has a core of its own, with all that it starts, where there are as many as cores."""
    cores: SimpleQueue[int | None] = SimpleQueue()
    for core in cores_of(jobs):
        cores.put(core)

    def settle() -> None:
        core = cores.get()
        if core is not None:
            os.sched_setaffinity(0, {core})

    return ThreadPoolExecutor(jobs, initializer=settle)


def _measure(plans: Sequence[Plan], options: argparse.Namespace) -> list[Run]:
    outside = None if options.outside is None else outside_cases(options.outside)
    runs = []
    with WorkerPool(options.jobs * options.workers, open_jail) as pool:
        bench = Bench(pool, options.out / "trials", programs=options.case_programs)
        for plan in plans:
            run = measure_run(bench, plan.folder, fresh_cases(plan.seed, options.cases), outside)
            solved = " → ".join(str(version.solved) for version in run.versions)
            print(f"seed {plan.seed} {ARMS[plan.frozen]}: solved {solved} of {options.cases}", file=sys.stderr, flush=True)
            runs.append(run)
    return runs


def _finished(plans: Sequence[Plan]) -> list[Plan]:
    """Those with a report, which is the last thing that a run writes."""
    found = [plan for plan in plans if (plan.folder / "summary.json").is_file()]
    if not found:
        raise UserError("no run is finished: leave --measure-only out to make them")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the runs, measure them, write the report; 2 if something cannot be used, 3 if a run did not come to its end."""
    options = _parser().parse_args(arguments)
    seeds = range(options.first, options.first + options.seeds)
    plans = [Plan(seed=s, frozen=f, folder=options.out / f"run-{s}-{name}") for s in seeds for f, name in ARMS.items()]
    try:
        if options.measure_only:
            plans = _finished(plans)
        else:
            lines = [command(plan, programs=options.programs, config=options.config, workers=options.workers) for plan in plans]
            with side_by_side(options.jobs) as pool:
                codes = list(pool.map(make, plans, lines))
            if any(codes):
                raise Halted(f"{len(codes) - codes.count(0)} of {len(codes)} runs did not come to their end; the same command goes on")
        runs = _measure(plans, options)
        write_all(runs, options.out, cases=options.cases, programs=options.case_programs)
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 3
    except RsiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3 if isinstance(error, Halted) else 2
    print(table(runs))
    print(f"\nRead {options.out / 'report.html'}; every change that was kept is in {options.out / 'accepted.md'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
