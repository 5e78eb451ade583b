"""A short run on a target: real jails that were attacked, the real process that scores, and the log checked behind it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsi.cli.aiming import aim_of
from rsi.cli.working import prove
from rsi.config import RunConfig, from_json
from rsi.core.protocols import Entry
from rsi.loop.aim import Aim, told_of
from rsi.loop.parts import Parts
from rsi.loop.run import run
from rsi.loop.verify import verify

CONFIG: Mapping[str, Mapping[str, Any]] = {
    "run": {"programs": 400, "lanes": 2, "cycles": 4},
    "practice": {"batches": 1, "tasks": 10, "programs": 10},
    "propose": {"count": 1, "programs": 60},
    "judge": {"course": "race", "alpha": 0.2, "horizon": 2, "block": 8, "max_pairs": 48, "programs": 1, "retest_share": 0.0},
    "certificate": {"pairs": 32, "programs": 1},
    "jail": {"wall_s": 600.0},
}


def short(name: str, agent: str, tier: str, settings: Mapping[str, Mapping[str, Any]]) -> RunConfig:
    """The configuration of a short run; `settings` change it, `tier` is the fixture `jail_require`."""
    sections = {key: {**CONFIG.get(key, {}), **settings.get(key, {})} for key in {*CONFIG, *settings}}
    if tier == "S1":
        sections["jail"] |= {"require": "S1", "tier": "S1"}
    return from_json({**sections, "target": name, "agents": [agent]})


@contextmanager
def aimed(config: RunConfig) -> Iterator[tuple[Aim, Parts]]:
    """What such a run is about, and its outside world; the first one in a session of tests attacks the jail, for a few seconds."""
    aim = aim_of(config)
    with aim.parts(config) as parts:
        yield aim, replace(parts, prove=lambda tier: prove(tier, None))


def play(folder: Path, config: RunConfig) -> list[Entry]:
    """The run from its beginning to its end, and its log checked."""
    seen, stop = list[Entry](), threading.Event()
    with aimed(config) as (aim, parts):
        files, told = aim.target.files, told_of(aim.target)
        run(folder, config, files, workers=1, observer=seen.append, stop=stop, parts=parts, agents=aim.agents, target=told)
        found = verify(folder, parts=parts)
    assert found.ok and found.finished, found.problems
    return seen


def bodies(seen: list[Entry], kind: str) -> list[dict[str, Any]]:
    """What stands in the entries of a kind."""
    return [dict(entry.body) for entry in seen if entry.kind == kind and isinstance(entry.body, dict)]


def certified(name: str, agent: str, folder: Path, tier: str, **settings: Mapping[str, Any]) -> list[Entry]:
    """A short run that ends with a certificate of a gain: its entries."""
    seen = play(folder, short(name, agent, tier, settings))
    (issued,) = bodies(seen, "certificate.issued")
    assert issued["certificate"]["low"] > 0, (issued["certificate"], [body["reason"] for body in bodies(seen, "proposal.refused")])
    return seen
