"""Where orders are really carried out: results of the log and of the spool first, jails for everything else."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future

from rsi.core.codec import decode, encode
from rsi.core.errors import Halted, InfrastructureError, IntegrityError
from rsi.kernel.audit.spool import Spool
from rsi.kernel.evaluate import Bench
from rsi.loop.orders import Done, Order
from rsi.loop.replay import Journal
from rsi.schedule import Job, WorkerPool

__all__ = ["Workshop"]

GLANCE_S = 0.1
"""How often a wait looks whether the run is to stop."""


class Workshop:
    """A floor with workers. A result is on disk before anybody sees it, so that a killed run never pays twice.

    Args:
        recorded: results that stand in the log, by job key.
        spool: results that are finished but not yet in the log.
    """

    def __init__(
        self,
        recorded: Mapping[str, Callable[[], Done]],
        spool: Spool,
        pool: WorkerPool,
        journal: Journal,
        stop: threading.Event,
    ) -> None:
        self._recorded = recorded
        self._spool = spool
        self._pool = pool
        self._journal = journal
        self._stop = stop
        self._lock = threading.Lock()

    def begin(self, order: Order) -> "Future[Done]":
        """The result from the log or the spool, or a future of a worker's."""
        known = self._known(order.key)
        if known is None:
            return self._pool.submit(Job(key=order.key, work=self._carry_out(order)))
        future: Future[Done] = Future()
        future.set_result(known)
        return future

    def result(self, order: Order, future: "Future[Done]") -> Done:
        """Wait for a result that is due.

        Raises:
            Halted: the run is to stop.
            InfrastructureError: it could not be carried out.
            IntegrityError: by the log, another result came in at this place.
        """
        if self._journal.is_replaying and order.key not in self._recorded:
            raise IntegrityError(f"{self._journal.place} does not follow from the entries before it: job {order.key} is due there")
        while not self._stop.is_set():
            try:
                return future.result(timeout=GLANCE_S)
            except TimeoutError:
                if self._pool.fault is not None:
                    raise InfrastructureError(self._pool.fault) from None
            except CancelledError:
                break
        raise Halted("nothing is lost, resume with the same command")

    def _known(self, key: str) -> Done | None:
        if key in self._recorded:
            return self._recorded[key]()
        with self._lock:
            spooled = self._spool.get(key)
        if spooled is None:
            return None
        done = spooled.value if isinstance(spooled.value, dict) else {}
        return decode(Done, {**done, "clock": spooled.clock})

    def _carry_out(self, order: Order) -> Callable[[Bench], Done]:
        def work(bench: Bench) -> Done:
            done = order.work(bench)
            value = encode(done)
            assert isinstance(value, dict)
            clock = value.pop("clock")
            with self._lock:
                self._spool.put(order.key, value, clock)
            return done

        return work
