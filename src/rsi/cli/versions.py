"""Versions of agents that a person names, and the one that a run begins with where none is named."""

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from rsi.attacks.proof import state_folder
from rsi.cli.folders import is_run, open_run
from rsi.config.model import RunConfig, from_json
from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.records import Manifest
from rsi.improvers import PREFIX, Improver, Store, named
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.evaluate import load_manifest
from rsi.loop.agents import load_agent
from rsi.loop.state import run_seed

__all__ = ["SHIPPED", "Beginning", "Solver", "beginning", "find_solver", "improvers"]

SHIPPED = "seed"
"""The agent that comes with rsi."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """One version of an agent.

    Attributes:
        name: what a person calls it.
        build_seed: of the run it comes from, so that a release is built as when it was certified.
    """

    name: str
    files: Files
    build_seed: int

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        return load_manifest(self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a run begins with.

    Attributes:
        settings: with the agent's name in full, as it stands in the log.
        files: version 0.
        words: a line for people if it is an improver, else empty.
    """

    settings: RunConfig
    files: Files
    words: str


def improvers() -> Store:
    """The improvers of this user on this machine."""
    return Store(folder=state_folder(os.environ, Path.home()) / "improvers")


def beginning(settings: RunConfig, out: Path | None) -> Beginning:
    """The agent that a run begins with: the one that is named; else the one of the run in `out`; else the one chosen with `use`.

    A run that begins with an improver gets cases that no run behind it has had: where no seed is named, the first one that gives such.

    Raises:
        UserError: there is no such agent or improver, or the seed that is named gives the cases of a run behind it.
        IntegrityError: the improver's file was changed; names it.
    """
    is_named = "agent" in settings.model_fields_set
    agent = settings.agent if is_named else _agent_of(out) or _in_use() or settings.agent
    if not agent.startswith(PREFIX):
        return Beginning(settings=settings.model_copy(update={"agent": agent}), files=load_agent(agent), words="")
    store = improvers()
    identity = store.find(agent.removeprefix(PREFIX))
    found = store.read(identity)
    gain = f"certified {100 * found.improver.last.certificate.gain:+.1f} points".replace("-", "−")
    how = "named" if is_named else f"`--agent {SHIPPED}` begins with the shipped agent"
    words = f"begins with improver {named(identity)} ({gain}), {how}"
    fresh = _with_fresh_cases(settings, found.improver)
    return Beginning(settings=fresh.model_copy(update={"agent": PREFIX + identity}), files=found.files, words=words)


def _with_fresh_cases(settings: RunConfig, improver: Improver) -> RunConfig:
    """The settings with a seed that gives other cases than those on which the improver was chosen and certified."""
    used = {passage.build_seed for passage in improver.passages if passage.suite == settings.suite}
    free = next(one for one in (_seeded(settings, seed) for seed in count(settings.run.seed)) if run_seed(one, "build") not in used)
    if free.run.seed == settings.run.seed or "seed" not in settings.run.model_fields_set:
        return free
    raise UserError(
        f"seed {settings.run.seed} gives the very cases on which this improver was chosen and certified: "
        f"a gain on them would prove nothing; take another one, --seed {free.run.seed} for instance"
    )


def _seeded(settings: RunConfig, seed: int) -> RunConfig:
    return settings.model_copy(update={"run": settings.run.model_copy(update={"seed": seed})})


def _in_use() -> str | None:
    store = improvers()
    identity = store.chosen()
    if identity is not None and identity not in store.ids():
        raise UserError(
            f"the improver in use, {named(identity)}, is no longer in {store.folder}; "
            f"`rsi improver use {SHIPPED}` goes back to the shipped agent"
        )
    return None if identity is None else PREFIX + identity


def _agent_of(out: Path | None) -> str | None:
    """The shipped agent or improver that the run in a folder was begun with: what is in use may have changed since."""
    if out is None or not is_run(out):
        return None
    first = next(FileEventLog.read(out / "log.jsonl").entries(), None)
    config = first.body.get("config") if first and isinstance(first.body, dict) else None
    agent = config.get("agent") if isinstance(config, dict) else None
    return agent if isinstance(agent, str) and (agent == SHIPPED or agent.startswith(PREFIX)) else None


def find_solver(agent: str) -> Solver:
    """The version that a person means: a built-in name, a folder, a run's folder (its release), RUN:CANDIDATE, or improver:ID.

    Raises:
        UserError: there is no such agent, run, candidate or improver.
    """
    if agent.startswith(PREFIX):
        return _of_store(agent.removeprefix(PREFIX))
    folder, _, candidate = agent.rpartition(":")
    if is_run(Path(agent)):
        return _of_run(Path(agent), "release")
    if folder and is_run(Path(folder)):
        return _of_run(Path(folder), candidate)
    if folder and not Path(agent).exists():
        raise UserError(f"{folder} is not the folder of a run; write RUN:CANDIDATE, improver:ID, or the name or folder of an agent")
    return Solver(name=agent, files=load_agent(agent), build_seed=run_seed(RunConfig(), "build"))


def _of_run(folder: Path, name: str) -> Solver:
    with open_run(folder) as run:
        candidate = run.candidate(name)
        config = from_json(run.view.started["config"])
        if config.target:
            raise UserError(f"{folder} is a run on the target {config.target}: its versions are no agents; `rsi diff` shows what changed")
        return Solver(name=f"{folder}:{candidate[:12]}", files=run.archive.files(candidate), build_seed=run_seed(config, "build"))


def _of_store(text: str) -> Solver:
    store = improvers()
    found = store.read(store.find(text))
    return Solver(name=PREFIX + named(found.id), files=found.files, build_seed=found.improver.last.build_seed)
