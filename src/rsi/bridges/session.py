"""A session with a coding agent from outside: a fresh work tree, a brief, a time limit; what differs at the end is proposed.

`propose_with` takes the message `propose` of the loop and gives what an agent's `propose` would give. The agent is either one that speaks
the Agent Client Protocol (`bridge:COMMAND`) or any other program (`cmd:COMMAND`, where `{brief}` is the path of the brief, `{prompt}` the
text).

Covers: a command that is missing, crashes, hangs, says nonsense, removes its tree or changes what it may not: one clear line each, as an
outcome, and nothing of the run is lost. Does not cover: what a user grants (`rsi.kernel.sandbox.granted`).
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from rsi.bridges.brief import HOW_IN_A_SESSION, brief_of
from rsi.bridges.carrier import Carrier, Listener
from rsi.bridges.hand import by_surface
from rsi.bridges.places import Place, hold, with_brief
from rsi.bridges.rights import Rights
from rsi.bridges.tree import changes
from rsi.config.model import OUTSIDE_ROADS
from rsi.core.errors import JailError, UserError
from rsi.core.protocols import Files, Reply, Serve
from rsi.core.records import Clock, FileEdit, Json, Manifest, Outcome, Surface

__all__ = ["Agent", "agent_named", "propose_with"]

_REASON = re.compile(r"^[\s*`>#-]*REASON:[\s*`]*(.+?)[\s*`]*$", re.MULTILINE)
_NUMBER = r"([-+]?\d*\.?\d+)"
_PREDICTION = re.compile(rf"^[\s*`>#-]*PREDICTION:[\s*`]*{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}[\s*`.]*$", re.MULTILINE)
_MOST_REASON = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent from outside.

    Attributes:
        command: word by word.
        speaks: whether it speaks the Agent Client Protocol.
        place: where and for how long it works.
        most_dollars: what a session may cost by its own account; None: any sum.
        most_tried: how many cases it may have its tree tried on in a session.
        version: of rsi, as told to it.
    """

    command: tuple[str, ...]
    speaks: bool
    place: Place
    most_dollars: float | None = None
    most_tried: int = 200
    version: str = ""


def agent_named(text: str, place: Place, *, most_dollars: float | None = None, most_tried: int = 200, version: str = "") -> Agent:
    """The agent that `bridge:COMMAND` or `cmd:COMMAND` names.

    Raises:
        UserError: no command, one that cannot be split into words, or the package for the protocol is missing.
    """
    road, _, command = text.partition(":")
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UserError(f"--agent {text!r}: {error}; write it as in a shell") from None
    if road not in OUTSIDE_ROADS or not words:
        raise UserError(f"--agent {text!r}: write bridge:COMMAND (an agent of the Agent Client Protocol) or cmd:COMMAND")
    if road == "bridge" and find_spec("acp") is None:
        raise UserError("bridge: needs the package agent-client-protocol; install it with: pip install 'rsi[agents]'")
    return Agent(command=words, speaks=road == "bridge", place=place, most_dollars=most_dollars, most_tried=most_tried, version=version)


def propose_with(agent: Agent, message: Mapping[str, Json], serve: Serve, *, now: Callable[[], float]) -> Reply:
    """Hold one session; its reply is that of an agent's `propose`, with `usage` besides.

    Args:
        message: the message `propose`.
        serve: answers `{"evaluate": …}`.
        now: seconds of a clock that never goes back; only for the time limit.

    Raises:
        UserError: neither the jail nor what was granted can be had on this machine.
    """
    target = message["target"]
    assert isinstance(target, dict)
    files, manifest = _files_of(target), _manifest_of(target)
    brief = brief_of(message, HOW_IN_A_SESSION)
    host = _Host(agent, brief, manifest, serve, now)
    try:
        command, beside = with_brief(agent.command, brief)
        ended, after = hold(agent.place, command, lines=agent.speaks, beside=beside, files=files, serve=host.answer)
        outcome, reason = host.verdict(ended)
    except JailError as error:
        outcome, reason, after = Outcome.CRASHED, f"its jail broke: {error}", {}
    finally:
        host.close()
    if outcome is Outcome.ANSWERED and files and not after:
        outcome, reason = Outcome.CRASHED, "its work tree is gone"
    edits: tuple[FileEdit, ...] = ()
    if outcome is Outcome.ANSWERED:
        try:
            edits = changes(files, after)
        except UserError as error:
            outcome, reason = Outcome.MALFORMED, str(error)
    good = outcome is Outcome.ANSWERED
    value = _answer(message, edits, files, manifest, host) if good else None
    why = "" if good else f"{agent.command[0]}: {reason}"
    return Reply(outcome=outcome, value=value, reason=why, stdout="", stderr="", clock=Clock(wall_s=now() - host.began))


