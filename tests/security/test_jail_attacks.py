"""Attacks on the jail, judged from the host by their effect: what the attacker says of its own success counts for nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

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


class TestProcesses:
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

    def test_cpu_seconds_end_a_call_before_its_wall_time(self, jail: ZygoteJail, works_afterwards: None) -> None:
        reply = ask(jail, "def f(x):\n    while True:\n        pass", limits=Limits(wall_s=20, cpu_s=1))
        assert reply.outcome is Outcome.TIMED_OUT and reply.clock.wall_s < 10


class TestResources:
    def test_memory_taken_in_small_pieces_is_out_of_memory(self, jail: ZygoteJail, works_afterwards: None) -> None:
        source = "def f(x):\n    keep = []\n    while True:\n        keep.append(bytes(1_000_000))"
        reply = ask(jail, source, limits=Limits(wall_s=20.0, memory_bytes=200_000_000))
        assert reply.outcome is Outcome.OUT_OF_MEMORY
