"""Runs toy runs in forked children, kills them with SIGKILL, takes them up again, and prints what it saw as JSON.

Usage: python -m tests.e2e.kill_driver MODE FOLDER JAIL COUNT. Modes: `random` (kill the whole process group at random moments), `each`
(the child kills itself right after each new entry), `full` (a disk that fills up at random sizes). JAIL is `toy` (in process), `tree`
(the same, and the run's course is the tree), `S1` (a real one), `skill` (a run on a target, in process) or TIER=TARGET (a target that an
agent improves in real jails, with the real process that scores).
"""

import json
import os
import random
import resource
import shutil
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rsi.core.errors import InfrastructureError, RsiError
from rsi.core.protocols import Entry
from rsi.kernel.audit.identity import kernel_hash
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.sandbox import open_jail
from rsi.loop.aim import told_of
from rsi.loop.run import run
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts
from rsi.testing.toy_target import skill_agent, skill_config, skill_parts, skill_target, skill_told
from tests.e2e.target_runs import aimed, short

SEED = 3
LONGEST_S = 0.2
REAL = 5
"""So many times as long lives a child that starts processes of its own."""
TUNER = str(Path(__file__).parents[2] / "examples" / "agents" / "tuner")
TARGET = {"run": {"programs": 220, "cycles": 2}, "propose": {"programs": 24}, "certificate": {"pairs": 8}, "judge": {"max_pairs": 24}}


def play(folder: Path, jail: str, die_after_new: bool) -> bool:
    """One process's share of a run; True if the run ended."""
    before = len(FileEventLog.read(folder / "log.jsonl")) if (folder / "log.jsonl").exists() else 0

    def observe(entry: Entry) -> None:
        if entry.kind == "run.ended" and not (folder / "spool.copy").exists():
            copy_spool(folder)
        if die_after_new and entry.seq >= before and entry.kind != "run.resumed":
            os.kill(os.getpid(), signal.SIGKILL)

    return begin(folder, jail, observe)


def begin(folder: Path, jail: str, observe: Callable[[Entry], None]) -> bool:
    """Begin or take up the run that goes with a jail; True if it ended."""
    stop, agents, told = threading.Event(), {}, None
    with ExitStack() as stack:
        if jail == "skill":
            config, files, agents, told = skill_config(seed=SEED), skill_target(), {"tinker": skill_agent()}, skill_told()
            parts = skill_parts(config)
        elif jail in ("toy", "tree", "S1"):
            config, files = toy_config(seed=SEED, course="tree" if jail == "tree" else "race"), toy_agent()
            parts = toy_parts(config, (lambda: open_jail((), jail)) if jail == "S1" else ToyJail)
        else:
            tier, _, name = jail.partition("=")
            config = short(name, TUNER, tier, TARGET)
            aim, parts = stack.enter_context(aimed(config))
            files, agents, told = aim.target.files, aim.agents, told_of(aim.target)
        workers = 1 if jail == "skill" else 2  # calls in one process import their modules under the same names
        return run(folder, config, files, workers=workers, observer=observe, stop=stop, parts=parts, agents=agents, target=told).finished


def copy_spool(folder: Path) -> None:
    """Keep what was finished for the count at the end; the disk may be full here too."""
    try:
        shutil.copy(folder / "spool.jsonl", folder / "spool.part")
        os.replace(folder / "spool.part", folder / "spool.copy")
    except OSError as error:
        raise InfrastructureError(f"cannot copy the spool: {error}") from error


def child(folder: Path, jail: str, mode: str, size: int) -> int:
    """Fork a process of its own group that plays; its process id."""
    pid = os.fork()
    os.setpgid(pid, pid)
    if pid:
        return pid
    code = 1
    try:
        if mode == "full":
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        code = 0 if play(folder, jail, mode == "each") else 3
    except InfrastructureError:
        code = 4
    except RsiError as error:
        print(error, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def wait(pid: int, seconds: float) -> int:
    """Exit status; the whole group is killed when the time is over (−9)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def repeated(path: Path) -> int:
    """How many job results a spool holds more than once: each would be a finished job that was run again."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    keys = Counter(json.loads(line[65:])["key"] for line in lines if line[64:65] == b" ")
    return sum(count - 1 for count in keys.values())


def lost(folder: Path) -> int:
    """How many results were finished and never came into the log, or stand in the log without ever having been finished, or twice."""
    lines = (folder / "spool.copy").read_bytes().split(b"\n")[:-1]
    finished = {json.loads(line[65:])["key"] for line in lines}
    entries = FileEventLog.read(folder / "log.jsonl").entries()
    logged = [entry.body["job"] for entry in entries if entry.kind in ("job.done", "trials.done")]
    return len(finished ^ set(logged)) + len(logged) - len(set(logged))


def main(mode: str, base: Path, jail: str, count: int) -> None:
    """Chain runs until `count` kills (or failures) have happened; the last run is always ended."""
    kernel_hash()
    rng = random.Random(f"{mode}/{count}")
    seen: Counter[str] = Counter()
    digests: set[str] = set()
    number = 0
    while seen["kills"] < count or number == 0:
        number += 1
        folder = base / f"{mode}-{number}"
        while True:
            is_last = seen["kills"] >= count
            seconds = (
                rng.uniform(0.0, LONGEST_S) * (1 if jail in ("toy", "tree", "skill") else REAL)
                if mode == "random" and not is_last
                else 60.0
            )
            size = rng.randrange(2_000, 250_000)
            code = wait(child(folder, jail, "plain" if is_last else mode, size), seconds)
            seen["attempts"] += 1
            seen["run again"] = max(seen["run again"], repeated(folder / "spool.jsonl"))
            if code == 0:
                break
            if code not in (-9, 4):
                sys.exit(f"a child ended with {code}")
            seen["kills"] += 1
        seen["run again"] += repeated(folder / "spool.copy")
        seen["lost"] += lost(folder)
        digests.add(FileEventLog.read(folder / "log.jsonl").digest())
    print(json.dumps({**{"kills": 0, "lost": 0, "run again": 0}, **seen, "runs": number, "digests": sorted(digests)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
