"""What the machine asks of its workers, and what comes back: plain records that the log and the spool can hold."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from rsi.core.records import Clock, Json, Outcome
from rsi.kernel.evaluate import Bench

__all__ = ["Done", "Line", "Order", "always"]


class Line(Enum):
    """Which of the two lines an order stands in: making proposals or judging them."""

    IMPROVE = auto()
    JUDGE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How an order ended.

    Attributes:
        value: the answer of an agent call, or one row per trial of a block; None without an answer.
        programs: candidate programs tried, as charged.
        asked: what an agent asked while it was called, and what that cost, for the log; None where nobody asks for it.
        clock: seconds, for people only.
    """

    outcome: Outcome
    reason: str
    programs: int
    value: Json
    asked: Json = None
    clock: Clock = field(default=Clock())


def always() -> bool:
    """An order that is wanted whatever happens until it starts."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One job of the run.

    Attributes:
        key: deterministic name: number of the order, call, and a hash of what it is about.
        programs: what it may spend; reserved while it is under way, and the most that is charged.
        duration: virtual duration, known beforehand.
        work: does it in a worker's jails; nothing that it reads may change after the order was placed.
        note: writes what came of it into the log, when it is due, and returns what whoever asked gets.
        wanted: asked just before it would start; what nobody wants any more is dropped.
    """

    key: str
    line: Line
    programs: int
    duration: int
    work: Callable[[Bench], Done]
    note: Callable[[Done], None]
    wanted: Callable[[], bool] = always
