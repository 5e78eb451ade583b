"""A pool of workers. Which worker runs a job, and when it ends, decides nothing: see `rsi.loop.lanes`."""

import contextlib
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

from rsi.core.errors import Halted, InfrastructureError, JailError, RsiError
from rsi.core.protocols import Call, Jail, Reply, Serve
from rsi.kernel.evaluate import Bench

__all__ = ["Job", "WorkerPool", "cores_of", "wait"]

T = TypeVar("T")
TRIES = 3
_GLANCE_S = 0.1
"""How often a wait looks whether to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """Some work for a jail, or for two.

    Attributes:
        key: names the job in messages.
        work: what to do with a worker's jails; may be called again with fresh ones after a `JailError`.
    """

    key: str
    work: Callable[[Bench], T]


class WorkerPool:
    """Threads with a bench of jails each, made at first use. Use it as a context: leaving it ends every process of every jail.

    A `JailError` (our fault, not the candidate's) is answered with a fresh jail, three tries in all. Any error of our own tree
    reaches whoever asks for the result.
    """

    def __init__(self, workers: int, make_jail: Callable[[], Jail], make_spare: Callable[[], Jail] | None = None) -> None:
        """Start `workers` threads; `make_jail` is called in them, and `make_spare` (else the same) where a job needs a second jail."""
        self._jobs: queue.SimpleQueue[Callable[[_Hand], None] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self.fault: str | None = None
        """Set when a worker died of an error that is none of ours: a bug. Results that are still out may never come."""
        self._hands = [_Hand(make_jail, make_spare or make_jail, self._stopping) for _ in range(max(1, workers))]
        places = zip(self._hands, cores_of(len(self._hands)), strict=True)
        self._threads = [threading.Thread(target=self._serve, args=place, daemon=True) for place in places]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job[T]) -> "Future[T]":
        """Queue a job; the future holds its result, or the `RsiError` that ended it, or is cancelled when the pool closes."""
        future: Future[T] = Future()

        def settle(hand: "_Hand") -> None:
            if self._stopping.is_set() or not future.set_running_or_notify_cancel():
                future.cancel()
                return
            try:
                result = hand.run(job)
            except (RsiError, CancelledError) as error:
                future.set_exception(error)
            else:
                future.set_result(result)
            finally:
                if not future.done():
                    self.fault = f"job {job.key} ended in a fault of rsi's own; the traceback was printed above"

        self._jobs.put(settle)
        return future

    def close(self) -> None:
        """Start nothing more, end every jail (also of the calls in progress) and every thread; calling twice is harmless."""
        self._stopping.set()
        for _ in self._threads:
            self._jobs.put(None)
        for hand in self._hands:
            hand.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _serve(self, hand: "_Hand", core: int | None) -> None:
        if core is not None:
            with contextlib.suppress(OSError):  # where that is refused, it works on any
                os.sched_setaffinity(0, {core})
        while (settle := self._jobs.get()) is not None:
            settle(hand)
        hand.close()


def cores_of(workers: int) -> list[int | None]:
    """The core of each worker, of its jails and of whatever it starts: one each where there are as many as cores, else any.

    A worker and its jails take turns: what one says the next one reads from the caches of the core that they share.
    """
    cores: list[int | None] = [*sorted(os.sched_getaffinity(0))] if hasattr(os, "sched_getaffinity") else []
    return cores if len(cores) == workers else [None] * workers


class _Closable:
    """A jail that stays closed: whoever retries a call after the pool was closed gets no fresh one."""

    def __init__(self, jail: Jail, stopping: threading.Event) -> None:
        self._jail = jail
        self._stopping = stopping

    @property
    def tier(self) -> str:
        return self._jail.tier

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        if self._stopping.is_set():
            raise JailError("the pool is closed")
        return self._jail.call(call, serve)

    def close(self) -> None:
        self._jail.close()


class _Hand:
    """One worker's jails, replaced when one breaks."""

    def __init__(self, make_jail: Callable[[], Jail], make_spare: Callable[[], Jail], stopping: threading.Event) -> None:
        self._make_jail, self._make_spare = make_jail, make_spare
        self._stopping = stopping
        self._bench = self._fresh()

    def run(self, job: Job[T]) -> T:
        """The result of a job.

        Raises:
            InfrastructureError: its jails broke three times in a row.
        """
        reason = ""
        for _ in range(TRIES):
            try:
                return job.work(self._bench)
            except InfrastructureError as error:
                if not isinstance(error, JailError) and not self._stopping.is_set():
                    raise
                reason = str(error)
            self.close()
            self._bench = self._fresh()
            if self._stopping.is_set():
                raise CancelledError
        raise InfrastructureError(f"job {job.key}: the jail broke {TRIES} times: {reason}")

    def close(self) -> None:
        """End the jails that there are; from any thread."""
        self._bench.close()

    def _fresh(self) -> Bench:
        return Bench(lambda: _Closable(self._make_jail(), self._stopping), lambda: _Closable(self._make_spare(), self._stopping))


def wait(future: "Future[T]", stop: threading.Event) -> T:
    """The result of a job of a pool that is not part of a run.

    Raises:
        Halted: `stop` was set first.
    """
    while not stop.is_set():
        try:
            return future.result(timeout=_GLANCE_S)
        except TimeoutError:
            continue
    raise Halted("stopped before the end; nothing is kept of it")
