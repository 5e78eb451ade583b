"""Runs the run's activities (coroutines) side by side over virtual lanes: deterministic, whatever the real workers do.

An activity goes on as soon as what it waits for holds; activities are asked in the order in which they were begun. Orders start when a
lane is idle and the purse can pay; results are taken in virtual order. Nothing here reads a clock.
"""

from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Protocol

from rsi.core.errors import InfrastructureError
from rsi.loop.lanes import Lanes
from rsi.loop.orders import Done, Line, Order
from rsi.loop.purse import Purse

__all__ = ["Activity", "Desk", "Floor", "Ticket", "Until"]

Activity = Coroutine["Until", None, Any]
"""One course of action of the loop; it waits for results by awaiting an `Until`."""


class Floor(Protocol):
    """Where orders are really carried out: jails, or the log of what they once gave."""

    def begin(self, order: Order) -> "Future[Done]":
        """Start an order, or find what it gave before."""

    def result(self, order: Order, future: "Future[Done]") -> Done:
        """Wait for the result of an order that has come due."""


class Until:
    """Something to await: goes on as soon as the condition holds."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self.condition = condition

    def __await__(self) -> Generator["Until", None, None]:
        while not self.condition():
            yield self


class Ticket:
    """A placed order. Await it for its result: None if it was never carried out (not wanted any more, or not affordable)."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.is_settled = False
        self.done: Done | None = None

    def settle(self, done: Done | None) -> None:
        """Whoever waits may go on."""
        self.done = done
        self.is_settled = True

    def __await__(self) -> Generator[Until, None, Done | None]:
        yield from Until(lambda: self.is_settled).__await__()
        return self.done


class Desk:
    """Takes orders, starts them on idle lanes and hands out their results.

    Args:
        floor: carries orders out.
        lanes: the number of virtual workers.
        purse: pays.
        improve_lanes: how many lanes the improving line may use at present.
    """

    def __init__(self, floor: Floor, lanes: int, purse: Purse, improve_lanes: Callable[[], int]) -> None:
        self._floor = floor
        self._lanes: Lanes[tuple[Ticket, Future[Done]]] = Lanes(lanes)
        self._purse = purse
        self._improve_lanes = improve_lanes
        self._waiting: list[Ticket] = []
        self._improving = 0
        self._activities: list[tuple[Activity, Until | None]] = []

    def begin(self, activity: Activity) -> None:
        """Add an activity; it starts when `work` runs."""
        self._activities.append((activity, None))

    def place(self, order: Order) -> Ticket:
        """Queue an order; await the ticket for its result."""
        ticket = Ticket(order)
        self._waiting.append(ticket)
        return ticket

    def work(self) -> None:
        """Go on until every activity has ended and nothing is under way.

        Raises:
            InfrastructureError: a job could not be carried out, or all activities wait for one another.
        """
        while True:
            self._advance()
            while self._start_one():
                self._advance()
            if self._lanes.peek() is not None:
                self._finish_one()
            elif self._activities:
                raise InfrastructureError("the run stands still: every activity waits and no job is under way")
            else:
                return

    def close(self) -> None:
        """End all activities where they stand."""
        for activity, _ in self._activities:
            activity.close()
        self._activities.clear()

    def _advance(self) -> None:
        moved = True
        while moved:
            moved = False
            for index, (activity, blocker) in enumerate(self._activities):
                if blocker is None or blocker.condition():
                    self._activities[index] = (activity, self._step(activity))
                    moved = True
            self._activities = [pair for pair in self._activities if pair[1] is not _ENDED]

    @staticmethod
    def _step(activity: Activity) -> Until:
        try:
            return activity.send(None)
        except StopIteration:
            return _ENDED

    def _start_one(self) -> bool:
        """Start or refuse one waiting order; False if there is nothing to do before a result comes in."""
        for ticket in self._waiting:
            if not ticket.order.wanted() or not self._purse.can_ever_pay(ticket.order.programs):
                self._waiting.remove(ticket)
                ticket.settle(None)
                return True
        ticket_or_none = self._choose() if self._lanes.idle else None
        if ticket_or_none is None:
            return False
        self._start(ticket_or_none)
        return True

    def _choose(self) -> Ticket | None:
        """Improving goes first, up to its share of the lanes; judging gets all the others."""
        payable = [ticket for ticket in self._waiting if self._purse.can_pay_now(ticket.order.programs)]
        improving = [ticket for ticket in payable if ticket.order.line is Line.IMPROVE]
        if improving and self._improving < self._improve_lanes():
            return improving[0]
        return next((ticket for ticket in payable if ticket.order.line is Line.JUDGE), None)

    def _start(self, ticket: Ticket) -> None:
        order = ticket.order
        self._waiting.remove(ticket)
        self._purse.promise(order.programs)
        self._improving += order.line is Line.IMPROVE
        self._lanes.start((ticket, self._floor.begin(order)), order.duration)

    def _finish_one(self) -> None:
        under_way = self._lanes.peek()
        assert under_way is not None
        ticket, future = under_way
        done = self._floor.result(ticket.order, future)
        self._lanes.next()
        self._improving -= ticket.order.line is Line.IMPROVE
        self._purse.settle(ticket.order.programs, done.programs)
        ticket.order.note(done)
        ticket.settle(done)


_ENDED = Until(lambda: False)
