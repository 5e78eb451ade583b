"""What a run on a target begins with, by the names that a person types."""

from collections.abc import Sequence
from pathlib import Path

from rsi.cli.versions import improvers
from rsi.config.model import RunConfig, is_outside
from rsi.core.protocols import Files
from rsi.improvers import PREFIX, named
from rsi.loop.agents import load_agent
from rsi.loop.aim import Aim
from rsi.loop.machine import ITSELF
from rsi.targets import Target, find_target

__all__ = ["aim_of", "folder_of"]


def aim_of(settings: RunConfig) -> Aim:
    """The target and the agents of a run.

    An agent that is the target's own folder is asked to improve itself.

    Raises:
        UserError: there is no such target, agent or improver.
        IntegrityError: an improver's file was changed; names it.
    """
    target = find_target(settings.target)
    agents: dict[str, Files] = {}
    outside: dict[str, str] = {}
    for agent in settings.agents:
        is_itself = agent == ITSELF or (Path(agent).is_dir() and Path(agent).resolve() == target.folder.resolve())
        files = target.files if is_itself else _files(agent)
        name = ITSELF if is_itself else _name(agent, list(agents))
        agents[name] = files
        outside |= {name: agent} if is_outside(agent) else {}
    return Aim(target=target, agents=agents, outside=outside)


def folder_of(settings: RunConfig, target: Target) -> Path:
    """Where a run on a target goes that was given no folder."""
    return Path("runs") / f"{target.name}-{settings.run.seed}"


def _files(agent: str) -> Files:
    if not agent.startswith(PREFIX):
        return load_agent(agent)
    store = improvers()
    return store.read(store.find(agent.removeprefix(PREFIX))).files


def _name(agent: str, taken: Sequence[str]) -> str:
    """A short name for an agent: a folder goes by its last part, one from outside by its program."""
    if is_outside(agent):
        road, _, command = agent.partition(":")
        short = f"{road}:{Path(command.split()[0]).name}" if command.strip() else agent
    else:
        short = f"improver-{named(agent.removeprefix(PREFIX))}" if agent.startswith(PREFIX) else Path(agent).resolve().name
    return short if short not in taken else next(name for name in (f"{short}-{number}" for number in range(2, 99)) if name not in taken)
