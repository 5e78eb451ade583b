"""`rsi mcp`: a run as a server of the Model Context Protocol, for coding agents that propose from outside."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rsi import __version__
from rsi.bridges.context import context_of
from rsi.bridges.counter import Counter, Look
from rsi.bridges.practice import Practice
from rsi.bridges.usage import Allowance, Usage
from rsi.cli.folders import open_run
from rsi.cli.outsiders import standing, who
from rsi.config.model import RunConfig, from_json
from rsi.core.errors import UserError
from rsi.core.protocols import Limits
from rsi.core.records import Json, Manifest
from rsi.loop.aim import Aim, target_as_it_was
from rsi.loop.inbox import read
from rsi.loop.parts import Parts, standard_parts
from rsi.loop.state import run_seed

__all__ = ["counter_of", "look_into", "mcp"]


def mcp(
    run: Path,
    /,
    *,
    by: Annotated[str | None, Parameter(help="Name of the agent in the log; by default that of the user.")] = None,
    evaluations: Annotated[int, Parameter(help="Practice cases that outsiders may have run, in all.")] = 1_000,
    per_minute: Annotated[int, Parameter(help="Practice cases within a minute.")] = 120,
) -> int:
    """Let a coding agent look at a run, try changes on practice cases and hand them in: an MCP server on stdin and stdout.

    Args:
        run: Folder of the run.
    """
    if find_spec("mcp") is None:
        raise UserError("rsi mcp needs the package mcp, which is not installed; install it with: pip install 'rsi[mcp]'")
    if evaluations < 0 or per_minute < 1:
        raise UserError("--evaluations should be 0 or more, and --per-minute 1 or more")
    with counter_of(run, who("mcp", by), Allowance(cases=evaluations, per_minute=per_minute)) as counter:
        import_module("rsi.bridges.server").serve(counter, f"rsi {run.resolve().name}", __version__)
    return 0


@contextmanager
def counter_of(run: Path, by: str, allowance: Allowance) -> Iterator[Counter]:
    """The counter of a run.

    Raises:
        UserError: it is no folder of a run, or its target is not what it was.
    """
    with open_run(run) as opened:
        config, manifest = from_json(opened.view.started["config"]), standing(opened).manifest
        told = opened.view.started.get("target")
    with _parts(run, config, manifest, told) as parts:
        yield _counter(run, by, allowance, config, parts)


@contextmanager
def _parts(run: Path, config: RunConfig, manifest: Manifest, told: Json) -> Iterator[Parts]:
    """Cases and jails of the run; of one on a target, with its scorer."""
    if not config.target:
        yield standard_parts(config, manifest)
        return
    with Aim(target=target_as_it_was(run, config.target, told), agents={}).parts(config) as parts:
        yield parts


def _counter(run: Path, by: str, allowance: Allowance, config: RunConfig, parts: Parts) -> Counter:
    limits = Limits(wall_s=config.jail.wall_s, cpu_s=config.jail.wall_s)
    practice = Practice(
        suite=parts.suite,
        make_jail=parts.make_jail,
        programs=config.judge.programs,
        seed=run_seed(config, "build"),
        limits=limits,
    )
    usage = Usage(run, by, allowance, time.time)
    return Counter(run, by, look=partial(look_into, run), practice=practice, usage=usage, now=time.time)


def look_into(run: Path) -> Look:
    """What the folder of a run shows at present."""
    with open_run(run) as opened:
        found = standing(opened)
        message = context_of(found, opened.index, opened.archive, opened.log.entries())
        return Look(standing=found, message=message, proposals=opened.index.proposals(), inbox=[one.content for one in read(run)])
