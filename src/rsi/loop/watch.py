"""Every reply of a jail, and every question, is looked through for the run's canary before anybody reads it.

Covers: answers, stdout, stderr, reasons and questions of all calls: builds, trials, the agent's calls about itself. Does not cover: what
they say in other words.
"""

from dataclasses import replace

from rsi.core.codec import canonical
from rsi.core.errors import MessageError
from rsi.core.protocols import Call, Jail, Reply, Serve
from rsi.core.records import Clock, Json, Outcome
from rsi.kernel.workspace import Scanner

__all__ = ["CANARY_SPOKEN", "WatchedJail"]

CANARY_SPOKEN = "canary of the run"
"""The name of a reply that holds what stands only in the run's log."""


class WatchedJail:
    """A jail whose replies and questions are a violation where they hold the run's canary."""

    def __init__(self, jail: Jail, scanner: Scanner) -> None:
        """Watch over this jail; closing it stays with whoever opened it."""
        self._jail = jail
        self._scanner = scanner

    @property
    def tier(self) -> str:
        """What the jail enforces."""
        return self._jail.tier

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """The jail's reply, or the violation that it is.

        Raises:
            JailError: the jail could not be started or broke.
            RsiError: `serve` raised it.
        """
        listener = None if serve is None else _Listener(serve, self._scanner)
        try:
            reply = self._jail.call(call, listener)
        except MessageError:
            if listener is None or not listener.is_spoken:
                raise
            reason = f"{CANARY_SPOKEN}: a question of {call.function} holds it"
            return Reply(outcome=Outcome.VIOLATION, value=None, reason=reason, stdout="", stderr="", clock=Clock())
        if not self._scanner.is_spoken(canonical(reply.value), reply.reason, reply.stdout, reply.stderr):
            return reply
        reason = f"{CANARY_SPOKEN}: the reply to {call.function} holds it"
        return replace(reply, outcome=Outcome.VIOLATION, value=None, reason=reason, stdout="", stderr="")

    def close(self) -> None:
        """Close the jail."""
        self._jail.close()


class _Listener:
    """Hands questions on until one holds the canary, which ends the call."""

    is_spoken = False

    def __init__(self, serve: Serve, scanner: Scanner) -> None:
        self._serve = serve
        self._scanner = scanner

    def __call__(self, question: Json) -> Json:
        if self._scanner.is_spoken(canonical(question)):
            self.is_spoken = True
            raise MessageError(CANARY_SPOKEN)
        return self._serve(question)
