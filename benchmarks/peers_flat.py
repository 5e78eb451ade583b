"""What a candidate costs the loop itself: CPU of this process and of git, without the jails, and disk of the run's folder.

A whole run: every candidate is proposed, authorised, archived, judged in a race on a few pairs of cases, and told of in the log. The agent
proposes texts that do nothing, of which each version of the tree has 8 kB that share all but one line.

Counted is everything from the call of `run` to its return, in all threads, the start and the end of the run included. Not counted is what a
jail takes (the toy jail's own thread time), nor what a real one would take in this process to hand a message over: that is
`benchmarks/jail.py`.
"""

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers_theirs import disk_of
from rsi.config import RunConfig, from_json
from rsi.core.protocols import Call, Files, Reply, Serve
from rsi.core.records import Json
from rsi.loop.run import run
from rsi.testing.toy import ToyJail, toy_agent, toy_parts

__all__ = ["Overhead", "overhead"]

_COUNT = 16
_PAIRS = 2
_BYTES = 8_000
_LINES = _BYTES // 80
_PROPOSE = '''

def propose(payload):
    """Changes of one line each that do nothing."""
    memory = {"made": 0, **(payload["memory"] or {})}
    lines = _read("notes/padding.txt").split("\\n")
    proposals = []
    for _ in range(payload["count"]):
        memory["made"] += 1
        text = list(lines)
        text[memory["made"] % len(text)] = ("change number %d " % memory["made"]).ljust(79, ".")
        proposals.append({**_edit("training", "notes/padding.txt", "\\n".join(text), 0.0), "tag": ""})
    return {"proposals": proposals, "memory": memory, "programs": 1}


def learn(payload):
    return {"memory": payload["memory"]}
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhead:
    """What a run cost.

    Attributes:
        candidates: that were archived and judged.
        cpu_s: of this process and its children, without what ran in its jails.
        children_s: of it, that of children: git, which joins the objects into a pack at the end.
        disk_mb: of the run's folder, in blocks.
    """

    candidates: int
    cpu_s: float
    children_s: float
    disk_mb: float

    @property
    def ms_each(self) -> float:
        """CPU milliseconds for each candidate."""
        return 1000 * self.cpu_s / max(1, self.candidates)


class _Metered(ToyJail):
    """The jail of toy runs; its time is not ours."""

    spent = 0.0
    _lock = threading.Lock()

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """Run one call and count its time."""
        before = time.thread_time()
        reply = super().call(call, serve)
        with self._lock:
            type(self).spent += time.thread_time() - before
        return reply


def overhead(candidates: int, folder: Path) -> Overhead:
    """A run that tries about so many candidates."""
    _Metered.spent = 0.0
    config, made = _config(candidates), Counter[str]()
    before, children = time.process_time(), _of_children()
    run(
        folder,
        config,
        _agent(),
        workers=1,
        observer=lambda entry: made.update([entry.kind]),
        stop=threading.Event(),
        parts=toy_parts(config, _Metered),
    )
    children = _of_children() - children
    spent = time.process_time() - before - _Metered.spent + children
    return Overhead(candidates=made["candidate.added"], cpu_s=spent, children_s=children, disk_mb=disk_of(folder))


def _of_children() -> float:
    """CPU seconds of all children of this process that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _agent() -> Files:
    files = toy_agent(0.5)
    padding = "\n".join(
        f"line {number}: what stands here is read by nobody, and a change of it changes nothing".ljust(79, ".") for number in range(_LINES)
    )
    return {**files, "main.py": files["main.py"] + _PROPOSE.encode(), "notes/padding.txt": padding.encode()}


def _config(candidates: int) -> RunConfig:
    data: dict[str, Json] = {
        "run": {"seed": 1, "programs": 40 * candidates + 2_000, "lanes": 3, "cycles": -(-candidates // _COUNT)},
        "calibrate": {"share": 0.0, "saturated": 1.0},
        "practice": {"batches": 1, "tasks": 1, "programs": 1},
        "propose": {"count": _COUNT, "programs": 1, "when_open_below": _COUNT},
        "judge": {
            "course": "race",
            "horizon": 100_000,
            "block": _PAIRS,
            "open": _COUNT,
            "max_pairs": _PAIRS,
            "programs": 1,
            "retest_share": 0.0,
        },
        "certificate": {"pairs": 2, "programs": 1},
        "jail": {"tier": "S1", "wall_s": 20.0},
    }
    return from_json(data)
