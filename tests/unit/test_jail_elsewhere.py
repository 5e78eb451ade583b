"""S1 where the machine is no Linux: the guest without /proc, without Linux's own calls, and with limits that such a machine refuses."""

import dataclasses
import platform
from collections.abc import Iterator

import pytest

from rsi.core.protocols import Limits
from rsi.core.records import Outcome
from rsi.kernel.sandbox import ZygoteJail
from rsi.kernel.sandbox.launch import launch
from rsi.testing.conformance.jail import ask

# What another system does not have is taken away before the guest's text begins; it must not even be asked for.
LIKE_MACOS = """
import ctypes, os, resource, sys
sys.platform = 'darwin'
for name in [*vars(os)]:
    if name in ('setresuid', 'setresgid', 'getresuid', 'getresgid', 'O_PATH', 'O_TMPFILE', 'memfd_create', 'getrandom', 'unshare', 'setns',
                'sched_getaffinity', 'sched_setaffinity', 'posix_fadvise', 'posix_fallocate', 'pidfd_open', 'eventfd', 'splice', 'pipe2'):
        delattr(os, name)
class Gone(OSError):
    pass
def without(act):
    return lambda path, *rest: not str(path).startswith('/proc') and act(path, *rest)
os.path.exists, os.path.isdir = without(os.path.exists), without(os.path.isdir)
def seen(event, arguments):
    if event in ('open', 'os.listdir', 'os.scandir') and str(arguments[0]).startswith('/proc'):
        raise RuntimeError('no /proc here')
    if event.startswith('ctypes.dlsym') and arguments[1] in ('prctl', 'capset', 'syscall', 'mount', 'umount2'):
        raise RuntimeError(arguments[1] + ' is of Linux')
sys.addaudithook(seen)
real = resource.setrlimit
def setrlimit(what, limits):
    if what == resource.RLIMIT_AS:
        raise ValueError('current limit exceeds maximum limit')
    real(what, limits)
resource.setrlimit = setrlimit
"""


class ElsewhereJail(ZygoteJail):
    """An S1 whose guest believes that it is on another system."""

    def _start(self) -> None:
        plain = launch("S1", ())
        at = plain.command.index("-c") + 1
        command = (*plain.command[:at], LIKE_MACOS + plain.command[at], *plain.command[at + 1 :])
        self._launch = dataclasses.replace(plain, command=command)
        super()._start()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ZygoteJail]:
    if platform.system() not in ("Linux", "Darwin"):
        pytest.skip("needs a POSIX system")
    with ElsewhereJail(tier="S1") as jail:
        yield jail


def test_calls_are_answered_and_nothing_is_claimed_that_only_linux_holds(elsewhere: ZygoteJail) -> None:
    assert not elsewhere.enforced["filter"] and not elsewhere.enforced["fence"] and elsewhere.enforced["resident"] == 0
    for number in range(2):
        assert ask(elsewhere, "import sys\ndef f(x):\n    return [x, sys.platform]", number).value == [number, "darwin"]


def test_a_call_that_hangs_or_fails_there_is_ended_and_the_next_is_served(elsewhere: ZygoteJail) -> None:
    assert ask(elsewhere, "def f(x):\n    while True: pass", limits=Limits(wall_s=0.3)).outcome is Outcome.TIMED_OUT
    assert ask(elsewhere, "def f(x):\n    1 / 0").outcome is Outcome.CRASHED
    assert ask(elsewhere, "def f(x):\n    open('big', 'wb').write(bytes(2_000_000))", limits=Limits(disk_bytes=100_000)).value is None
    assert ask(elsewhere, "import os\ndef f(x):\n    return os.listdir('.')").value is not None
    assert ask(elsewhere, "def f(x):\n    return x", 7).value == 7
