"""Versions of agents that a person names."""

from dataclasses import dataclass
from pathlib import Path

from rsi.cli.folders import is_run, open_run
from rsi.config.model import RunConfig, from_json
from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.records import Manifest
from rsi.kernel.evaluate import load_manifest
from rsi.loop.agents import load_agent

__all__ = ["Solver", "find_solver"]


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
