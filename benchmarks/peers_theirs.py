"""The peers' side of the peer bench: its own drivers, each in the environment that holds the peer, against the same mock model."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PEERS", "Theirs", "cpu_of_children", "disk_of", "mock", "play_peer"]

PEERS = {"openevolve": "run_openevolve.py", "shinka": "run_shinka.py", "gepa": "run_gepa.py"}
"""Peer → its driver in the bench's folder."""
_TASK = {"shinka": "task/shinka_evaluate_light.py"}
"""Peer → its evaluator, where the one that its driver takes of itself loads all of the peer for each evaluation (6 s of CPU)."""
_NULL = {"openevolve": "task/oe_evaluator_null.py", "shinka": "task/shinka_evaluate_null.py", "gepa": "null"}
_ENVIRONMENT = {"OPENAI_API_KEY": "mock", "SHINKA_PRICING_MODE": "offline"}
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """What came of a peer's run.

    Attributes:
        best: the best score that it reports; None where it reports none.
        cpu_s: of its whole process tree.
        disk_mb: of what it leaves behind, in blocks.
        calls: of the model.
        note: its last words, where it failed.
    """

    best: float | None
    cpu_s: float
    disk_mb: float
    calls: int
    note: str = ""


@contextmanager
def mock(peerbench: Path, seed: int, *, hash_seeded: bool = False) -> Iterator[int]:
    """The bench's mock model on a free port of this machine, which is given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    more = ["--hash-seeded"] if hash_seeded else []
    command = [sys.executable, str(peerbench / "mock_llm.py"), "--port", str(port), "--seed", str(seed), "--max-seconds", "7200", *more]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/stats")
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str) -> None:
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def play_peer(
    name: str,
    python: Path,
    peerbench: Path,
    out: Path,
    port: int,
    evaluations: int,
    seed: int,
    *,
    is_null: bool = False,
    initial: str = "initial.py",
) -> Theirs:
    """Run one peer as the bench's README says, on the task or on its null form."""
    evaluator = _NULL[name] if is_null else _TASK.get(name)
    more = [str(peerbench / evaluator) if "/" in evaluator else evaluator] if evaluator else []
    command = [str(python), str(peerbench / PEERS[name]), str(port), str(evaluations), "1", str(out), *more]
    out.mkdir(parents=True)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # one of them starts its evaluations by the bare name `python`
    given = {**_ENVIRONMENT, "PATH": path, "SEED": str(seed), "INIT": str(peerbench / "task" / initial)}
    before = cpu_of_children()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **given}, cwd=out, check=False)
    cpu, disk, calls = cpu_of_children() - before, disk_of(out), _calls_of(port)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not lines:
        return Theirs(best=None, cpu_s=cpu, disk_mb=disk, calls=calls, note=(done.stderr.strip() or done.stdout.strip())[-300:])
    best = json.loads(lines[-1].removeprefix("RESULT ")).get("best")
    return Theirs(best=float(best) if best is not None else _best_in(out), cpu_s=cpu, disk_mb=disk, calls=calls)


def _calls_of(port: int) -> int:
    """How often the mock model was asked."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats", timeout=_PATIENCE_S) as reply:
        return int(json.load(reply)["calls"])


def cpu_of_children() -> float:
    """CPU seconds of all processes that were started from here, or by these, and have ended."""
    now = os.times()
    return now.children_user + now.children_system


def disk_of(folder: Path) -> float:
    """Megabytes of a folder, in blocks of the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e6


def _best_in(out: Path) -> float | None:
    """The best score in the database that a peer leaves behind."""
    for path in sorted(out.rglob("*.sqlite")) + sorted(out.rglob("*.db")):
        with sqlite3.connect(path) as database:
            row = database.execute("select max(combined_score) from programs").fetchone()
        if row and row[0] is not None:
            return float(row[0])
    return None
