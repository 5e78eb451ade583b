"""Attacks on the jail, judged from the host by their effect: what the attacker says of its own success counts for nothing."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rsi.core.protocols import Limits
from rsi.core.records import Outcome
from rsi.kernel.sandbox import ZygoteJail
from rsi.testing.conformance.jail import ask


def descendants(root: int) -> set[int]:
    """Host processes below `root`, by their parents."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def alive(pid: int) -> bool:
    """Whether a host process still runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


BEATS = "import time\nfor _ in range(20):\n    print('beat', flush=True)\n    time.sleep(0.02)"


class TestFiles:
    def test_symlinks_and_odd_things_in_its_folder_harm_nobody(self, jail: ZygoteJail, tmp_path: Path, works_afterwards: None) -> None:
        victim = tmp_path / "dir"
        victim.mkdir()
        (victim / "file").write_text("untouched")
        source = f"""
import os
def f(x):
    for act in (lambda: os.symlink({str(victim)!r}, 'link'), lambda: os.mkfifo('fifo'), lambda: os.mkdir('shut'),
                lambda: os.chmod('shut', 0)):
        try:
            act()
        except OSError:
            pass
    home = os.getcwd()
    for _ in range(1200):
        os.mkdir('d')
        os.chdir('d')
    return home
"""
        reply = ask(jail, source)
        assert reply.outcome is Outcome.ANSWERED and not os.path.lexists(str(reply.value))
        assert (victim / "file").read_text() == "untouched"


class TestNetwork:
    def test_no_byte_reaches_a_listener_of_the_host(self, strict: ZygoteJail, tmp_path: Path) -> None:
        got: list[str] = []
        with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            named, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
            named.bind(str(tmp_path / "s"))
            abstract.bind(f"\0rsi-{os.getpid()}")
            for listener in (named, abstract):
                listener.listen()
            for channel in (tcp, udp, named, abstract):
                channel.settimeout(0.3)
            source = """
