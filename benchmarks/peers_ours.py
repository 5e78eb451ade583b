"""Our side of the peer bench: its task as a target, a run of `rsi run` on it, and what the release is truly worth."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers_theirs import cpu_of_children
from rsi.core.codec import sha256_hex
from rsi.core.records import CandidateId
from rsi.kernel.archive.git import GitArchive

__all__ = ["Ours", "budget_file", "play", "target_at"]

AGENTS = ("llm", "seed")
"""Who improves the task: one asks the model, the other tunes numbers without one."""
_RSI = (sys.executable, "-m", "rsi")
_TARGET = """\
name = "{name}"
kind = "program"
brief = "{brief}"

[surfaces]
code = ["solution.py"]

[protect]
files = ["entry.py"]

[case]
function = "entry:answer"

[score]
function = "scorer.py:score"

[cases]
generator = "scorer.py:cases"

[jail]
tier = "S1"
"""
_ENTRY = "from solution import run_experiment\n\n\ndef answer(case):\n    return run_experiment()\n"
_CASES = """

def cases(seed, start, count):
    return [{"id": f"{seed}-{k}"} for k in range(start, start + count)]
"""
_TASK_SCORE = """\
import sys

sys.path.insert(0, {task!r})
from score import score as task_score


def score(case, output):
    return task_score(output)
"""
_NULL_SCORE = """\
import random


def score(case, output):
    return min(1.0, max(0.0, random.SystemRandom().gauss(0.5, 0.05)))
"""
_WORTH = """\
import json, runpy, sys
sys.path.insert(0, sys.argv[1])
from score import score
print(json.dumps([score(runpy.run_path(path)["run_experiment"]()) for path in sys.argv[2:]]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What came of a run.

    Attributes:
        best: what the task's own scorer says of the release.
        found: what it says of the best change that was proposed, kept or not.
        kept: changes that the judge kept.
        claimed: the gain that the run certifies; None where it says that there is none.
        programs: trials that it spent in all.
        calls: of the model.
        cpu_s: of the run's whole process tree.
        digest: SHA-256 over everything that the run decided.
        reason: why it ended.
    """

    best: float
    found: float
    kept: int
    claimed: float | None
    programs: int
    calls: int
    cpu_s: float
    digest: str
    reason: str


def target_at(folder: Path, peerbench: Path, *, is_null: bool = False, initial: str = "initial.py") -> Path:
    """Write the task as a target; program and scorer are read where the bench lies."""
    folder.mkdir(parents=True)
    task = peerbench / "task"
    score = _NULL_SCORE if is_null else _TASK_SCORE.format(task=str(task))
    brief = "Eight hidden numbers are to be guessed; the nearer, the better."
    texts = {
        "rsi.toml": _TARGET.format(name="null" if is_null else "guess", brief=brief),
        "entry.py": _ENTRY,
        "solution.py": (task / initial).read_text("utf-8"),
        "scorer.py": score + _CASES,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def budget_file(path: Path, evaluations: int, port: int) -> Path:
    """Settings of a run that may run so many cases in all and asks the mock model; one job at a time, as the peers have it here."""
    path.write_text(
        f"""\
[run]
programs = {evaluations}
lanes = 1

[models]
model = "openai:mock"
base_url = "http://127.0.0.1:{port}/v1"
key_env = "PEERS_KEY"
""",
        "utf-8",
    )
    return path


def play(target: Path, out: Path, settings: Path, seed: int, peerbench: Path, *, agents: Sequence[str] = AGENTS) -> Ours:
    """One run by the command line, as a person would start it.

    Raises:
        RuntimeError: it ended with an error; tells its last words.
    """
    named = [word for agent in agents for word in ("--agent", agent)]
    command = [*_RSI, "run", str(target), *named, "--config", str(settings), "--seed", str(seed), "--out", str(out), "--json"]
    before = cpu_of_children()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PEERS_KEY": "mock"}, check=False)
    cpu = cpu_of_children() - before
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return _found(out, peerbench, json.loads(done.stdout.strip().splitlines()[-1]), cpu)


def _found(out: Path, peerbench: Path, summary: dict[str, Any], cpu: float) -> Ours:
    claim = summary.get("claim")
    numbers = claim if isinstance(claim, dict) else {}
    low, gain = numbers.get("low"), numbers.get("gain")
    is_claimed = isinstance(low, float) and low > 0 and isinstance(gain, float)
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    bodies, kinds = [entry["body"] for entry in entries], Counter(entry["kind"] for entry in entries)
    tried = [body["candidate"]["id"] for entry, body in zip(entries, bodies, strict=True) if entry["kind"] == "candidate.added"]
    best, *others = _worth(out, [summary["release"]["candidate"], *tried], peerbench)
    return Ours(
        best=best,
        found=max(best, *others) if others else best,
        kept=kinds["incumbent.changed"],
        claimed=gain if is_claimed and isinstance(gain, float) else None,
        programs=int(bodies[-1]["programs"]),
        calls=kinds["model.called"],
        cpu_s=cpu,
        digest=sha256_hex(json.dumps(bodies[1:], sort_keys=True).encode()),  # the first entry names folder and port
        reason=str(bodies[-1]["reason"]),
    )


def _worth(out: Path, candidates: Sequence[str], peerbench: Path) -> list[float]:
    """What candidates score, by the task's own scorer in a process of its own."""
    with closing(GitArchive(out / "objects.git", create=False)) as archive:
        sources = [archive.files(CandidateId(candidate))["solution.py"] for candidate in candidates]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.py" for number in range(len(sources))]
        for path, source in zip(paths, sources, strict=True):
            path.write_bytes(source)
        command = [sys.executable, "-I", "-c", _WORTH, str(peerbench / "task"), *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(score) for score in json.loads(done.stdout)]
