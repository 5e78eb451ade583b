"""Rounds of a race: several versions on the same fresh cases, so that what a case is worth cancels out of every comparison.

There are two ways to learn from so many trials, and which tells more is seen from the differences so far:

- *Together*: a fair coin is tossed for each edit of a conflict-free set; one arm has those that are on, the other exactly the others (an
  antithetic pair). The difference, signed by an edit's coin, has mean 0 if the edit does nothing: tossing its coin anew would change
  nothing but the sign. Every trial informs on all edits. Best where scores are noisy.
- *Apart*: the incumbent alone, and with each of a few edits alone; all share its trials. Best where a program gives the same answer
  every time and an edit changes few of them, since edits keep out of each other's way. Edits that conflict can be in one round.

A round on safety cases is always apart: that an effect is above −margin is a bet on its size, which coins shared by a block would dilute.

Covers: together, an edit that does nothing, whatever the cases and the other edits do; apart, also an edit that helps on some cases as
much as it hurts on others, given fresh cases, where scores are 0 or 1. The choice of way, edits and stakes by the past alone leaves
both valid.
Does not cover: groups of sizes between one and all; apart, with scores in between, an edit that makes up for many small gains by losses
four times as large that are so rare that none has been seen yet.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ABREAST", "Round", "Ways", "staked", "tossed"]

ABREAST = 4
"""So many edits at most are in a round apart: more would save little, and fewer can be those that look best."""
_COUNTED = 2 * ABREAST
"""Of edits that are together so many count: to know a few well soon is worth more than to know many a little."""
_MEMORY = 60.0
_TRIED_FIRST = 3
_LOOKED_AT_AGAIN = 32
_STEADY = 4
_WIDE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is run side by side on the same cases.

    Attributes:
        number: 0, 1, 2 …
        drawn: edits that it is about; all others are off, and nothing is learnt of them.
        arms: the edits that are on in each version: together, two that complement each other; apart, none, then each alone.
        apart: which of the two ways it is.
        safety: whether it is to be played on cases of a safety suite.
    """

    number: int
    drawn: tuple[str, ...]
    arms: tuple[frozenset[str], ...]
    apart: bool
    safety: bool = False

    def pair_of(self, edit: str) -> tuple[int, int]:
        """The places of two arms that differ by this edit (and, together, by all others): with it, and without it."""
        if self.apart:
            return self.arms.index(frozenset([edit])), 0
        return (0, 1) if edit in self.arms[0] else (1, 0)


class Ways:
    """Learns from the differences so far which way tells more per trial."""

    __slots__ = ("_rounds", "_squares", "_weights")

    def __init__(self) -> None:
        self._rounds = 0
        self._weights = {True: 0.0, False: 0.0}
        self._squares = {True: 0.0, False: 0.0}

    def is_apart(self, *, together: int, apart: int) -> bool:
        """Whether the next round is run apart, with so many edits, or together, with so many.

        Of n edits apart, n + 1 arms tell what two arms tell together: worth it if the differences are that much smaller.
        """
        if together < 2:
            return True
        self._rounds += 1
        if min(self._weights.values()) < _TRIED_FIRST:
            return self._weights[True] <= self._weights[False]
        better = apart / (apart + 1) * self._squares[False] > min(together, _COUNTED) / 2 * self._squares[True]
        return better != (self._rounds % _LOOKED_AT_AGAIN == 0)

    def add(self, differences: Sequence[float], *, apart: bool) -> None:
        """Learn the differences that a round showed."""
        square = math.fsum(difference * difference for difference in differences) / len(differences)
        self._weights[apart] = min(self._weights[apart] + 1, _MEMORY)
        self._squares[apart] += (square - self._squares[apart]) / self._weights[apart]


def staked(difference: float, cases: int, square: float, blocks: int) -> float:
    """The number in [−1, 1] that is bet on: the difference in units of twice its usual size, cut off.

    With bets of 5 % to 80 % this is near the best possible for effects from a twentieth of that size to all of it.

    Args:
        difference: of two arms' mean scores.
        cases: how many cases they are means of.
        square: sum of squares of this edit's earlier differences.
        blocks: how many those are.
    """
    usual = math.sqrt((square + _STEADY * 0.1 / cases) / (blocks + _STEADY))
    return max(-1.0, min(1.0, difference / (_WIDE * usual)))


def tossed(edits: Sequence[str], rng: random.Random) -> frozenset[str]:
    """Those of the edits whose coin fell on heads."""
    coins = rng.getrandbits(len(edits)) if edits else 0
    return frozenset(edit for place, edit in enumerate(edits) if coins >> place & 1)