class _Host:
    """The host's side of a session: minds the time, has the tree tried, lets the carrier speak."""

    def __init__(self, agent: Agent, brief: str, manifest: Manifest, serve: Serve, now: Callable[[], float]) -> None:
        self._agent, self._brief, self._manifest = agent, brief, manifest
        self._serve, self._now = serve, now
        self._carrier: Carrier | None = None
        self._is_late = False
        self._tried = 0
        self.began = now()

    def answer(self, said: Json) -> Json:
        """One question of the errand."""
        assert isinstance(said, dict)
        if self._now() - self.began > self._agent.place.wall_s:
            self._is_late = True
            return {"write": [], "do": [], "evaluated": None, "stop": True}
        wish = said["evaluate"]
        evaluated: Json = {"name": wish["name"], "reply": self._try(wish)} if isinstance(wish, dict) else None
        self._carrier = self._carrier or self._speak(str(said["tree"]))
        return {"evaluated": evaluated, **self._carrier.take(said)}

    def verdict(self, ended: Reply) -> tuple[Outcome, str]:
        """How the session ended, in one line."""
        if self._is_late or ended.outcome is Outcome.TIMED_OUT:
            return Outcome.TIMED_OUT, f"it did not finish within {self._agent.place.wall_s:g} s and was ended"
        if ended.outcome is not Outcome.ANSWERED or not isinstance(ended.value, dict):
            return ended.outcome, ended.reason
        code, errors = ended.value.get("code"), ended.value.get("errors")
        carrier = self._carrier or Listener()
        return carrier.ending(code if isinstance(code, int) else None, str(errors or ""))

    @property
    def words(self) -> str:
        """What the agent said."""
        return self._carrier.words() if self._carrier else ""

    @property
    def usage(self) -> Json:
        """What it used."""
        return {**(self._carrier.usage() if self._carrier else {}), "tried": self._tried, "wall_s": round(self._now() - self.began, 3)}

    def close(self) -> None:
        """End our side."""
        if self._carrier is not None:
            self._carrier.close()

    def _speak(self, tree: str) -> Carrier:
        if not self._agent.speaks:
            return Listener()
        grants = self._agent.place.grants
        rights = Rights(
            tree=tree,
            manifest=self._manifest,
            is_confined="machine" not in grants,
            has_network=self._agent.place.is_granted,
        )
        module = import_module("rsi.bridges.acp")
        speaker: Carrier = module.Conversation(self._brief, rights, self._agent.version, self._agent.most_dollars)
        return speaker

    def _try(self, wish: Mapping[str, Json]) -> Json:
        cases, left = wish.get("cases"), self._agent.most_tried - self._tried
        numbers: list[Json] = [case for case in cases if type(case) is int] if isinstance(cases, list) else []
        if len(numbers) > left:
            return {"error": f"in a session at most {self._agent.most_tried} cases are tried, {left} are left", "left": left}
        self._tried += len(numbers)
        return self._serve({"evaluate": {"files": wish.get("files"), "cases": numbers}})


def _answer(message: Mapping[str, Json], edits: tuple[FileEdit, ...], files: Files, manifest: Manifest, host: _Host) -> Json:
    """What an agent's `propose` would answer: one proposal for each surface that was changed."""
    groups = by_surface(edits, files, manifest)
    taken = {edit.path for group in groups.values() for edit in group}
    proposals: list[Json] = [_proposal(surface, group, host.words) for surface, group in groups.items()]
    left_out: list[Json] = [edit.path for edit in edits if edit.path not in taken]
    return {"proposals": proposals, "memory": message.get("memory"), "programs": 0, "usage": host.usage, "left_out": left_out[:100]}


def _proposal(surface: Surface, edits: tuple[FileEdit, ...], words: str) -> Json:
    said, guess = _REASON.findall(words), _PREDICTION.findall(words)
    reason = said[-1] if said else "no reason given; it changed " + ", ".join(edit.path for edit in edits[:6])
    changed: list[Json] = [{"path": edit.path, "before": edit.before, "after": edit.after} for edit in edits]
    return {
        "surface": surface.value,
        "limitation": "",
        "reason": reason[:_MOST_REASON],
        "edits": changed,
        "prediction": _prediction(guess[-1]) if guess else None,
    }


def _prediction(numbers: tuple[str, str, str]) -> Json:
    """What was foretold; nothing, if that cannot be."""
    p, low, high = (float(number) for number in numbers)
    return {"p_better": p, "low": low, "high": high} if 0 <= p <= 1 and -1 <= low <= high <= 1 else None


def _files_of(target: Mapping[str, Json]) -> Files:
    files = target.get("files")
    return {path: str(text).encode("utf-8") for path, text in files.items()} if isinstance(files, dict) else {}


def _manifest_of(target: Mapping[str, Json]) -> Manifest:
    surfaces = target.get("surfaces")
    named = surfaces if isinstance(surfaces, dict) else {}
    globs = {Surface(name): tuple(map(str, listed)) for name, listed in named.items() if isinstance(listed, list)}
    protected = target.get("protected")
    closed = tuple(map(str, protected)) if isinstance(protected, list) else ()
    return Manifest(name=str(target.get("name")), entry="", surfaces=globs, protected=closed)
