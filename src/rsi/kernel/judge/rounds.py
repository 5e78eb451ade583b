"""Rounds of a race: the same fresh cases for several subsets of the open edits at once, so that what a case is worth cancels out.

A round tosses a fair coin for each edit of a conflict-free set: those that are on are the *base*. Every other arm is the base with a
group of edits toggled. The difference of the two arms, signed by the coin, has mean 0 for each edit of the group that does nothing:
toggling its coin alone would change nothing but the sign. Toggling all edits at once (an antithetic pair) lets every trial inform on all
of them and is best where scores are noisy. Toggling them one by one keeps the edits out of each other's way and is best where a program
gives the same answer every time and an edit changes few of them. Which tells more per trial is seen from the differences so far.

Covers: the choice of groups, and of the scale at which a difference is bet on, by the past alone, so that both leave a race valid.
Does not cover: groups of sizes between one and all.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ABREAST", "Round", "Toggling", "staked", "tossed"]

ABREAST = 4
"""So many edits at most are toggled one by one in a round: more would save little, and fewer can be those that look best."""
_COUNTED = 2 * ABREAST
"""Of those toggled together so many count: to know a few well soon is worth more than to know many a little."""
_MEMORY = 60.0
_TRIED_FIRST = 4
_LOOKED_AT_AGAIN = 16
_STEADY = 4
_WIDE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is run side by side on the same cases.

    Attributes:
        number: 0, 1, 2 …
        drawn: edits whose coin was tossed; all others are off because one of these conflicts with them, and nothing is learnt of them.
        base: those of `drawn` that the coins have on.
        groups: the edits of `drawn`, in groups that are toggled together; one arm for each.
    """

    number: int
    drawn: tuple[str, ...]
    base: frozenset[str]
    groups: tuple[frozenset[str], ...]

    @property
    def arms(self) -> tuple[frozenset[str], ...]:
        """The edits that are on in each arm, the base first."""
        return (self.base, *(self.base ^ group for group in self.groups))


class Toggling:
    """Learns from the differences so far whether edits are better toggled all at once or one by one."""

    __slots__ = ("_rounds", "_squares", "_weights")

    def __init__(self) -> None:
        self._rounds = 0
        self._weights = {True: 0.0, False: 0.0}
        self._squares = {True: 0.0, False: 0.0}

    def groups(self, edits: Sequence[str]) -> tuple[frozenset[str], ...]:
        """The groups of the next round, of some or all of these edits, the most promising first."""
        if len(edits) < 2:
            return (frozenset(edits),) if edits else ()
        self._rounds += 1
        apart = min(len(edits), ABREAST)
        if self._is_apart(len(edits), apart):
            return tuple(frozenset([edit]) for edit in edits[:apart])
        return (frozenset(edits),)

    def add(self, differences: Sequence[float], *, apart: bool) -> None:
        """Learn the differences of a round's arms from its base."""
        square = math.fsum(difference * difference for difference in differences) / len(differences)
        self._weights[apart] = min(self._weights[apart] + 1, _MEMORY)
        self._squares[apart] += (square - self._squares[apart]) / self._weights[apart]

    def _is_apart(self, together: int, apart: int) -> bool:
        """What tells more per trial: two arms for all edits, or one more arm than edits, whose differences are smaller."""
        if min(self._weights.values()) < _TRIED_FIRST:
            return self._weights[True] <= self._weights[False]
        better = apart / (apart + 1) * self._squares[False] > min(together, _COUNTED) / 2 * self._squares[True]
        return better != (self._rounds % _LOOKED_AT_AGAIN == 0)


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
