"""What models may still cost: calls, tokens and dollars, set aside before each call and settled after it.

Covers: threads that ask at once; a call of which nobody knows what it cost (all that was set aside counts as spent).
Does not cover: a provider that charges for more tokens than could be asked of it; what it reports is counted, and nothing is left then.
"""

import threading
from dataclasses import dataclass

from rsi.core.records import Json

__all__ = ["NANO", "Hold", "Ledger", "Spent"]

NANO = 1_000_000_000
"""Dollars are counted in whole billionths, so that sums do not depend on their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was used: calls that a provider took, tokens in and out, billionths of a dollar as far as prices are known."""

    calls: int = 0
    tokens: int = 0
    nano: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        """Both together."""
        return Spent(calls=self.calls + other.calls, tokens=self.tokens + other.tokens, nano=self.nano + other.nano)

    def __sub__(self, other: "Spent") -> "Spent":
        """What is left of it without the other."""
        return Spent(calls=self.calls - other.calls, tokens=self.tokens - other.tokens, nano=self.nano - other.nano)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is set aside for one call: the most it can cost."""

    number: int
    most: Spent


class Ledger:
    """The account of one run."""

    def __init__(self, budget: Spent, spent: Spent | None = None) -> None:
        """Begin with what was spent before.

        Args:
            budget: all that may ever be spent.
            spent: before now, by the same run.
        """
        self._budget, self._spent, self._held = budget, spent or Spent(), Spent()
        self._number = 0
        self._settled = threading.Condition()

    def reserve(self, tokens: int, nano: int | None) -> Hold | str:
        """Set aside the most that a call can cost, or say why there is not so much.

        Where only what is set aside for other calls stands against it, it waits until they are settled, since they mostly cost less: who
        is refused does not depend on who was quicker.

        Args:
            tokens: at most.
            nano: billionths of a dollar at most; None if nobody knows the price.
        """
        most = Spent(calls=1, tokens=tokens, nano=nano or 0)
        with self._settled:
            while True:
                unspent = self._budget - self._spent
                short = _short(most, unspent, self._budget)
                if short:
                    return short
                if not _short(most, unspent - self._held, self._budget):
                    self._held += most
                    self._number += 1
                    return Hold(number=self._number, most=most)
                self._settled.wait()

    def settle(self, hold: Hold, spent: Spent) -> None:
        """The call is over: it cost this."""
        with self._settled:
            self._held -= hold.most
            self._spent += spent
            self._settled.notify_all()

    @property
    def left(self) -> dict[str, Json]:
        """What is neither spent nor set aside."""
        with self._settled:
            free = self._budget - self._spent - self._held
        return {"calls_left": max(0, free.calls), "tokens_left": max(0, free.tokens), "dollars_left": max(0, free.nano) / NANO}


def _short(most: Spent, free: Spent, budget: Spent) -> str | None:
    if most.calls > free.calls:
        return f"all {budget.calls:,} calls of the budget are used (models.calls)"
    if most.tokens > free.tokens:
        return f"the call may take {most.tokens:,} tokens, {max(0, free.tokens):,} of {budget.tokens:,} are left (models.tokens)"
    if most.nano > free.nano:
        left, whole = max(0, free.nano) / NANO, budget.nano / NANO
        return f"the call may cost ${most.nano / NANO:.4f}, ${left:.4f} of ${whole:.2f} are left (models.dollars)"
    return None
