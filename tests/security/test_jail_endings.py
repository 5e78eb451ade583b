"""How calls end that must not go on: forbidden system calls, kills, full folders; and a zygote that has served long enough."""

import contextlib
import os
import tempfile
import threading
import time

import pytest

from rsi.core.errors import JailError
from rsi.core.protocols import Limits
from rsi.core.records import Outcome
from rsi.kernel.sandbox import Violation, ZygoteJail
from rsi.kernel.sandbox.family import below, running, state_and_parent
from rsi.testing.conformance.jail import ask, ask_each

CALL = """
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
column = {'x86_64': 0, 'aarch64': 1}[platform.machine()]
def f(x):
    libc.syscall(x[column], 0, 0, 0, 0, 0, 0)
    return ctypes.get_errno()
"""
DEADLY = {
    "ptrace": [101, 117],
    "process_vm_readv": [310, 270],
    "mount": [165, 40],
    "pivot_root": [155, 41],
    "chroot": [161, 51],
    "setns": [308, 268],
    "unshare": [272, 97],
    "bpf": [321, 280],
    "perf_event_open": [298, 241],
    "userfaultfd": [323, 282],
    "keyctl": [250, 219],
    "open_by_handle_at": [304, 265],
    "pidfd_getfd": [438, 438],
    "io_uring_setup": [425, 425],
    "settimeofday": [164, 170],
}
HARMLESS = {"socket": [41, 198], "kill": [62, 129], "memfd_create": [319, 279], "chmod of a descriptor": [91, 52], "clone3": [435, 435]}


class TestCalls:
    @pytest.mark.parametrize("name", DEADLY)
    def test_what_no_computation_needs_ends_the_process_and_is_named(self, strict: ZygoteJail, name: str, works_afterwards: None) -> None:
        reply = ask(strict, CALL, list(DEADLY[name]))
        assert reply.outcome is Outcome.VIOLATION and reply.reason.startswith(Violation.FORBIDDEN_CALL)

    @pytest.mark.parametrize("name", HARMLESS)
    def test_what_an_honest_program_may_stumble_over_only_fails(self, strict: ZygoteJail, name: str) -> None:
        reply = ask(strict, CALL, list(HARMLESS[name]))
        assert reply.outcome is Outcome.ANSWERED and reply.value in (1, 38)

    def test_an_answer_before_a_forbidden_call_is_worth_nothing(self, strict: ZygoteJail) -> None:
        source = CALL + "import atexit, sys\nclass Late:\n    def write(self, text):\n        return len(text)\n    def flush(self):\n"
        source += "        libc.syscall([101, 117][column], 0, 0, 0, 0)\n"
        source += "def f(x):\n    sys.stdout = Late()\n    return 5"
        reply = ask(strict, source)
        assert reply.outcome is Outcome.VIOLATION and reply.value is None

    def test_one_forbidden_call_among_many_cases_spoils_all(self, strict: ZygoteJail) -> None:
        source = CALL.replace("def f(x):", "def f(x):\n    if x == 0:\n        return 1")
        reply = ask_each(strict, source, [0, 0, list(DEADLY["ptrace"]), 0])
        assert reply.outcome is Outcome.VIOLATION and reply.value is None


FORKS = """
import os, signal, time
def f(x):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    for _ in range(40):
        try:
            if os.fork() == 0:
                os.setsid()
        except OSError:
            pass
    while True:
        time.sleep(0.01)
"""


class TestKills:
    def test_a_call_that_ignores_signals_and_forks_is_gone_half_a_second_after_its_time(self, jail: ZygoteJail) -> None:
        ask(jail, "def f(x):\n    return x")
        late = []
        for _ in range(3):
            began = time.monotonic()
            reply = ask(jail, FORKS if jail.tier != "S1" else FORKS.replace("range(40)", "range(5)"), limits=Limits(wall_s=0.3))
            late.append(time.monotonic() - began - 0.3)
            assert reply.outcome is Outcome.TIMED_OUT
            assert jail._process is not None and below(jail._process.pid) <= jail.standing
            ask(jail, "def f(x):\n    return x")
        assert min(late) <= 0.5

    def test_processes_that_start_processes_all_end(self, jail: ZygoteJail) -> None:
        ask(jail, "def f(x):\n    return x")
        before = orphans()
        assert ask(jail, BOMB, limits=Limits(wall_s=2.0)).outcome is not Outcome.ANSWERED
        # On a busy machine the zygote may have been late, and thrown away: then whatever it left would be an orphan.
        left = set() if jail._process is None else below(jail._process.pid) - jail.standing
        assert gone(left) and gone(orphans() - before)


def orphans() -> set[int]:
    """Interpreters of jails that have lost their parents."""
    return {pid for pid in running() if state_and_parent(pid)[1] == 1}


BOMB = """
import os, time
def f(x):
    depth = n = 0
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if depth < 2 and n < 14:
            n += 1
            if os.fork() == 0:
                depth, n = depth + 1, 0
                os.setsid()
        time.sleep(0.005)
    os._exit(0)
"""
"""It ends by itself: at most 211 processes for three seconds, should the jail fail."""


def free(folder: str) -> tuple[int, int]:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize, state.f_favail


