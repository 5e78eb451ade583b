"""Every reply of a jail is looked through for the run's canary before anybody reads it.

Covers: answers, stdout, stderr and reasons of all calls: builds, trials, the agent's calls about itself. Does not cover: what a reply says
in other words.
"""

from dataclasses import replace

from rsi.core.codec import canonical
from rsi.core.protocols import Call, Jail, Reply
from rsi.core.records import Outcome
from rsi.kernel.workspace import Scanner

__all__ = ["CANARY_SPOKEN", "WatchedJail"]

CANARY_SPOKEN = "canary of the run"
"""The name of a reply that holds what stands only in the run's log."""


class WatchedJail:
    """A jail whose replies are a violation where they hold the run's canary."""

    def __init__(self, jail: Jail, scanner: Scanner) -> None:
        """Watch over this jail; closing it stays with whoever opened it."""
        self._jail = jail
        self._scanner = scanner

    @property
    def tier(self) -> str:
        """What the jail enforces."""
        return self._jail.tier

    def call(self, call: Call) -> Reply:
        """The jail's reply, or the violation that it is.

        Raises:
            JailError: the jail could not be started or broke.
        """
        reply = self._jail.call(call)
        if not self._scanner.is_spoken(canonical(reply.value), reply.reason, reply.stdout, reply.stderr):
            return reply
        reason = f"{CANARY_SPOKEN}: the reply to {call.function} holds it"
        return replace(reply, outcome=Outcome.VIOLATION, value=None, reason=reason, stdout="", stderr="")

    def close(self) -> None:
        """Close the jail."""
        self._jail.close()
