"""A long-lived evaluator in a second jail: jobs in, what is done out, whatever its guest makes of it."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from rsi.core.errors import InfrastructureError, JailError
from rsi.core.protocols import Call, Jail, Limits, Reply, Serve
from rsi.core.records import Json, Outcome
from rsi.kernel.evaluate import Bench, Evaluator
from rsi.kernel.sandbox import open_jail
from rsi.schedule import Job, WorkerPool

GUEST = b"""
import os, time
jobs = 0
def serve(payload, ask):
    global jobs
    job = ask({"ready": True})
    while "stop" not in job:
        jobs += 1
        what = job["what"]
        if what == "crash":
            os._exit(3)
        if what == "raise":
            raise ValueError("over it")
        if what == "hang":
            time.sleep(60)
        if what == "need":
            what = ask({"need": job["of"]})
        if what == "babble":
            ask({"doing": 1})
        if what == "return":
            return 1
        if what == "crash unless first" and jobs > 1:
            os._exit(3)
        job = ask({"done": [payload, what, jobs]})
"""
LIMITS = Limits(wall_s=600.0, cpu_s=600.0, pause_s=20.0)
HASTY = Limits(wall_s=600.0, cpu_s=600.0, pause_s=3.0)


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    jail = open_jail(())
    yield jail
    jail.close()


@pytest.fixture
def evaluator(jail: Jail) -> Iterator[Evaluator]:
    with Evaluator(jail, {"guest.py": GUEST}, "guest", limits=LIMITS, payload="p") as evaluator:
        yield evaluator


def test_one_guest_does_all_jobs_one_after_the_other(evaluator: Evaluator) -> None:
    assert [evaluator.run({"what": n}) for n in range(20)] == [["p", n, n + 1] for n in range(20)]


@pytest.mark.parametrize("what", ["crash", "raise", "babble", "return"])
def test_a_guest_that_ends_over_a_job_gives_nothing_for_it_and_a_fresh_one_does_the_next(evaluator: Evaluator, what: str) -> None:
    assert evaluator.run({"what": "a"}) == ["p", "a", 1]
    assert evaluator.run({"what": what}) is None and evaluator.reason
    assert evaluator.run({"what": what}) is None
    assert evaluator.run({"what": "b"}) == ["p", "b", 1]


def test_a_guest_is_given_what_it_needs_for_a_job_and_nothing_if_it_may_need_nothing(jail: Jail, evaluator: Evaluator) -> None:
    with Evaluator(jail, {"guest.py": GUEST}, "guest", limits=LIMITS, supply=lambda need: [need, need]) as supplied:
        assert supplied.run({"what": "need", "of": 3}) == [None, [3, 3], 1]
        assert supplied.run({"what": "a"}) == [None, "a", 2]
    assert evaluator.run({"what": "need", "of": 3}) is None and "did not say what is done" in evaluator.reason


def test_a_guest_that_hangs_over_a_job_gives_nothing_for_it(jail: Jail) -> None:
    with Evaluator(jail, {"guest.py": GUEST}, "guest", limits=HASTY) as evaluator:
        assert evaluator.run({"what": "hang"}) is None and evaluator.reason.startswith("timed_out")
        assert evaluator.run({"what": "b"}) == [None, "b", 1]


def test_what_earlier_jobs_left_behind_is_not_held_against_a_job(evaluator: Evaluator) -> None:
    assert evaluator.run({"what": "a"}) == ["p", "a", 1]
    assert evaluator.run({"what": "crash unless first"}) == ["p", "crash unless first", 1]


@pytest.mark.parametrize("source", ["def serve(payload, ask):\n    ask({'done': 1})", "1 / 0", "def serve(payload, ask):\n    return 1"])
def test_a_guest_that_never_comes_to_work_is_an_error_of_ours(jail: Jail, source: str) -> None:
    with Evaluator(jail, {"guest.py": source.encode()}, "guest", limits=LIMITS) as evaluator:
        with pytest.raises(InfrastructureError, match="the evaluator guest failed 3 times") as raised:
            evaluator.run({"what": "a"})
        assert not isinstance(raised.value, JailError)


def test_a_job_that_may_take_for_ever_is_refused(jail: Jail) -> None:
    with pytest.raises(TypeError, match="pause_s"):
        Evaluator(jail, {"guest.py": GUEST}, "guest", limits=Limits())


class Breaking:
    """A jail that breaks at the answer to its question number `at`, so many `times`."""

    tier = "S0"

    def __init__(self, inner: Jail, at: int, times: int) -> None:
        self.inner, self.at, self.times = inner, at, times

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        assert serve is not None
        asked = 0

        def served(question: Json) -> Json:
            nonlocal asked
            asked += 1
            if asked == self.at and self.times:
                self.times -= 1
                raise JailError("the zygote ended")
            return serve(question)

        return self.inner.call(call, served)

    def close(self) -> None:
        self.inner.close()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_jail_that_breaks_is_tried_again_and_the_job_does_not_notice(jail: Jail, at: int) -> None:
    with Evaluator(Breaking(jail, at, 2), {"guest.py": GUEST}, "guest", limits=LIMITS) as evaluator:
        said = [evaluator.run({"what": what}) for what in "abc"]
    assert [value[1] for value in said if isinstance(value, list)] == ["a", "b", "c"]


def test_a_jail_that_breaks_again_and_again_is_an_error_of_ours_but_not_of_the_jail_that_asks(jail: Jail) -> None:
    with Evaluator(Breaking(jail, 1, 99), {"guest.py": GUEST}, "guest", limits=LIMITS) as evaluator:
        with pytest.raises(InfrastructureError, match="3 times: the zygote ended") as raised:
            evaluator.run({"what": "a"})
        assert not isinstance(raised.value, JailError)


def test_closing_ends_the_guest_at_once_and_leaves_the_jail_for_others(jail: Jail) -> None:
    stubborn = (
        b"def serve(payload, ask):\n    job = ask({'ready': True})\n    while True:\n        try:\n            job = ask({'done': 1})\n"
    )
    stubborn += b"        except BaseException:\n            pass\n"
    evaluator = Evaluator(jail, {"guest.py": stubborn}, "guest", limits=LIMITS)
    evaluator.close()
    assert evaluator.run({"what": "a"}) == 1
    before = threading.active_count()
    evaluator.close()
    evaluator.close()
    assert threading.active_count() == before - 1
    assert jail.call(Call(files={"a.py": b"def f(x):\n    return x"}, module="a", function="f", payload=5)).value == 5


def test_an_improver_and_an_evaluator_work_together_in_the_two_jails_of_one_worker() -> None:
    improver = b"def improve(payload, ask):\n    return [ask({'what': n}) for n in payload]"
    opened: list[Jail] = []

    def make() -> Jail:
        opened.append(open_jail(()))
        return opened[-1]

    def work(bench: Bench) -> Reply:
        with Evaluator(bench.spare(), {"guest.py": GUEST}, "guest", limits=LIMITS) as evaluator:
            call = Call(files={"main.py": improver}, module="main", function="improve", payload=["a", "crash", "b"])
            return bench.jail.call(call, lambda job: {"said": evaluator.run(job)})

    with WorkerPool(1, make) as pool:
        replies = [pool.submit(Job(key=str(number), work=work)).result(timeout=60) for number in range(3)]
    assert [reply.outcome for reply in replies] == [Outcome.ANSWERED] * 3, replies[0].reason
    assert json.dumps(replies[0].value) == json.dumps([{"said": [None, "a", 1]}, {"said": None}, {"said": [None, "b", 1]}])
    assert len(opened) == 2


def test_a_pool_that_closes_in_the_middle_of_an_episode_does_not_wait_for_it() -> None:
    improver = b"def improve(payload, ask):\n    while True:\n        ask({'what': 'hang'})"
    begun = threading.Event()

    def work(bench: Bench) -> Reply:
        with Evaluator(bench.spare(), {"guest.py": GUEST}, "guest", limits=LIMITS) as evaluator:

            def serve(job: Json) -> Json:
                begun.set()
                return evaluator.run(job)

            return bench.jail.call(Call(files={"main.py": improver}, module="main", function="improve", payload=None), serve)

    with WorkerPool(1, lambda: open_jail(())) as pool:
        future = pool.submit(Job(key="a", work=work))
        assert begun.wait(timeout=30)
    with pytest.raises(CancelledError):
        future.result(timeout=1)
