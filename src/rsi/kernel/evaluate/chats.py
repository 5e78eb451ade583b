"""Questions to language models from a jailed call: handed to the gateway, counted against what this call may ask.

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


@dataclass(slots=True, kw_only=True)
class Chats:
    """The models that the calls of one job may ask.

    Attributes:
        gateway: the road to them.
        purpose: the job, for the record.
        most: how many requests one call may make.
        called: what the gateway said for the record, in order.
        fault: the first of `FAULTS` that the gateway met, in its words; empty: none.
    """

    gateway: Gateway
    purpose: str
    most: int
    called: list[Json] = field(default_factory=list)
    fault: str = ""

    def __post_init__(self) -> None:
        """Tell the gateway that the job starts."""
        self.gateway.begin(self.purpose)

    def hold(self) -> None:
        """Let nothing be scored that hangs on a fault which is not the candidate's.

        Raises:
            Halted: there was one.
        """
        if self.fault:
            raise Halted(f"language models could not be asked ({self.fault}); nothing was scored: mend it and run the same command again")

    def call(self) -> Callable[[], Serve]:
        """Somebody who answers one call, afresh if it is tried again; what it asks then as it did before is answered as before."""
        told: dict[tuple[bytes, int], Json] = {}
        return lambda: self._serving(told)

    def _serving(self, told: dict[tuple[bytes, int], Json]) -> Serve:
        left, counts = self.most, Counter[bytes]()

        def serve(question: Json) -> Json:
            nonlocal left
            if not isinstance(question, dict) or set(question) != {"chat"}:
                return {"error": {"type": "bad_request", "message": "only a question {'chat': request} is answered here"}}
            if left < 1:
                return {"error": {"type": "budget", "message": f"all {self.most} requests of this call are used"}}
            left -= 1
            asked = canonical(question["chat"])
            key = (asked, counts[asked])
            counts[asked] += 1
            if key not in told:
                told[key] = self.ask(question["chat"])
            return told[key]

        return serve

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
