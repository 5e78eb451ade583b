"""Frozen versions of an agent side by side on programs that none of them ever saw: for `rsi bench improver`, and at the end of a run."""

import json
import random
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from rsi.bench.improvers.entrants import PEERS, Entrant, peer
from rsi.bench.improvers.itself import Itself, Pass
from rsi.bench.improvers.kept import Kept
from rsi.bench.improvers.plot import curves, ratios
from rsi.bench.improvers.problems import GymProblems
from rsi.bench.improvers.results import Results, power_lines, results_of, table
from rsi.bench.improvers.sham import changes_between, sham
from rsi.bench.improvers.tournament import Game, hold
from rsi.cli.folders import open_run
from rsi.cli.terminal import print_json, say
from rsi.cli.versions import find_solver
from rsi.cli.working import prove, stoppable
from rsi.config.load import load_config, nearest
from rsi.config.model import from_json
from rsi.core.codec import encode
from rsi.core.errors import Halted, UserError
from rsi.core.records import Json, Manifest, Pool
from rsi.kernel.audit.lock import RunLock
from rsi.kernel.judge import Episode, gain_power
from rsi.loop.jails import admit
from rsi.loop.parts import Parts, standard_parts
from rsi.reports.recursion import RECURSION_FOLDER, recursion_of, recursion_words

__all__ = ["COMMAND", "Match", "data_of", "field_of", "measure", "measure_run", "played", "told", "write"]

