"""Where rules play: programs made of edits, trials with everybody's same luck, and a meter."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rsi.bench.worlds import VISIBLE, World, logistic

__all__ = ["Arena", "Program", "Verdicts"]

_FRESH = 6_400
_SEALED = 540


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What a rule did in a world.

    Attributes:
        kept: edits of the program that it ends with.
        claimed: gain over the start that it would report, in score.
    """

    kept: tuple[int, ...]
    claimed: float


@dataclass(slots=True, kw_only=True)
class Program:
    """The start with some edits, in the order in which they were made on top of one another."""

    edits: tuple[int, ...] = ()
    _logits: dict[int, float] = field(default_factory=dict)


class Arena:
    """One world for one rule. Trial number n of a case has the same luck whatever runs there, so rules are compared on equal luck.

    Args:
        world: where it is.
        budget: trials that may be played.
    """

    def __init__(self, world: World, budget: int) -> None:
        self.world = world
        self.left = budget
        self._uses: dict[int, int] = {}

    def play(self, program: Program, case: int, more: Iterable[int] = ()) -> float:
        """One trial of a program with some `more` edits on a case: 1 if it succeeds, else 0."""
        world = self.world
        logit = program._logits.get(case)
        if logit is None:
            logit = program._logits[case] = world.logit(case, program.edits) + world.together(program.edits)
        if more:
            shifts, extras = world.shifts, world.extras
            for edit in more:
                logit += shifts[edit] + extras[edit].get(case, 0.0)
            if world.interactions:
                logit += world.together((*program.edits, *more)) - world.together(program.edits)
        use = self._uses[case] = self._uses.get(case, -1) + 1
        self.left -= 1
        return 1.0 if world.luck(case, use) < logistic(logit) else 0.0

    def visible(self, program: Program) -> list[float]:
        """One trial of a program on each visible case."""
        return [self.play(program, case) for case in range(VISIBLE)]

    @staticmethod
    def fresh(number: int) -> int:
        """Fresh case number 0, 1, 2 …"""
        return VISIBLE + number % _FRESH

    @staticmethod
    def sealed() -> range:
        """The cases that only a certificate may use."""
        return range(VISIBLE + _FRESH, VISIBLE + _FRESH + _SEALED)
