"""`rsi bench recursion`: does an agent that improved itself find more to improve in itself than version 0 does?"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi.bench.improvers.itself import Pass
from rsi.cli.bench_improver import check
from rsi.cli.recursion import COMMAND, Match, field_of, measure
from rsi.cli.terminal import JsonFlag
from rsi.cli.working import check_workers
from rsi.config.load import load_config
from rsi.config.presets import META
from rsi.core.errors import UserError
from rsi.core.records import Pool

__all__ = ["recursion"]

_NOTES = (
    "Each problem is version 0 with practice of its own. The sham's luck is another: how far its ρ is from 1, luck alone goes.",
    "Passes vary by far more than the 25 % of this table: gains of version 0 did so by 61 and 65 % in two benchmarks of 9 and 10 passes.",
)


def recursion(
    *agents: Annotated[str, Parameter(help="Versions, oldest first: seed, a folder, RUN, RUN:CANDIDATE or improver:ID.")],
    against: Annotated[str, Parameter(help="Version 0: what everybody improves, and with whom everybody is compared.")] = "seed",
    passes: Annotated[int, Parameter(help="Passes over version 0, each on practice problems of its own.")] = 8,
    evaluations: Annotated[int, Parameter(help="What one proposal may cost; practice before it is paid as in a run.")] = 30_000,
    cases: Annotated[int, Parameter(help="Sealed problems by which the outcome of a pass is measured.")] = 24,
    seed: Annotated[int, Parameter(help="Seed of problems and random choices; give each benchmark its own.")] = 1,
    alpha: Annotated[float, Parameter(help="Level of every interval and test.")] = 0.05,
    workers: Annotated[int, Parameter(help="Processes that work at the same time; they change no number.")] = 2,
    jail_require: Annotated[str | None, Parameter(help="Weakest jail that may be used, if not what the gym asks for.")] = None,
    out: Annotated[
        Path | None,
        Parameter(help="Folder for results and pictures; what is over is kept there, so that the same command goes on from it."),
    ] = None,
    as_json: JsonFlag = False,
) -> int:
    """Frozen versions of an agent improve version 0 of it, each in passes of the same budget; what comes of it is measured, not judged."""
    check_workers(workers)
    check(agents, alpha, {"--passes": (passes, 1_000), "--cases": (cases, 1_000), "--evaluations": (evaluations, 1_000_000)})
    if any(name.startswith(COMMAND) for name in (*agents, against)):
        raise UserError(f"{COMMAND}… cannot take part: it improves programs and proposes nothing; see `rsi bench improver`")
    versions, entrants, notes = field_of(agents, against, "sham", seed)
    match = Match(
        versions=versions,
        entrants=entrants,
        notes=[*notes, *_NOTES],
        pool=Pool.SEALED,
        cases=passes,
        seeds=1,
        evaluations=evaluations,
        seed=seed,
        alpha=alpha,
        itself=_pass(evaluations, cases),
    )
    measure(match, workers=workers, jail_require=jail_require, out=out, as_json=as_json)
    return 0


def _pass(evaluations: int, cases: int) -> Pass:
    """A pass as a run of `rsi run --meta` makes it, but for what its proposals may cost."""
    config = load_config(None, {}, META)
    return Pass(
        batches=config.practice.batches,
        tasks=config.practice.tasks,
        practice=config.practice.programs,
        propose=evaluations,
        count=config.propose.count,
        pool=Pool.SEALED,
        cases=cases,
        evaluations=config.judge.programs,
    )
