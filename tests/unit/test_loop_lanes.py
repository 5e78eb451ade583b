"""Virtual time, the desk that orders work over it, the purse, and the pool of real workers."""

import threading
import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field

import pytest

from rsi.core.errors import InfrastructureError, JailError, UserError
from rsi.core.protocols import Call, Jail, Reply, Serve
from rsi.core.records import Outcome
from rsi.kernel.evaluate import Bench
from rsi.loop.desk import Desk, Ticket, Until
from rsi.loop.lanes import Lanes
from rsi.loop.orders import Done, Line, Order, always
from rsi.loop.purse import Purse
from rsi.schedule import Job, WorkerPool
from rsi.testing.toy import ToyJail


def test_results_come_in_the_order_of_virtual_ends_whatever_the_order_of_starts() -> None:
    lanes: Lanes[str] = Lanes(2)
    assert lanes.start("long", 10) == 10 and lanes.start("short", 3) == 3 and lanes.idle == 0
    assert lanes.start("waits for short", 3) == 6
    assert [lanes.next(), lanes.now] == ["short", 3]
    assert [lanes.next(), lanes.now] == ["waits for short", 6]
    assert lanes.start("late", 4) == 10
    assert [lanes.next(), lanes.next(), lanes.now, lanes.peek()] == ["long", "late", 10, None]
    with pytest.raises(IndexError):
        lanes.next()


def test_a_job_never_starts_before_the_present() -> None:
    lanes: Lanes[str] = Lanes(2)
    lanes.start("a", 5)
    lanes.next()
    assert lanes.start("b", 1) == 6


@dataclass
class Floor:
    """Carries everything out at once and writes down in which order orders began and came due."""

    began: list[str] = field(default_factory=list)
    due: list[str] = field(default_factory=list)
    most: int = 0

    def begin(self, order: Order) -> "Future[Done]":
        self.began.append(order.key)
        self.most = max(self.most, len(self.began) - len(self.due))
        return Future()

    def result(self, order: Order, future: "Future[Done]") -> Done:
        self.due.append(order.key)
        return Done(outcome=Outcome.ANSWERED, reason="", programs=order.programs // 2, value=order.key)


def order(key: str, *, line: Line = Line.JUDGE, programs: int = 0, duration: int = 1, wanted: bool = True) -> Order:
    def work(bench: Bench) -> Done:
        raise AssertionError

    return Order(
        key=key,
        line=line,
        programs=programs,
        duration=duration,
        work=work,
        note=lambda done: None,
        wanted=always if wanted else lambda: False,
    )


def test_the_improving_line_leaves_a_lane_to_the_judging_line() -> None:
    floor = Floor()
    desk = Desk(floor, 3, Purse(100, kept_back=0), lambda: 2)
    for number in range(4):
        desk.place(order(f"i{number}", line=Line.IMPROVE, duration=5))
    for number in range(3):
        desk.place(order(f"j{number}", duration=2))
    desk.work()
    assert floor.began[:3] == ["i0", "i1", "j0"] and floor.most == 3
    assert floor.due == ["j0", "j1", "i0", "i1", "j2", "i2", "i3"]


def test_an_order_that_nobody_wants_or_nobody_can_pay_is_never_carried_out() -> None:
    floor, purse = Floor(), Purse(10, kept_back=4)
    desk = Desk(floor, 2, purse, lambda: 2)
    unwanted, dear, cheap = desk.place(order("u", wanted=False)), desk.place(order("d", programs=7)), desk.place(order("c", programs=6))
    desk.work()
    assert floor.began == ["c"] and unwanted.is_settled and unwanted.done is None and dear.done is None and cheap.done is not None
    assert (purse.spent, purse.promised, purse.left) == (3, 0, 3)


def test_an_order_waits_for_promised_programs_that_may_come_back() -> None:
    floor = Floor()
    desk = Desk(floor, 2, Purse(10, kept_back=0), lambda: 2)
    for key in "abc":
        desk.place(order(key, programs=4))
    desk.work()
    assert floor.began == ["a", "b", "c"] and floor.most == 2


def test_activities_go_on_side_by_side_in_a_fixed_order() -> None:
    floor, said = Floor(), list[str]()
    desk = Desk(floor, 2, Purse(10, kept_back=0), lambda: 2)

    async def activity(name: str, duration: int) -> None:
        for turn in range(2):
            ticket: Ticket = desk.place(order(f"{name}{turn}", duration=duration))
            done = await ticket
            assert done is not None and done.value == f"{name}{turn}"
            said.append(f"{name}{turn}")
        await Until(lambda: len(said) >= 4)
        said.append(name)

    desk.begin(activity("a", 3))
    desk.begin(activity("b", 1))
    desk.work()
    assert said == ["b0", "b1", "a0", "a1", "a", "b"]


def test_activities_that_wait_for_one_another_are_an_error_and_not_a_hang() -> None:
    desk = Desk(Floor(), 1, Purse(1, kept_back=0), lambda: 1)

    async def activity() -> None:
        await Until(lambda: False)

    desk.begin(activity())
    with pytest.raises(InfrastructureError, match="stands still"):
        desk.work()
    desk.close()


class Counted(ToyJail):
    made: list["Counted"] = []

    def __init__(self) -> None:
        self.closed = False
        Counted.made.append(self)

    def close(self) -> None:
        self.closed = True


def test_a_jail_that_breaks_is_replaced_and_the_job_done_again() -> None:
    Counted.made = []
    seen: list[Jail] = []

    def work(bench: Bench) -> int:
        seen.append(bench.jail)
        if len(seen) < 3:
            raise JailError("broken")
        return 7

    with WorkerPool(1, Counted) as pool:
        assert pool.submit(Job(key="k", work=work)).result(timeout=5) == 7
    assert len(Counted.made) == len(set(map(id, seen))) == 3 and all(jail.closed for jail in Counted.made)


def test_three_broken_jails_in_a_row_are_an_error_of_ours_and_the_pool_goes_on() -> None:
    def broken(bench: Bench) -> int:
        raise JailError("no luck")

    def wrong(bench: Bench) -> int:
        raise UserError("not this way")

    with WorkerPool(2, Counted) as pool:
        with pytest.raises(InfrastructureError, match="job k: the jail broke 3 times: no luck"):
            pool.submit(Job(key="k", work=broken)).result(timeout=5)
        with pytest.raises(UserError, match="not this way"):
            pool.submit(Job(key="u", work=wrong)).result(timeout=5)
        assert pool.submit(Job(key="l", work=lambda bench: 1)).result(timeout=5) == 1


class Blocking(ToyJail):
    """A call hangs until the jail is closed from outside, like one whose processes are killed."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        assert self._closed.wait(timeout=20)
        raise JailError("killed")

    def close(self) -> None:
        self._closed.set()


def test_closing_ends_calls_under_way_at_once_and_cancels_what_waits() -> None:
    jails: list[Blocking] = []
    call = Call(files={}, module="main", function="solve", payload=None)

    def make() -> Blocking:
        jails.append(Blocking())
        return jails[-1]

    def work(bench: Bench) -> Reply:
        try:
            return bench.jail.call(call)
        except JailError:
            return bench.jail.call(call)

    began = time.monotonic()
    pool = WorkerPool(1, make)
    running, waiting = pool.submit(Job(key="a", work=work)), pool.submit(Job(key="b", work=work))
    while not jails:
        time.sleep(0.001)
    pool.close()
    pool.close()
    for future in (running, waiting):
        with pytest.raises(CancelledError):
            future.result(timeout=5)
    assert time.monotonic() - began < 5 and len(jails) == 1
