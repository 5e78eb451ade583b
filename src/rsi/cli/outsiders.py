"""What the verbs for people and agents from outside have in common: a run as they may see it."""

import getpass
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from rsi import __version__
from rsi.bridges.context import Standing, standing_of
from rsi.bridges.inbox import author
from rsi.bridges.places import Place, check
from rsi.bridges.session import Agent, agent_named, propose_with
from rsi.bridges.shell import run_shell
from rsi.cli.folders import OpenRun
from rsi.config.model import RunConfig
from rsi.core.errors import UserError
from rsi.core.protocols import Reply, Serve
from rsi.core.records import Json
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.sandbox.granted import check_grants
from rsi.loop.outside import Outside
from rsi.loop.shell import Shell

__all__ = ["going_on", "outside_agents", "shell_for", "standing", "who"]


def standing(run: OpenRun) -> Standing:
    """Where a run stands, as far as outsiders are concerned."""
    return standing_of(run.index, run.archive, load_manifest(run.archive.files(run.view.incumbent)))


def going_on(run: OpenRun) -> Standing:
    """The same of a run that can still take a change in.

    Raises:
        UserError: it has ended.
    """
    found = standing(run)
    if found.ended is not None:
        raise UserError(f"{run.folder} has ended ({found.ended}): nothing more is judged in it; begin a new run and propose there")
    return found


def who(road: str, name: str | None) -> str:
    """How the log names who hands a change in: by the name given, else by that of the user.

    Raises:
        UserError: no plain name.
    """
    return author(road, name or _user())


def _user() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "_-.") else "-" for char in name).lstrip("-._")[:40]
    return plain or "somebody"


def outside_agents(settings: RunConfig, typed: Mapping[str, str], run: Path) -> Mapping[str, Outside]:
    """The agents from outside among those of a run on a target, by name; that sessions can be held here is tried.

    Args:
        typed: what a person typed for each, by name.
        run: the folder of the run, which they shall not see.

    Raises:
        UserError: a command or a grant that there is not, a package that is missing, or neither jail nor grant holds a session here.
    """
    if not typed:
        return {}
    wanted = settings.outside
    place = _place(settings, wanted.wall_s)
    place = replace(place, grants=check_grants(wanted.grants), hidden=(run,), environment=os.environ)
    check(place)
    found: dict[str, Outside] = {}
    for name, text in typed.items():
        agent = agent_named(text, place, most_dollars=wanted.dollars or None, most_tried=wanted.evaluations, version=__version__)
        found[name] = Outside(propose=partial(_propose, agent), wall_s=wanted.wall_s)
    return found


def shell_for(settings: RunConfig) -> Shell | None:
    """Where language models may run commands; None where the run has no models, wants no shell, or cannot hold one here."""
    seconds = settings.models.shell_s
    place = _place(settings, seconds)
    if not settings.models.model or not seconds:
        return None
    try:
        check(place)
    except UserError:
        return None
    return Shell(run=partial(run_shell, place, time.monotonic), wall_s=seconds)


def _place(settings: RunConfig, wall_s: float) -> Place:
    """The jail's agent profile, with the limits of the section `[outside]`."""
    wanted = settings.outside
    template = settings.jail.template or None
    return Place(wall_s=wall_s, template=template, memory_bytes=wanted.memory_mb * 1_000_000, processes=wanted.processes)


def _propose(agent: Agent, message: Json, serve: Serve) -> Reply:
    assert isinstance(message, dict)
    return propose_with(agent, message, serve, now=time.monotonic)
