"""A judge that is stopped cannot hide it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from rsi.loop.heartbeat import Heartbeat

JUDGE = """
import sys, time
from rsi.loop.heartbeat import Heartbeat
with Heartbeat(time.monotonic) as heart:
    print("beats", flush=True)
    sys.stdin.readline()
    time.sleep(0.6)
print(heart.standstill_s)
"""


def test_a_heart_that_nobody_stops_has_no_gap_by_its_own_clock() -> None:
    times = iter(range(1_000))
    with Heartbeat(lambda: 0.25 * next(times)) as heart:
        time.sleep(0.7)
    assert heart.standstill_s == 0.0


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nobody can stop a process here")
def test_a_judge_that_was_stopped_and_let_go_on_finds_the_gap() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    judge = subprocess.Popen([sys.executable, "-c", JUDGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert judge.stdout is not None and judge.stdout.readline() == "beats\n"
    judge.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    judge.send_signal(signal.SIGCONT)
    out, _ = judge.communicate("go on\n", timeout=30)
    assert float(out) > 1.0
