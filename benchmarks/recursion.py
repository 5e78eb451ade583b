"""Does improving become easier? Runs of `rsi run --meta` with several seeds, each with ρ of its release on sealed problems.

    python -m benchmarks.recursion [--seeds 5] [--programs 250k] [--control] [--jobs 1 --workers 2]

Every run ends with its versions, methods of people, random edits and a sham on the same sealed problems; finished runs are not made
again. With --control also the frozen control: the same budget, but version 0 makes every pass, over whatever the incumbent is.
Prints a line per seed, the mean over seeds of each arm and of their differences (Student's 95 % interval: seeds, not problems, are the
repetitions there; the release's lead over each method among them) and what the runs say together, and writes recursion.json and
recursion.svg to --out.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.recursion_pooled import draw, gains_of, pooled, words
from benchmarks.seed import Plan, command, make, positive, side_by_side
from benchmarks.seed_stats import Estimate, t_estimate
from rsi.bench.improvers.results import Results
from rsi.reports.recursion import recursion_of

__all__ = ["Line", "line_of", "main", "table"]

_BESIDE = ("sham", "random", "hill", "evolution", "annealing", "tpe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One run: gains in points, ratios to version 0.

    Attributes:
        kept: versions that were kept.
        gains: mean gain of every improver, `zero` and `release` among them.
        rho: ratio of the release's gain to that of version 0; 1 where nothing was kept, None where version 0 gained nothing.
        low, high: its interval if leads have no side; None where nothing was kept, or nothing bounds it.
        compounding: whether every kept step was shown to be one.
    """

    seed: int
    frozen: bool
    kept: int
    gains: dict[str, float]
    rho: float | None
    low: float | None
    high: float | None
    compounding: bool


def line_of(plan: Plan, found: Results | None) -> Line:
    """What a finished run comes to; without a comparison nothing was kept."""
    if found is None:
        return Line(seed=plan.seed, frozen=plan.frozen, kept=0, gains={}, rho=1.0, low=None, high=None, compounding=False)
    records = {record.name: record for record in found.records}
    latest = records[found.versions[-1]]
    gains = {"zero": records[found.versions[0]].gain, "release": latest.gain}
    gains |= {name: records[name].gain for name in _BESIDE if name in records}
    ratio = latest.against
    assert ratio is not None
    return Line(
        seed=plan.seed,
        frozen=plan.frozen,
        kept=int(found.versions[-1].removeprefix("version ")),
        gains={name: round(100 * gain, 3) for name, gain in gains.items()},
        rho=ratio.ratio,
        low=ratio.sharp_low,
        high=ratio.sharp_high,
        compounding=found.compounding.shown,
    )


def table(lines: Sequence[Line]) -> list[str]:
    """The runs one by one, then each arm's mean over seeds."""
    columns = ("zero", "release", *_BESIDE)
    out = [f"{'arm':>9} {'seed':>4} {'kept':>4} {'ρ':>6} {'interval':>14} " + " ".join(f"{name:>9}" for name in columns)]
    for line in lines:
        gains = " ".join(f"{line.gains[name]:>9.1f}" if name in line.gains else f"{'–':>9}" for name in columns)
        interval = f"{_short(line.low)} … {_short(line.high)}"
        out.append(f"{_arm(line.frozen):>9} {line.seed:>4} {line.kept:>4} {_short(line.rho):>6} {interval:>14} {gains}")
    for frozen in sorted({line.frozen for line in lines}):
        ratios = [line.rho for line in lines if line.frozen is frozen and line.rho is not None]
        if ratios:
            out.append(f"{_arm(frozen)}: mean ρ over {len(ratios)} seeds {_words(t_estimate(ratios))}")
        leads = {
            name: [line.gains["release"] - line.gains[name] for line in lines if line.frozen is frozen and name in line.gains]
            for name in _BESIDE
        }
        out += [f"{_arm(frozen)}: release − {name} in points {_words(t_estimate(found))}" for name, found in leads.items() if found]
    differences = _differences(lines)
    if differences:
        out.append(f"recursive − frozen: ρ over {len(differences)} seeds {_words(t_estimate(differences))}")
    return out


def _differences(lines: Sequence[Line]) -> list[float]:
    """How much more ρ each seed's run has than its frozen control: what it brings that the improver improves too."""
    rho = {(line.frozen, line.seed): line.rho for line in lines if line.rho is not None}
    return [ratio - rho[True, seed] for (frozen, seed), ratio in rho.items() if not frozen and (True, seed) in rho]


def _arm(frozen: bool) -> str:
    return "frozen" if frozen else "recursive"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _words(found: Estimate) -> str:
    return f"{found.mean:.2f}" if found.low is None or found.high is None else f"{found.mean:.2f} ({found.low:.2f} … {found.high:.2f})"


def _plans(arguments: argparse.Namespace) -> list[Plan]:
    arms = (False, True) if arguments.control else (False,)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    return [Plan(seed=seed, frozen=frozen, folder=arguments.out / f"{_arm(frozen)}-{seed}") for seed in seeds for frozen in arms]


def main(argv: Sequence[str] | None = None) -> int:
    """Make the runs that are missing, and tell what all of them come to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recursion", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=positive, default=5, help="number of run seeds, from --first on (default 5)")
    parser.add_argument("--first", type=int, default=1, help="first run seed (default 1)")
    parser.add_argument("--programs", help="budget of each run, as for `rsi run --meta` (default: 1M)")
    parser.add_argument("--control", action="store_true", help="the frozen control too")
    parser.add_argument("--config", type=Path, help="configuration of all runs (TOML)")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/recursion"), help="folder of runs and results")
    parser.add_argument("--jobs", type=positive, default=1, help="runs at the same time (default 1)")
    parser.add_argument("--workers", type=positive, default=2, help="processes of each run (default 2)")
    arguments = parser.parse_args(argv)
    plans = _plans(arguments)
    with side_by_side(arguments.jobs) as pool:
        lines = [[*command(p, programs=arguments.programs, config=arguments.config, workers=arguments.workers), "--meta"] for p in plans]
        codes = list(pool.map(make, plans, lines))
    found = [line_of(plan, recursion_of(plan.folder)) for plan, code in zip(plans, codes, strict=True) if code == 0]
    print("\n".join(table(found)))
    runs = [gains for line in found if not line.frozen and (gains := gains_of(arguments.out / f"recursive-{line.seed}")) is not None]
    if runs:
        rows = pooled(runs)
        print("\n".join(words(rows, len(runs))))
        frozen = [line.rho for line in found if line.frozen and line.rho is not None]
        (arguments.out / "recursion.svg").write_text(draw(rows, frozen), "utf-8")
    (arguments.out / "recursion.json").write_text(json.dumps([_data(line) for line in found], indent=1) + "\n", "utf-8")
    return 0 if len(found) == len(plans) else 1


def _data(line: Line) -> dict[str, object]:
    return {name: getattr(line, name) for name in ("seed", "frozen", "kept", "gains", "rho", "low", "high", "compounding")}


if __name__ == "__main__":
    sys.exit(main())
