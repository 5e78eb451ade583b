"""A jail that is closed from another thread: the call in progress ends at once, as our fault, and nothing starts again."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError

import pytest

from rsi.core.errors import JailError
from rsi.core.protocols import Call, Reply
from rsi.core.records import Outcome
from rsi.kernel.evaluate import Bench
from rsi.kernel.sandbox import TIERS, open_jail, unreachable
from rsi.schedule import Job, WorkerPool

WAIT = Call(files={"a.py": b"import time\ndef f(x):\n    time.sleep(x)\n    return x\n"}, module="a", function="f", payload=30)
ECHO = Call(files=WAIT.files, module="a", function="f", payload=0)


def attempt(action: Callable[[], Reply], into: list[object]) -> None:
    try:
        into.append(action())
    except JailError as error:
        into.append(error)


@pytest.mark.parametrize("tier", [tier for tier in TIERS if unreachable(tier) is None])
def test_closing_ends_the_call_of_another_thread_and_the_jail_stays_closed(tier: str) -> None:
    jail = open_jail((), tier)
    assert jail.call(ECHO).outcome is Outcome.ANSWERED
    ended: list[object] = []
    caller = threading.Thread(target=attempt, args=(lambda: jail.call(WAIT), ended))
    caller.start()
    time.sleep(0.3)
    jail.close()
    caller.join(timeout=5)
    assert len(ended) == 1 and isinstance(ended[0], JailError)
    with pytest.raises(JailError, match="closed"):
        jail.call(ECHO)


def test_a_pool_that_closes_does_not_wait_for_calls_that_would_be_retried() -> None:
    def stubborn(bench: Bench) -> Reply:
        try:
            return bench.jail.call(WAIT)
        except JailError:
            return bench.jail.call(WAIT)

    with WorkerPool(2, lambda: open_jail(())) as pool:
        futures = [pool.submit(Job(key=str(index), work=stubborn)) for index in range(4)]
        time.sleep(0.5)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    for future in futures:
        with pytest.raises(CancelledError):
            future.result(timeout=1)
