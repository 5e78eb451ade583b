"""What could pass from one call, thread or jail to the next."""

import os
import threading

from rsi.core.protocols import Jail
from rsi.kernel.sandbox import ZygoteJail
from rsi.testing.conformance.jail import ask


class TestLeftovers:
    def test_nothing_is_handed_to_the_next_call_by_shared_memory_or_files(self, strict: ZygoteJail) -> None:
        source = """
import os, ctypes
def f(x):
    seen = [p for p in ('/dev/shm/mark', '/box/mark', '../mark', '/tmp/rsi-mark') if os.path.exists(p)]
    libc = ctypes.CDLL(None, use_errno=True)
    seen += ['shm'] if libc.shmget(4711, 100, 0) >= 0 else []
    libc.shmget(4711, 100, 0o1666)
    for p in ('/dev/shm/mark', '/box/mark', '../mark', '/tmp/rsi-mark'):
        try:
            open(p, 'w').close()
        except OSError:
            pass
    return seen
"""
        ask(strict, source)
        assert ask(strict, source).value == []

    def test_the_zygote_that_was_killed_comes_back(self, jail: ZygoteJail) -> None:
        assert jail._process is not None
        jail._process.kill()
        jail._process.wait()
        assert ask(jail, "def f(x):\n    return x", 3).value == 3


def test_jails_in_several_threads_do_not_disturb_each_other(jail: ZygoteJail) -> None:
    problems: list[object] = []

    def work(number: int) -> None:
        with ZygoteJail(tier=jail.tier) as own:
            for index in range(20):
                reply = ask(own, "def f(x):\n    return x", [number, index])
                if reply.value != [number, index]:
                    problems.append(reply)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_no_descriptor_of_the_kernel_is_lost(jail: Jail) -> None:
    ask(jail, "def f(x):\n    return x")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(30):
        ask(jail, "def f(x):\n    return x")
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before