COMMAND = "command:"
"""What an improver from outside is named by: this, and its command line."""
_ALL = (*PEERS, "sham")
_EPISODES_FILE = "episodes.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Who is to be measured on what.

    Attributes:
        versions: names of version 0 and the later ones, oldest first.
        entrants: all who take part.
        notes: what a reader must know of them.
        pool: whose kinds of problems.
        cases: problems.
        seeds: episodes of each on each problem.
        evaluations: budget of an episode.
        seed: of problems and random choices.
        alpha: level of every interval and test.
        itself: the size of a pass, where version 0 is what is improved; None for programs.
    """

    versions: Sequence[str]
    entrants: Sequence[Entrant]
    notes: Sequence[str]
    pool: Pool
    cases: int
    seeds: int
    evaluations: int
    seed: int
    alpha: float
    itself: Pass | None = None

    @property
    def budget(self) -> int:
        """Evaluations that one improver may take for one problem."""
        size = self.itself
        return self.evaluations if size is None else size.batches * size.practice + size.propose


def told(match: Match) -> list[str]:
    """What is told before anything is played: the power, and the notes."""
    return [*power_lines(match.cases, match.alpha), "", *match.notes]


def played(
    match: Match, *, workers: int, jail_require: str | None = None, out: Path | None = None
) -> tuple[Results, Mapping[str, Sequence[Episode]]]:
    """Play all episodes of a match; with a folder, those that are over are kept there, and are not played again.

    Raises:
        UserError: an entrant does not build, this machine's jails are weaker than the gym asks for, or another process works in the folder.
        Halted: it was stopped.
    """
    with ExitStack() as stack:
        kept = None if out is None else _kept(out, stack)
        try:
            return _played(match, workers, jail_require, kept)
        except Halted:
            left = "give it a folder (--out) and it" if out is None else f"{len(kept or ())} episodes are in {out}; the same command"
            raise Halted(f"stopped before the end: {left} goes on from what is over") from None


def _kept(out: Path, stack: ExitStack) -> Kept:
    """The episodes in a folder, for this process alone."""
    stack.enter_context(RunLock(out))
    return stack.enter_context(closing(Kept(out / _EPISODES_FILE)))


def _played(match: Match, workers: int, jail_require: str | None, kept: Kept | None) -> tuple[Results, Mapping[str, Sequence[Episode]]]:
    drawn = GymProblems(match.pool, match.seed, match.cases, match.evaluations)
    game: Game = drawn if match.itself is None else Itself(match.entrants[0], drawn.gym, match.itself)
    parts = _parts(match.entrants, drawn, jail_require)

    def progress(done: int, of: int) -> None:
        if done % max(1, of // 20) == 0:
            sys.stderr.write(f"{done} of {of} episodes\n")

    with stoppable() as stop:
        episodes = hold(
            match.entrants,
            game,
            count=match.cases,
            repetitions=match.seeds,
            seed=match.seed,
            make_jail=parts.make_jail,
            workers=workers,
            stop=stop,
            observer=progress,
            kept=kept,
        )
    results = results_of(match.versions, episodes, problems=match.cases, repetitions=match.seeds, budget=match.budget, alpha=match.alpha)
    return results, episodes


def measure(match: Match, *, workers: int, jail_require: str | None, out: Path | None, as_json: bool) -> None:
    """Play a match and tell what it came to: power first, as text or as one JSON object, and as files in a folder.

    Raises:
        UserError: as `played`.
        Halted: it was stopped.
    """
    if not as_json:
        say("\n".join(told(match)))
    results, episodes = played(match, workers=workers, jail_require=jail_require, out=out)
    if out is not None:
        write(out, match, results, episodes)
    if as_json:
        print_json(data_of(match, results, episodes))
    else:
        say("\n" + "\n".join(table(results)))


def measure_run(folder: Path, workers: int) -> str:
    """Compare the versions of a finished run on the gym, once: its files are in `recursion` then. Returns the result in one line.

    Empty where there is nothing to say: another suite, or it is switched off.
    """
    out = folder / RECURSION_FOLDER
    with open_run(folder) as run:
        config, latest = from_json(run.view.started["config"]), len(run.versions) - 1
    wanted = config.recursion
    if config.suite != "gym" or not wanted.cases:
        return ""
    if not latest:
        return "Recursion: nothing was kept, so the improver is what it was (ρ = 1)."
    if not (out / "improver.json").exists():
        numbers = sorted({round(latest * k / min(latest, wanted.versions)) for k in range(min(latest, wanted.versions) + 1)})
        versions = [replace(_version(f"{folder}:v{number}", set()), name=f"version {number}") for number in numbers]
        names, entrants, notes = _with_controls(versions, _ALL, config.run.seed)
        match = Match(
            versions=names,
            entrants=entrants,
            notes=notes,
            pool=Pool.SEALED,
            cases=wanted.cases,
            seeds=1,
            evaluations=wanted.evaluations,
            seed=config.run.seed,
            alpha=config.certificate.alpha,
        )
        sys.stderr.write(f"measuring recursion: {len(entrants)} improvers on {wanted.cases} sealed problems\n")
        require = None if config.jail.require == "suite" else config.jail.require
        results, episodes = played(match, workers=workers, jail_require=require, out=out)
        write(out, match, results, episodes)
    found = recursion_of(folder)
    return "" if found is None else recursion_words(found)


def field_of(agents: Sequence[str], against: str, peers: str, seed: int) -> tuple[list[str], list[Entrant], list[str]]:
    """Names of the versions, oldest first; everybody who takes part; what a reader must know of them.

    Raises:
        UserError: there is no such version, command or peer.
    """
    entrants: list[Entrant] = []
    notes = []
    for name in (against, *agents):
        entrant = _version(name, {entrant.name for entrant in entrants} | set(_ALL))
        twin = next((one.name for one in entrants if entrant.files and one.files == entrant.files), None)
        if twin is not None:
            entrant = replace(entrant, luck=1 + len(entrants))
            notes.append(f"{entrant.name} is {twin} once more, with luck of its own: it shows what luck alone does (A/A).")
        entrants.append(entrant)
    names, everybody, more = _with_controls(entrants, _chosen(peers), seed)
    return names, everybody, [*notes, *more]


def _with_controls(versions: Sequence[Entrant], chosen: Sequence[str], seed: int) -> tuple[list[str], list[Entrant], list[str]]:
    entrants, notes = list(versions), []
    if "sham" in chosen:
        control, note = _sham(versions[0], versions[-1], seed)
        entrants += [control] if control else []
        notes.append(note)
    return [one.name for one in versions], [*entrants, *(peer(name) for name in PEERS if name in chosen)], notes


def _chosen(peers: str) -> list[str]:
    names = {"all": list(_ALL), "none": []}.get(peers, [name.strip() for name in peers.split(",")])
    for name in names:
        if name not in _ALL:
            raise UserError(f"there is no peer {name!r}{nearest(name, list(_ALL))}")
    return names


def _version(name: str, taken: set[str]) -> Entrant:
    if name.startswith(COMMAND):
        command = name.removeprefix(COMMAND).strip()
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


def data_of(match: Match, results: Results, episodes: Mapping[str, Sequence[Episode]]) -> dict[str, Json]:
    """All of it as plain data."""
    return {
        "results": encode(results),
        "power": encode(gain_power(alpha=match.alpha)),
        "pool": match.pool.value,
        "seed": match.seed,
        "notes": list[Json](match.notes),
        "episodes": {name: encode(list(own)) for name, own in episodes.items()},
    }


def write(out: Path, match: Match, results: Results, episodes: Mapping[str, Sequence[Episode]]) -> None:
    """Files of a match in a folder: improver.json, improver.txt, ratios.svg and, where episodes have curves, curves.svg."""
    out.mkdir(parents=True, exist_ok=True)
    lines = [*told(match), "", *table(results)]
    (out / "ratios.svg").write_text(ratios(results), "utf-8")
    if any(episode.curve for own in episodes.values() for episode in own):
        (out / "curves.svg").write_text(curves(results, episodes), "utf-8")
    (out / "improver.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (out / "improver.json").write_text(json.dumps(data_of(match, results, episodes), sort_keys=True, indent=1) + "\n", "utf-8")
