"""Who takes part: versions of an agent, methods that people thought out, controls, and commands from outside."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files as package_files

from rsi.bench.improvers.episodes import Arm, Said
from rsi.bench.improvers.outside import Outside
from rsi.core.errors import UserError
from rsi.core.protocols import Files, Jail, Limits, Serve
from rsi.core.records import Json, Manifest, Outcome
from rsi.kernel.evaluate import MANIFEST_FILE, Failed, agent_call, build, load_manifest

__all__ = ["PEERS", "Entrant", "Seated", "built", "peer"]

PEERS: tuple[str, ...] = ("random", "hill", "evolution", "annealing", "tpe")
"""Methods that people thought out, with the seed agent's edits; `random` learns nothing from what it finds."""

_LIMITS = Limits(wall_s=900.0, cpu_s=900.0)
_BORROWED = ("edits.py", "places.py")
_MANIFEST = b'name = "peer"\nentry = "main"\npreload = ["ast", "difflib", "hashlib", "json", "math", "random", "re"]\n\n[surfaces]\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """One improver, frozen.

    Attributes:
        name: as in the tables; unique.
        files: its tree, with the product of its build once that is made; empty for a command.
        build_seed: seed of its build, if it has one.
        command: what is started for each episode instead; empty for a tree.
        luck: 0 for the random choices that everybody has; another number for others.
    """

    name: str
    files: Files
    build_seed: int = 0
    command: str = ""
    luck: int = 0

    @property
    def manifest(self) -> Manifest:
        """What its tree says of itself."""
        return load_manifest(self.files)

    def seated(self, jail: Jail) -> Arm:
        """The improver at work in a jail (a command needs none)."""
        return Outside(name=self.name, command=self.command) if self.command else Seated(entrant=self, jail=jail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seated:
    """A tree as an arm, in its jail."""

    entrant: Entrant
    jail: Jail

    @property
    def name(self) -> str:
        """As in the tables."""
        return self.entrant.name

    def improve(self, payload: Json, serving: Callable[[], Serve]) -> Said:
        """Send the message to its entry module."""
        reply = agent_call(self.jail, self.entrant.files, self.entrant.manifest, "improve", payload, _LIMITS, serving)
        if reply.outcome is Outcome.ANSWERED:
            return Said(value=reply.value)
        return Said(value=None, reason=f"{reply.outcome.value}: {reply.reason}")


def peer(name: str) -> Entrant:
    """A method of `PEERS`; its tree holds the seed agent's edits as they are in this version of rsi."""
    agents = package_files("rsi") / "agents"
    own = {item.name: item.read_bytes() for item in (agents / "peers").iterdir() if item.name.endswith(".py")}
    borrowed = {path: (agents / "seed" / path).read_bytes() for path in _BORROWED}
    files = {**own, **borrowed, "method.json": json.dumps(name).encode(), MANIFEST_FILE: _MANIFEST}
    return Entrant(name=name, files=dict(sorted(files.items())))


def built(entrant: Entrant, jail: Jail) -> Entrant:
    """The entrant with the product of its build.

    Raises:
        UserError: it does not build.
    """
    if entrant.command or not entrant.manifest.build:
        return entrant
    made = build(jail, entrant.files, entrant.manifest, entrant.build_seed, _LIMITS)
    if isinstance(made, Failed):
        raise UserError(f"{entrant.name} does not build: {made.outcome.value}, {made.reason[:500]}")
    return replace(entrant, files=made.files)