def shared_places() -> list[str]:
    return [place for place in ("/dev/shm", "/tmp") if os.path.isdir(place)]


class TestFolders:
    """What a call may take of the host's files, and that it is given back."""

    @pytest.mark.parametrize(
        "body",
        [
            "open(f'{n}', 'w').close()",
            "os.mkdir(f'{n}')",
            "os.symlink('x', f'{n}')",
            "os.makedirs('/'.join(str(n)))",
            "open(f'{n}', 'wb').write(b'x' * 10_000_000)",
            "[os.makedirs(f'a{n}/b'), open(f'a{n}/b/c', 'wb').write(b'x' * 10_000_000), os.rename(f'a{n}', f'b{n}')]",
        ],
    )
    def test_a_million_files_or_many_big_ones_stop_early_and_are_given_back(self, jail: ZygoteJail, body: str) -> None:
        before = {place: free(place) for place in shared_places()}
        reply = ask(jail, f"import os\ndef f(x):\n    for n in range(10**6):\n        {body}", limits=Limits(wall_s=60.0))
        assert reply.outcome in (
            Outcome.OUT_OF_MEMORY,
            Outcome.CRASHED,
        )  # crashed: symlinks are refused, or a jail's own file system is full
        assert [place for place in before if not given_back(place, before[place])] == []

    def test_a_hidden_and_a_moving_folder_do_not_help(self, jail: ZygoteJail) -> None:
        hidden = "import os\ndef f(x):\n    os.mkdir('d', 0o300)\n    for n in range(10**6):\n        open(f'd/{n}', 'w').close()"
        moving = "import os\ndef f(x):\n    os.mkdir('d0')\n    for n in range(10**6):\n"
        moving += "        open(f'd{n}/{n}', 'w').close()\n        os.rename(f'd{n}', f'd{n + 1}')"
        for source in (hidden, moving):
            assert ask(jail, source, limits=Limits(wall_s=60.0, entries=2_000)).outcome is Outcome.OUT_OF_MEMORY

    def test_files_without_a_name_are_bounded_too(self, jail: ZygoteJail) -> None:
        if jail.tier == "S3":
            pytest.skip("its memory file system has a fixed size")
        source = "import os\ndef f(x):\n    held = []\n    while True:\n        file = open('x', 'wb')\n        os.unlink('x')\n"
        source += "        held.append(file)\n        file.write(b'y' * 9_000_000)\n        file.flush()"
        before = {place: free(place) for place in shared_places()}
        with pytest.raises(JailError, match="filling up"):
            ask(jail, source, limits=Limits(wall_s=30.0, disk_bytes=10_000_000, files=60))
        assert [place for place in before if not given_back(place, before[place])] == []

    def test_a_call_with_small_limits_is_not_ended_for_what_its_neighbours_write(self, jail: ZygoteJail) -> None:
        source = "import time\ndef f(x):\n    time.sleep(0.5)\n    return 'whole'"
        places = [place for place in shared_places() if os.access(place, os.W_OK)]
        with contextlib.ExitStack() as stack:
            neighbours = [stack.enter_context(tempfile.TemporaryFile(dir=place)) for place in places]
            writer = threading.Timer(0.2, lambda: [file.write(bytes(30_000_000)) for file in neighbours])
            writer.start()
            reply = ask(jail, source, limits=Limits(wall_s=10.0, disk_bytes=1_000_000))
            writer.join()
        assert reply.value == "whole"


def given_back(place: str, before: tuple[int, int]) -> bool:
    """Whether no more is missing than what others may have written, at the latest when they had time to take away what is theirs."""
    until = time.monotonic() + 20.0
    while True:
        now = free(place)
        if before[0] - now[0] < 100_000_000 and before[1] - now[1] < 5_000:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.1)


def gone(pids: set[int]) -> bool:
    """Whether none of these processes is there, at the latest after a moment."""
    until = time.monotonic() + 5
    while (left := {pid for pid in pids if state_and_parent(pid)[0] not in ("", "Z", "X")}) and time.monotonic() < until:
        time.sleep(0.01)
    return not left


class TestRecycling:
    def test_a_zygote_that_has_served_long_is_replaced_and_no_call_notices(self, jail: ZygoteJail) -> None:
        with ZygoteJail(tier=jail.tier, recycle=3) as own:
            seen = []
            for number in range(200):
                assert ask(own, "def f(x):\n    return x", number).value == number
                assert own._process is not None
                seen.append(own._process.pid)
                if len(set(seen)) == 3:
                    break
        assert len(set(seen)) == 3
        assert all(seen.count(pid) >= 3 for pid in list(dict.fromkeys(seen))[:2])
        assert gone(set(seen))

    def test_a_zygote_that_has_grown_is_replaced(self, jail: ZygoteJail) -> None:
        with ZygoteJail(tier=jail.tier) as own:
            assert own._warm is not None and not own._warm.tired(10)
            own._warm.served({"resident": 10**9})
            assert own._warm.tired(10)

    def test_closing_ends_the_successor_too(self, jail: ZygoteJail) -> None:
        own = ZygoteJail(tier=jail.tier, recycle=1)
        ask(own, "def f(x):\n    return x")
        assert own._next is not None
        pids = {own._next.process.pid, *own.standing}
        own.close()
        assert gone(pids)
