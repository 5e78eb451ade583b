"""The cores that workers have: one each where there are as many workers as cores, and their jails and threads with them."""

import os
import threading
from collections.abc import Iterator

import pytest

from rsi.core.protocols import Call
from rsi.kernel.evaluate import Bench
from rsi.kernel.sandbox import open_jail
from rsi.schedule import Job, WorkerPool, cores_of

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no say in where a thread runs")
WHERE = Call(files={"a.py": b"import os\ndef f(x):\n    return sorted(os.sched_getaffinity(0))\n"}, module="a", function="f", payload=None)


@pytest.mark.parametrize(
    ("cores", "workers", "places"),
    [({0, 3}, 2, [0, 3]), ({5}, 1, [5]), ({0, 3}, 1, [None]), ({0, 3}, 3, [None, None, None]), ({0, 1, 2, 3}, 4, [0, 1, 2, 3])],
)
def test_a_core_each_only_if_all_have_one_and_none_is_left_over(
    monkeypatch: pytest.MonkeyPatch, cores: set[int], workers: int, places: list[int | None]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    assert cores_of(workers) == places


def test_a_system_without_a_say_leaves_them_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores_of(2) == [None, None]


@pytest.fixture
def two() -> Iterator[set[int]]:
    """This thread may only use two cores (one where there are no more), so that a worker for each is not too many."""
    every = os.sched_getaffinity(0)
    some = set(sorted(every)[:2])
    os.sched_setaffinity(0, some)
    yield some
    os.sched_setaffinity(0, every)


def test_where_it_is_refused_a_worker_works_on_any_core(two: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("not here")

    with monkeypatch.context() as patch:
        patch.setattr(os, "sched_setaffinity", refuse)
        with WorkerPool(len(two), lambda: open_jail(())) as pool:
            assert pool.submit(Job(key="a", work=lambda bench: bench.jail.call(WHERE).value)).result() == sorted(two)


def test_jails_and_threads_of_a_worker_stay_on_its_core_and_nobody_else_is_moved(two: set[int]) -> None:
    both = threading.Barrier(len(two))

    def places(bench: Bench) -> tuple[list[int], ...]:
        both.wait(timeout=30)  # so that every worker has one of the jobs
        mine, threads = sorted(os.sched_getaffinity(0)), []
        thread = threading.Thread(target=lambda: threads.extend(sorted(os.sched_getaffinity(0))))
        thread.start()
        thread.join()
        return mine, threads, bench.jail.call(WHERE).value, bench.spare().call(WHERE).value

    with WorkerPool(len(two), lambda: open_jail(())) as pool:
        found = [future.result() for future in [pool.submit(Job(key=str(number), work=places)) for number in range(len(two))]]
    assert sorted(found) == [([core],) * 4 for core in sorted(two)]
    assert os.sched_getaffinity(0) == two
