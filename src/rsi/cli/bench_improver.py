"""`rsi bench improver`: does an agent that improved itself improve other programs better? Measured, with peers and controls."""

import json
import random
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from rsi.bench.improvers.entrants import PEERS, Entrant, peer
from rsi.bench.improvers.plot import curves, ratios
from rsi.bench.improvers.problems import GymProblems
from rsi.bench.improvers.results import Results, power_lines, results_of, table
from rsi.bench.improvers.sham import changes_between, sham
from rsi.bench.improvers.tournament import hold
from rsi.cli.run import check_workers, prove, stoppable
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.cli.versions import find_solver
from rsi.config.load import load_config, nearest
from rsi.core.codec import encode
from rsi.core.errors import UserError
from rsi.core.records import Json, Manifest, Pool
from rsi.kernel.judge import Episode, gain_power
from rsi.loop.jails import admit
from rsi.loop.parts import Parts, standard_parts

__all__ = ["improver"]

_COMMAND = "command:"
_ALL = (*PEERS, "sham")


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
    out: Annotated[Path | None, Parameter(help="Folder for improver.json, improver.txt, ratios.svg and curves.svg.")] = None,
    as_json: JsonFlag = False,
) -> int:
    """Frozen versions of an agent improve the same held-out programs from the same starts under the same budget."""
    check_workers(workers)
    _check(agents, cases, seeds, evaluations, alpha)
    versions, entrants, notes = _field(agents, against, peers, seed)
    drawn = GymProblems(Pool(problems), seed, cases)
    parts = _parts(entrants, drawn, jail_require)
    told = [*power_lines(cases, alpha), "", *notes]
    if not as_json:
        say("\n".join(told))

    def progress(done: int, of: int) -> None:
        if done % max(1, of // 20) == 0:
            sys.stderr.write(f"{done} of {of} episodes\n")

    with stoppable() as stop:
        episodes = hold(
            entrants,
            drawn,
            count=cases,
            repetitions=seeds,
            budget=evaluations,
            seed=seed,
            make_jail=parts.make_jail,
            workers=workers,
            stop=stop,
            observer=progress,
        )
    results = results_of(versions, episodes, problems=cases, repetitions=seeds, budget=evaluations, alpha=alpha)
    data = _data(results, episodes, problems, seed, notes)
    lines = table(results)
    if out is not None:
        _write(out, data, [*told, "", *lines], results, episodes)
    if as_json:
        print_json(data)
    else:
        say("\n" + "\n".join(lines))
    return 0


def _check(agents: Sequence[str], cases: int, seeds: int, evaluations: int, alpha: float) -> None:
    if not agents:
        raise UserError(
            "name at least one version to measure, oldest first: seed, a folder, RUN, RUN:CANDIDATE, improver:ID or command:COMMAND"
        )
    for option, number, most in (("--cases", cases, 10_000), ("--seeds", seeds, 1_000), ("--evaluations", evaluations, 1_000_000)):
        if not 1 <= number <= most:
            raise UserError(f"{option} {number}: should be between 1 and {most}")
    if not 0 < alpha < 1:
        raise UserError(f"--alpha {alpha}: should be a probability between 0 and 1, such as 0.05")


def _field(agents: Sequence[str], against: str, peers: str, seed: int) -> tuple[list[str], list[Entrant], list[str]]:
    """Names of the versions, oldest first; everybody who takes part; what a reader must know of them."""
    chosen = _chosen(peers)
    entrants: list[Entrant] = []
    for name in (against, *agents):
        entrants.append(_version(name, {entrant.name for entrant in entrants} | set(_ALL)))
    versions = [entrant.name for entrant in entrants]
    notes = []
    if "sham" in chosen:
        control, note = _sham(entrants[0], entrants[-1], seed)
        entrants += [control] if control else []
        notes.append(note)
    return versions, [*entrants, *(peer(name) for name in PEERS if name in chosen)], notes


def _chosen(peers: str) -> list[str]:
    names = {"all": list(_ALL), "none": []}.get(peers, [name.strip() for name in peers.split(",")])
    for name in names:
        if name not in _ALL:
            raise UserError(f"there is no peer {name!r}{nearest(name, list(_ALL))}")
    return names


def _version(name: str, taken: set[str]) -> Entrant:
    if name.startswith(_COMMAND):
        command = name.removeprefix(_COMMAND).strip()
        words = shlex.split(command)
        if not words or shutil.which(words[0]) is None:
            raise UserError(f"{name}: there is no such command; write command:COMMAND, such as command:'python my_improver.py'")
        return Entrant(name=_unique(command, taken), files={}, command=command)
    solver = find_solver(name)
    return Entrant(name=_unique(solver.name, taken), files=solver.files, build_seed=solver.build_seed)


def _unique(name: str, taken: set[str]) -> str:
    number = 2
    while name in taken:
        name, number = f"{name.partition(' #')[0]} #{number}", number + 1
    return name


def _sham(zero: Entrant, latest: Entrant, seed: int) -> tuple[Entrant | None, str]:
    if zero.command or latest.command:
        return None, "No sham: it is made of the trees of version 0 and the latest version, and one of them is a command."
    wanted = changes_between(zero.files, latest.files)
    files, made = sham(zero.files, wanted, random.Random(f"sham {seed}"))
    fewer = "" if made == wanted else f" ({latest.name} has {wanted}; there are no more to be made)"
    note = f"The sham is {zero.name} with {made} changes that mean nothing{fewer}, and with luck of its own."
    return replace(zero, name="sham", files=files, luck=1), note


def _parts(entrants: Sequence[Entrant], problems: GymProblems, jail_require: str | None) -> Parts:
    """Jails for everybody, as strong as the gym asks for."""
    config = load_config(None, {"jail.require": jail_require})
    preload = {name for entrant in entrants if not entrant.command for name in entrant.manifest.preload}
    manifest = Manifest(name="improvers", entry="main", surfaces={}, preload=tuple(sorted(preload)))
    parts = replace(standard_parts(config, manifest), suite=problems.gym, prove=lambda tier: prove(tier, None))
    admit(config, parts, parts.tier())
    return parts


def _data(results: Results, episodes: Mapping[str, Sequence[Episode]], pool: str, seed: int, notes: Sequence[str]) -> dict[str, Json]:
    return {
        "results": encode(results),
        "power": encode(gain_power(alpha=results.alpha)),
        "pool": pool,
        "seed": seed,
        "notes": list[Json](notes),
        "episodes": {name: encode(list(own)) for name, own in episodes.items()},
    }


def _write(out: Path, data: Json, lines: Sequence[str], results: Results, episodes: Mapping[str, Sequence[Episode]]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "ratios.svg").write_text(ratios(results), "utf-8")
    (out / "curves.svg").write_text(curves(results, episodes), "utf-8")
    (out / "improver.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (out / "improver.json").write_text(json.dumps(data, sort_keys=True, indent=1) + "\n", "utf-8")
