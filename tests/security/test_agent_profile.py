"""The agent profile under attack, judged from the host: it starts processes, and none outlives, outgrows or leaves its call."""

import socket
import time
from collections.abc import Iterator

import pytest

from rsi.core.errors import UserError
from rsi.core.protocols import Limits
from rsi.core.records import Outcome
from rsi.kernel.sandbox import ZygoteJail, open_jail, unreachable
from rsi.kernel.sandbox.family import below
from rsi.testing.conformance.jail import ask

SOME = Limits(wall_s=20.0, processes=16)


@pytest.fixture(scope="module")
def agent() -> Iterator[ZygoteJail]:
    why = unreachable("S3", "agent")
    if why is not None:
        pytest.skip(f"the agent profile cannot be had here: {why}")
    with ZygoteJail(tier="S3", profile="agent") as jail:
        yield jail


def started(jail: ZygoteJail) -> set[int]:
    """What runs below the zygote; nothing if it was late on a busy machine, and thrown away with all its processes."""
    return set() if jail._process is None else below(jail._process.pid)


def test_it_is_refused_where_nothing_holds_processes() -> None:
    for tier in ("S2", "S1"):
        with pytest.raises(UserError, match="agent profile needs tier S3"):
            open_jail(tier=tier, profile="agent")
    with pytest.raises(UserError, match="no command template given"):
        open_jail(tier="S4", profile="agent")
    with pytest.raises(UserError, match="function, agent"):
        open_jail(profile="other")


def test_programs_of_the_machine_run_with_pipes_and_threads(agent: ZygoteJail) -> None:
    source = """
import subprocess, threading, socket
def f(x):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(1))
    thread.start()
    thread.join()
    a, b = socket.socketpair()
    a.send(b'x')
    text = subprocess.run('echo a b | tr a-z A-Z > out; cat out', shell=True, capture_output=True, text=True).stdout
    return [seen, text, b.recv(1).decode()]
"""
    assert ask(agent, source, limits=SOME).value == [[1], "A B\n", "x"]


@pytest.mark.parametrize(
    "bomb",
    [
        "while True:\n        try:\n            os.fork()\n        except OSError:\n            pass",
        "os.setsid()\n    while True:\n        try:\n            if os.fork():\n                time.sleep(0.001)\n"
        "            else:\n                os.setsid()\n        except OSError:\n            pass",
        "subprocess.Popen(['sh', '-c', 'b() { b | b & b; }; b'])\n    time.sleep(30)",
    ],
)
def test_a_fork_bomb_ends_with_its_call_and_leaves_nobody(agent: ZygoteJail, bomb: str) -> None:
    before = started(agent)
    began = time.monotonic()
    reply = ask(agent, f"import os, subprocess, time\ndef f(x):\n    {bomb}", limits=Limits(wall_s=1.0, processes=64))
    assert reply.outcome is not Outcome.ANSWERED and time.monotonic() - began < 10
    time.sleep(0.2)
    assert started(agent) <= before
    assert ask(agent, "def f(x):\n    return x", 7).value == 7


def test_what_is_left_running_dies_with_its_call(agent: ZygoteJail) -> None:
    before = started(agent)
    source = "import subprocess\ndef f(x):\n    subprocess.Popen(['setsid', 'nohup', 'sleep', '60'])\n    return 1"
    assert ask(agent, source, limits=SOME).value == 1
    assert started(agent) == before


def test_no_more_processes_than_allowed_and_none_without_leave(agent: ZygoteJail) -> None:
    source = """
import os, time
def f(x):
    n = 0
    for _ in range(40):
        try:
            if not os.fork():
                time.sleep(5)
                os._exit(0)
            n += 1
        except OSError:
            break
    return n
"""
    for most in (0, 5):
        reply = ask(agent, source, limits=Limits(wall_s=20.0, processes=most))
        assert reply.value == most if agent.enforced["counted"] else reply.outcome is Outcome.OUT_OF_MEMORY


def test_the_memory_and_cpu_time_of_all_processes_count_together(agent: ZygoteJail) -> None:
    body = "    for _ in range(8):\n        if not os.fork():\n            {}\n            time.sleep(30)\n    time.sleep(30)"
    memory = "import os, time\ndef f(x):\n" + body.format("keep = b'x' * 60_000_000")
    limits = Limits(wall_s=20.0, processes=16, memory_bytes=300_000_000)
    assert ask(agent, memory, limits=limits).outcome is Outcome.OUT_OF_MEMORY
    cpu = "import os, time\ndef f(x):\n" + body.format("exec('while True: pass')")
    reply = ask(agent, cpu, limits=Limits(wall_s=60.0, processes=16, cpu_s=2.0))
    assert reply.outcome is Outcome.TIMED_OUT and "together" in reply.reason


def test_its_calls_cannot_reach_the_zygote_the_machine_or_the_network(agent: ZygoteJail) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        source = """
import ctypes, os, resource, signal, socket
def f(port):
    done = []
    numbers = {'keyctl': 250, 'bpf': 321, 'perf': 298, 'io_uring': 425, 'userfaultfd': 323, 'memfd': 319, 'shm': 29}
    if os.uname().machine != 'x86_64':
        numbers = {}
    libc = ctypes.CDLL(None, use_errno=True)
    def attempt(name, act):
        try:
            if act() not in (-1, None):
                done.append(name)
        except OSError:
            pass
    attempt('inet', lambda: socket.create_connection(('127.0.0.1', port), 1))
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, 40):
        attempt(f'socket {family}', lambda: socket.socket(family, socket.SOCK_STREAM))
    attempt('ptrace', lambda: libc.ptrace(0, 0, 0, 0))
    attempt('user namespace', lambda: libc.unshare(0x10000000))
    attempt('mount', lambda: libc.mount(b'x', b'/tmp', b'tmpfs', 0, None))
    attempt('clone into a namespace', lambda: libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0))
    for name, number in numbers.items():
        attempt(name, lambda: libc.syscall(number, 0, 0, 0, 0, 0))
    attempt('limits of others', lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (1, 1)))
    for pid in range(1, 12):
        if pid != os.getpid():
            attempt(f'read {pid}', lambda: open(f'/proc/{pid}/environ').read())
            attempt(f'signal {pid}', lambda: os.kill(pid, signal.SIGKILL))
    attempt('write', lambda: open('/usr/x', 'w'))
    attempt('packages', lambda: __import__('pytest'))
    return done
""".replace("__import__('pytest')", "os.stat(os.__file__.replace('os.py', 'site-packages/pip'))")
        assert ask(agent, source, listener.getsockname()[1], limits=SOME).value == []
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_nothing_of_one_call_is_there_in_the_next(agent: ZygoteJail) -> None:
    source = """
import os
def f(x):
    seen = [name for place in ('/tmp', '/dev/shm', '/box', '/box/work') for name in os.listdir(place) if 'mark' in name]
    for place in ('/tmp', '/dev/shm', '/box', '/box/work'):
        open(f'{place}/mark', 'w').close()
    return seen
"""
    assert ask(agent, source, limits=SOME).value == [] and ask(agent, source, limits=SOME).value == []