import socket
def f(where):
    tcp, udp, named, abstract = where
    for kind, way, address in ((socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', tcp)),
                               (socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', udp)),
                               (socket.AF_UNIX, socket.SOCK_STREAM, named), (socket.AF_UNIX, socket.SOCK_STREAM, chr(0) + abstract)):
        try:
            s = socket.socket(kind, way)
            s.connect(address)
            s.send(b'leak')
        except OSError:
            pass
    return 1
"""
            ask(strict, source, [tcp.getsockname()[1], udp.getsockname()[1], str(tmp_path / "s"), f"rsi-{os.getpid()}"])
            for name, channel in (("tcp", tcp), ("named", named), ("abstract", abstract)):
                with contextlib.suppress(TimeoutError):
                    channel.accept()[0].close()
                    got.append(name)
            with contextlib.suppress(TimeoutError):
                udp.recv(10)
                got.append("udp")
            named.close()
            abstract.close()
        assert got == []


class TestProcesses:
    def test_no_process_of_a_fork_bomb_survives(self, jail: ZygoteJail, works_afterwards: None) -> None:
        source = """
import os, time
def f(x):
    for _ in range(5):
        try:
            if os.fork() == 0:
                os.setsid()
                if os.fork():
                    os._exit(0)
                time.sleep(30)
        except OSError:
            pass
    return 1
"""
        ask(jail, "def f(x):\n    return x")
        assert jail._process is not None
        before = descendants(jail._process.pid)
        ask(jail, source, limits=Limits(wall_s=2.0))
        time.sleep(0.2)
        assert jail._process is not None and descendants(jail._process.pid) == before

    def test_a_zygote_that_stands_still_is_replaced_and_leaves_nothing(self, jail: ZygoteJail) -> None:
        ask(jail, "def f(x):\n    return x")
        assert jail._process is not None
        family = {jail._process.pid, *descendants(jail._process.pid)}
        stopper = threading.Timer(0.2, lambda: [os.kill(pid, signal.SIGSTOP) for pid in family])
        stopper.start()
        began = time.monotonic()
        reply = ask(jail, "import time\ndef f(x):\n    time.sleep(30)", limits=Limits(wall_s=0.5))
        assert reply.outcome is Outcome.TIMED_OUT and time.monotonic() - began < 5
        time.sleep(0.2)
        assert [pid for pid in family if alive(pid)] == []
        assert ask(jail, "def f(x):\n    return x", 7).value == 7

    def test_nothing_outlives_a_kernel_that_is_killed(self, jail: ZygoteJail) -> None:
        script = """
import sys
from rsi.kernel.sandbox import ZygoteJail
from rsi.testing.conformance.jail import ask
jail = ZygoteJail(tier=sys.argv[1])
print("ready", flush=True)
ask(jail, "import time\\ndef f(x):\\n    time.sleep(30)")
"""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        kernel = subprocess.Popen([sys.executable, "-c", script, jail.tier], stdout=subprocess.PIPE, env=environment)
        assert kernel.stdout is not None and kernel.stdout.readline() == b"ready\n"
        time.sleep(0.3)
        family = descendants(kernel.pid)
        assert len(family) >= 2
        folders = {os.readlink(f"/proc/{pid}/cwd") for pid in family} - {"/"}
        kernel.kill()
        kernel.communicate()
        time.sleep(0.5)
        assert [pid for pid in family if alive(pid)] == []
        assert jail.tier == "S3" or (folders and not any(os.path.exists(folder) for folder in folders))

    def test_no_process_or_thread_is_started(self, strict: ZygoteJail, tmp_path: Path) -> None:
        source = """
import os, subprocess, threading
def f(x):
    done = []
    for act in (os.fork, lambda: subprocess.run(['/bin/sh', '-c', 'true']), threading.Thread(target=print).start,
                lambda: os.execv('/bin/sh', ['sh'])):
        try:
            act()
            done.append(1)
        except (OSError, RuntimeError):
            pass
    return done
"""
        reply = ask(strict, source)
        assert reply.value == []

    def test_it_can_stop_and_kill_nobody(self, strict: ZygoteJail, works_afterwards: None) -> None:
        victim = subprocess.Popen([sys.executable, "-c", BEATS], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert victim.stdout is not None
        source = f"""
import os, signal, resource, time
def harmless(act):
    try:
        act()
    except OSError:
        return True
    return False
def f(x):
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in ({victim.pid}, os.getppid(), {os.getpid()}):
            if not harmless(lambda: os.kill(pid, number)):
                return 'got one'
        harmless(lambda: os.kill(-1, number))
    harmless(lambda: resource.prlimit({victim.pid}, resource.RLIMIT_CPU, (1, 1)))
    harmless(lambda: os.setpriority(os.PRIO_PROCESS, {victim.pid}, 19))
    harmless(lambda: os.sched_setaffinity({victim.pid}, [0]))
"""
        zygote = strict._process
        before = (resource.prlimit(victim.pid, resource.RLIMIT_CPU), os.sched_getaffinity(victim.pid))
        ask(strict, source)
        assert victim.poll() is None and os.getpriority(os.PRIO_PROCESS, victim.pid) < 19
        assert (resource.prlimit(victim.pid, resource.RLIMIT_CPU), os.sched_getaffinity(victim.pid)) == before
        assert victim.communicate(timeout=10)[0].split() == [b"beat"] * 20
        assert zygote is not None and zygote.poll() is None

    @pytest.mark.parametrize("body", ["", "import signal\n    for s in (15, 14, 24, 27):\n        signal.signal(s, signal.SIG_IGN)"])
    def test_an_endless_loop_ends_at_its_limit(self, jail: ZygoteJail, works_afterwards: None, body: str) -> None:
        began = time.monotonic()
        reply = ask(
            jail,
            f"def f(x):\n    {body}\n    while True:\n        try:\n            pass\n        except BaseException:\n            pass",
            limits=Limits(wall_s=0.5),
        )
        assert reply.outcome is Outcome.TIMED_OUT and time.monotonic() - began < 3

    def test_cpu_seconds_end_a_call_before_its_wall_time(self, jail: ZygoteJail, works_afterwards: None) -> None:
        reply = ask(jail, "def f(x):\n    while True:\n        pass", limits=Limits(wall_s=20, cpu_s=1))
        assert reply.outcome is Outcome.TIMED_OUT and reply.clock.wall_s < 10

    def test_limits_cannot_be_raised(self, strict: ZygoteJail) -> None:
        source = """
import resource
def f(x):
    for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):
        try:
            resource.setrlimit(what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            return 'raised'
        except (OSError, ValueError):
            pass
    return 'kept'
"""
        assert ask(strict, source).value == "kept"


class TestResources:
    def test_four_gigabytes_are_out_of_memory(self, jail: ZygoteJail, works_afterwards: None) -> None:
        reply = ask(jail, "def f(x):\n    return len(bytearray(4_000_000_000))", limits=Limits(wall_s=20.0, memory_bytes=500_000_000))
        assert reply.outcome is Outcome.OUT_OF_MEMORY

    def test_memory_taken_in_small_pieces_is_out_of_memory(self, jail: ZygoteJail, works_afterwards: None) -> None:
        source = "def f(x):\n    keep = []\n    while True:\n        keep.append(bytes(1_000_000))"
        reply = ask(jail, source, limits=Limits(wall_s=20.0, memory_bytes=200_000_000))
        assert reply.outcome is Outcome.OUT_OF_MEMORY

    def test_an_endless_recursion_is_a_crash(self, jail: ZygoteJail, works_afterwards: None) -> None:
        assert ask(jail, "def f(x):\n    return f(x)").outcome is Outcome.CRASHED

    def test_a_huge_file_is_refused(self, jail: ZygoteJail, works_afterwards: None) -> None:
        source = "def f(x):\n    with open('big', 'wb') as file:\n        file.seek(10**11)\n        file.write(b'x')"
        assert ask(jail, source).outcome is Outcome.CRASHED

    def test_descriptors_run_out_inside_only(self, jail: ZygoteJail, works_afterwards: None) -> None:
        source = "import os\ndef f(x):\n    keep = []\n    while True:\n        keep.append(os.open('/dev/null', os.O_RDONLY))"
        reply = ask(jail, source)
        assert reply.outcome is Outcome.CRASHED and "Too many open files" in reply.reason
