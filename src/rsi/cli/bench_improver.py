"""`rsi bench improver`: does an agent that improved itself improve other programs better? Measured, with peers and controls."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from rsi.cli.recursion import Match, field_of, measure
from rsi.cli.terminal import JsonFlag
from rsi.cli.working import check_workers
from rsi.core.errors import UserError
from rsi.core.records import Pool

__all__ = ["check", "improver"]


def improver(
    *agents: Annotated[str, Parameter(help="Versions, oldest first: seed, a folder, RUN, RUN:CANDIDATE, improver:ID, or command:COMMAND.")],
    against: Annotated[str, Parameter(help="Version 0, with which everybody is compared.")] = "seed",
    peers: Annotated[str, Parameter(help="Methods and controls with commas between, all or none.")] = "all",
    problems: Annotated[Literal["sealed", "judge", "practice"], Parameter(help="Whose kinds of problems.")] = "sealed",
    cases: Annotated[int, Parameter(help="Problems, drawn independently.")] = 24,
    seeds: Annotated[int, Parameter(help="Episodes of each improver on each problem.")] = 1,
    evaluations: Annotated[int, Parameter(help="Budget of an episode: programs times instances.")] = 400,
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
    """Frozen versions of an agent improve the same held-out programs from the same starts under the same budget."""
    check_workers(workers)
    check(agents, alpha, {"--cases": (cases, 10_000), "--seeds": (seeds, 1_000), "--evaluations": (evaluations, 1_000_000)})
    versions, entrants, notes = field_of(agents, against, peers, seed)
    match = Match(
        versions=versions,
        entrants=entrants,
        notes=notes,
        pool=Pool(problems),
        cases=cases,
        seeds=seeds,
        evaluations=evaluations,
        seed=seed,
        alpha=alpha,
    )
    measure(match, workers=workers, jail_require=jail_require, out=out, as_json=as_json)
    return 0


def check(agents: Sequence[str], alpha: float, counts: Mapping[str, tuple[int, int]]) -> None:
    """Refuse a benchmark without anybody, at an impossible level, or with a count {option: (value, most)} out of bounds.

    Raises:
        UserError: says what it should be.
    """
    if not agents:
        raise UserError(
            "name at least one version to measure, oldest first: seed, a folder, RUN, RUN:CANDIDATE, improver:ID or command:COMMAND"
        )
    for option, (number, most) in counts.items():
        if not 1 <= number <= most:
            raise UserError(f"{option} {number}: should be between 1 and {most}")
    if not 0 < alpha < 1:
        raise UserError(f"--alpha {alpha}: should be a probability between 0 and 1, such as 0.05")
