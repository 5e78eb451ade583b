"""Where sessions with outside agents are held: in the jail's agent profile, or, granted more, beside it in namespaces or as a process.

Covers: files go in and come out as data; what is no plain file or far too large stays out.
Does not cover: what the place itself does not hold (`docs/jail.md`, `rsi.kernel.sandbox.granted`).
"""

import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path

from rsi.bridges.brief import EVALUATE
from rsi.bridges.tree import BRIEF, TREE, lay_out, take_back
from rsi.core.errors import JailError, UserError
from rsi.core.protocols import Call, Files, Jail, Limits, Reply, Serve
from rsi.core.records import Clock, Json, Outcome
from rsi.kernel.sandbox import errand, open_jail
from rsi.kernel.sandbox.granted import granted_command, granted_environment

__all__ = ["Place", "check", "hold", "with_brief"]

_ERRAND, _ASKS = "rsi_errand", "asks"
_SPARE_S = 30.0
_TOOL = b'''\
"""Tries the tree as it is now on practice cases: `python3 ../evaluate.py 0 1 2` prints their results as JSON."""

import json
import os
import sys
import time

asks = os.path.join(os.path.dirname(os.path.abspath(__file__)), "asks")
name = os.path.join(asks, str(os.getpid()))
with open(name + ".new", "w") as file:
    json.dump({"cases": [int(number) for number in sys.argv[1:]]}, file)
os.rename(name + ".new", name + ".ask")
while not os.path.exists(name + ".reply"):
    time.sleep(0.05)
with open(name + ".reply") as file:
    print(file.read())
os.unlink(name + ".reply")
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and with what an agent works.

    Attributes:
        wall_s: limit of the whole session; the host minds it, the jail ends it a little later at the latest.
        grants: what the user gives it beyond the jail; with one of `network` and `machine` it works outside of it.
        hidden: folders that it shall not see there.
        template: the command of tier S4, if there is one.
        environment: of the user, of which it sees what is granted.
    """

    wall_s: float
    grants: tuple[str, ...] = ()
    hidden: tuple[Path, ...] = ()
    template: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int = 8_000_000_000
    processes: int = 256

    @property
    def is_granted(self) -> bool:
        """Whether it works outside the jail."""
        return bool({"network", "machine"} & set(self.grants))


def hold(place: Place, command: tuple[str, ...], *, lines: bool, beside: Files, files: Files, serve: Serve) -> tuple[Reply, Files]:
    """Run a command over a fresh work tree until it ends or the host says stop: how it ended, and the tree after it.

    Args:
        command: word by word.
        lines: whether it is spoken with over its stdin and stdout.
        beside: what lies in the folder that holds the tree.
        files: the tree.
        serve: answers the errand, see `rsi.kernel.sandbox.errand`.

    Raises:
        UserError: neither the jail nor what was granted can be had here.
        JailError: the jail broke.
    """
    held = _beside_the_jail if place.is_granted else _in_the_jail
    return held(place, command, lines, beside, files, serve)


def with_brief(command: tuple[str, ...], brief: str) -> tuple[tuple[str, ...], Files]:
    """A command with the path of a brief for `{brief}` and its text for `{prompt}`, and what lies beside the tree then."""
    words = tuple(word.replace("{brief}", f"../{BRIEF}").replace("{prompt}", brief) for word in command)
    return words, {BRIEF: brief.encode("utf-8", "replace"), EVALUATE: _TOOL}


def _in_the_jail(place: Place, words: tuple[str, ...], lines: bool, beside: Files, files: Files, serve: Serve) -> tuple[Reply, Files]:
    guest = resources.files("rsi.kernel.sandbox").joinpath("errand.py").read_bytes()
    inner = {f"{TREE}/{path}": content for path, content in files.items()}
    passed = granted_environment([grant for grant in place.grants if grant.startswith("env:")], place.environment)
    named = {name: value for name, value in passed.items() if f"env:{name}" in place.grants}
    seconds = place.wall_s + _SPARE_S
    limits = Limits(
        wall_s=seconds,
        cpu_s=seconds * 4,
        memory_bytes=place.memory_bytes,
        disk_bytes=200_000_000,
        files=1_024,
        entries=50_000,
        processes=place.processes,
        questions=1_000_000,
        question_bytes=32_000_000,
        reply_bytes=1_000_000_000,
    )
    call = Call(
        files={**inner, **beside, f"{_ERRAND}.py": guest},
        module=_ERRAND,
        function="run",
        payload=_payload(words, TREE, _ASKS, named, lines=lines, bare=False),
        limits=limits,
        collect_bytes=64_000_000,
    )
    jail = _agent_jail(place)
    with closing(jail):
        reply = _hinted(jail.call(call, serve))
    prefix = f"{TREE}/"
    return reply, {path.removeprefix(prefix): content for path, content in reply.files.items() if path.startswith(prefix)}


def _hinted(reply: Reply) -> Reply:
    """With the next step, where the command is none that the jail has."""
    value = reply.value if isinstance(reply.value, dict) else {}
    if not str(value.get("errors")).startswith("cannot start"):
        return reply
    words = f"{value['errors']} in the jail, which has only what lies below /usr; --grant network shows an agent your files"
    return replace(reply, value={**value, "errors": words})


def _agent_jail(place: Place) -> Jail:
    try:
        return open_jail((), "auto", "agent", place.template)
    except JailError as error:
        raise UserError(
            f"programs of others need the jail's agent profile, and it cannot be had here: {error}; repair that, or give an agent from "
            "outside --grant network or --grant machine (docs/bridges.md says what that costs)"
        ) from None


def check(place: Place) -> None:
    """Whether sessions can be held there at all; for the start of a run, so that nothing is spent before.

    Raises:
        UserError: neither the jail nor what was granted can be had here.
    """
    granted_environment(place.grants, place.environment)
    if place.is_granted:
        granted_command((), Path("/"), (), place.grants)
    else:
        _agent_jail(place).close()


def _beside_the_jail(place: Place, words: tuple[str, ...], lines: bool, beside: Files, files: Files, serve: Serve) -> tuple[Reply, Files]:
    with tempfile.TemporaryDirectory(prefix="rsi-session-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        lay_out(folder / TREE, files)
        lay_out(folder, beside)
        command = granted_command(words, folder, place.hidden, place.grants)
        environment = granted_environment(place.grants, place.environment)
        payload = _payload(command, str(folder / TREE), str(folder / _ASKS), environment, lines=lines, bare=True)
        value = errand.run(payload, serve)
        if not (folder / TREE).is_dir():
            return _reply(Outcome.ANSWERED, value, ""), {}
        try:
            return _reply(Outcome.ANSWERED, value, ""), take_back(folder / TREE)
        except UserError as error:
            return _reply(Outcome.CRASHED, None, str(error).replace(f"{folder}/", "")), {}


def _payload(command: tuple[str, ...], tree: str, asks: str, environment: Mapping[str, str], *, lines: bool, bare: bool) -> dict[str, Json]:
    named: dict[str, Json] = {name: value for name, value in environment.items()}
    return {"command": [*command], "tree": tree, "asks": asks, "environment": named, "lines": lines, "bare": bare}


def _reply(outcome: Outcome, value: Json, reason: str) -> Reply:
    return Reply(outcome=outcome, value=value, reason=reason, stdout="", stderr="", clock=Clock())
