"""Questions to language models from a jailed call, and commands that they run: handed on, counted against what this call may ask.

Covers: more requests than are allowed (a `budget` error; nothing is asked then), questions of any other shape, a call that is tried again
(it begins with its whole allowance, and is told again what it was told). What the gateway says for the record alone (`called`) is kept
back from who asks. What a candidate can do nothing for (`FAULTS`) is remembered, so that no trial is scored by it.
Does not cover: money, tokens, retries, records: all that is the gateway's.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from rsi.core.codec import canonical
from rsi.core.errors import Halted
from rsi.core.protocols import Gateway, Serve
from rsi.core.records import Json

__all__ = ["FAULTS", "Chats"]

FAULTS = frozenset({"auth", "budget", "network", "no_model", "rate"})
"""Kinds of errors of a gateway that say nothing of who asks: a key, money, the network, the service."""

_NAMES = {"chat": "requests", "shell": "runs of commands"}


@dataclass(slots=True, kw_only=True)
class Chats:
    """The models that the calls of one job may ask.

    Attributes:
        gateway: the road to them.
        purpose: the job, for the record.
        most: how many requests one call may make.
        shell: runs a model's commands; None where none may be run.
        most_runs: how often one call may have commands run.
        called: what the gateway said for the record, in order.
        ran: each wish to run commands and what came of it, in order.
        fault: the first of `FAULTS` that the gateway met, in its words; empty: none.
    """

    gateway: Gateway
    purpose: str
    most: int
    shell: Callable[[Json], dict[str, Json]] | None = None
    most_runs: int = 0
    called: list[Json] = field(default_factory=list)
    ran: list[tuple[Json, Json]] = field(default_factory=list)
    fault: str = ""

    def __post_init__(self) -> None:
        """Tell the gateway that the job starts."""
        self.gateway.begin(self.purpose)

    def hold(self, *, but: str = "") -> None:
        """Let nothing be scored, or taken for an answer, that hangs on a fault which is not the candidate's.

        Args:
            but: a kind of fault that does not count, since waiting would not mend it.

        Raises:
            Halted: there was one.
        """
        if self.fault and not (but and self.fault.startswith(f"{but}:")):
            raise Halted(f"language models could not be asked ({self.fault}); nothing is lost: mend it and run the same command again")

    def call(self) -> Callable[[], Serve]:
        """Somebody who answers one call, afresh if it is tried again; what it asks then as it did before is answered as before."""
        told: dict[tuple[bytes, int], Json] = {}
        return lambda: self._serving(told)

    def _serving(self, told: dict[tuple[bytes, int], Json]) -> Serve:
        left, counts = {"chat": self.most, "shell": self.most_runs}, Counter[bytes]()
        ways: dict[str, Callable[[Json], Json]] = {"chat": self.ask, **({} if self.shell is None else {"shell": self._run})}

        def serve(question: Json) -> Json:
            kind = next(iter(question)) if isinstance(question, dict) and len(question) == 1 else ""
            if not isinstance(question, dict) or kind not in ways:
                words = " or ".join(f"{{'{way}': request}}" for way in ways)
                return {"error": {"type": "bad_request", "message": f"only a question {words} is answered here"}}
            if left[kind] < 1:
                most = self.most if kind == "chat" else self.most_runs
                return {"error": {"type": "budget", "message": f"all {most} {_NAMES[kind]} of this call are used"}}
            left[kind] -= 1
            asked = canonical(question)
            key = (asked, counts[asked])
            counts[asked] += 1
            if key not in told:
                told[key] = ways[kind](question[kind])
            return told[key]

        return serve

    def _run(self, wish: Json) -> Json:
        """What came of commands: as it is recorded, where the job had them run before."""
        shell = self.shell
        assert shell is not None
        reply = self.gateway.kept({"shell": wish}, purpose=self.purpose, make=lambda: shell(wish))
        self.ran.append((wish, reply))
        return reply

    def ask(self, body: Json) -> Json:
        """The gateway's answer to one request, without what is only for the record."""
        reply = self.gateway.chat(body, purpose=self.purpose)
        if not isinstance(reply, dict):
            return reply
        if "called" in reply:
            self.called.append(reply["called"])
        error = reply.get("error")
        if isinstance(error, dict) and error.get("type") in FAULTS and not self.fault:
            self.fault = f"{error['type']}: {error.get('message')}"
        return {key: value for key, value in reply.items() if key != "called"}
