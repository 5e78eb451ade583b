"""One process works in a run folder; its death, however sudden, frees the folder."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rsi.core.errors import UserError
from rsi.kernel.audit.lock import RunLock

HOLDER = """
import os, sys
from pathlib import Path
from rsi.kernel.audit.lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
if len(sys.argv) > 2 and os.fork() == 0:
    os.write(1, b"child %d\\n" % os.getpid())
    sys.stdin.read()
    os._exit(0)
os.write(1, b"held\\n")
sys.stdin.read()
"""


def start_holder(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(folder), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_second_run_is_refused_with_the_process_that_works_there(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        assert read_line(holder) == "held\n"
        wanted = rf"another rsi run is working in .* \(process {holder.pid}\); wait for it or choose another folder"
        with pytest.raises(UserError, match=wanted):
            RunLock(tmp_path).acquire()
        holder.communicate("")
    RunLock(tmp_path).acquire()


def test_two_locks_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with RunLock(tmp_path), pytest.raises(UserError, match=str(os.getpid())):
        RunLock(tmp_path).acquire()


def test_a_kill_frees_the_folder(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        assert read_line(holder) == "held\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with RunLock(tmp_path):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_of_a_dead_process_that_is_about_to_be_freed_is_waited_for(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    with start_holder(tmp_path) as holder:
        assert read_line(holder) == "held\n"
        (tmp_path / "lock").write_text(f"{dead.pid}\n")
        threading.Timer(0.5, holder.kill).start()
        with RunLock(tmp_path):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
        holder.wait()


def test_a_forked_child_that_outlives_the_run_does_not_hold_the_folder(tmp_path: Path) -> None:
    with start_holder(tmp_path, "fork") as holder:
        lines = {read_line(holder) for _ in range(2)}
        child = next(int(line.split()[1]) for line in lines if line.startswith("child"))
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        os.kill(child, 0)
        with RunLock(tmp_path):
            os.kill(child, signal.SIGKILL)


def test_a_released_folder_can_be_locked_again(tmp_path: Path) -> None:
    lock = RunLock(tmp_path / "new" / "folder")
    for _ in range(3):
        lock.acquire()
        lock.release()
        lock.release()
    with RunLock(tmp_path / "new" / "folder"):
        assert (tmp_path / "new" / "folder").is_dir()


def test_a_folder_that_cannot_be_made_is_a_line_for_the_user(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write in .*; choose another folder"):
        RunLock(tmp_path / "file" / "run").acquire()
