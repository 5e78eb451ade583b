"""Small targets for tests."""

from collections.abc import Mapping
from pathlib import Path

from rsi.targets import Target, load_target

SPEC = """\
name = "adding"
kind = "program"
brief = "adds two numbers"
[surfaces]
code = ["solution.py", "lib/**"]
[protect]
files = ["lib/fixed.py"]
[case]
function = "solution:solve"
timeout_s = 5
[score]
function = "score.py:score"
[cases]
generator = "score.py:cases"
hidden = ["sum"]
"""
SOLUTION = "from lib.fixed import ONE\n\n\ndef solve(case):\n    return case['a'] + case['b']\n"
SCORE = """\
import random


def cases(seed, start, count):
    return [case(random.Random(f"{seed}/{number}")) for number in range(start, start + count)]


def case(rng):
    a, b = rng.randrange(10**9), rng.randrange(10**9)
    return {"a": a, "b": b, "sum": [a + b], "family": "small" if a < b else "large"}


def score(case, output):
    return {"score": float([output] == case["sum"]), "label": "right", "feedback": f"{case['a']} and {case['b']}"}
"""
FILES = {"solution.py": SOLUTION, "lib/fixed.py": "ONE = 1\n", "score.py": SCORE, "notes.txt": "not for a jail\n"}


def write(folder: Path, spec: str = SPEC, files: Mapping[str, str] | None = None) -> Path:
    """A folder with an rsi.toml and some files."""
    for name, text in {**FILES, **(files or {}), "rsi.toml": spec}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def target(folder: Path, spec: str = SPEC, files: Mapping[str, str] | None = None) -> Target:
    """A target in a folder of its own."""
    return load_target(write(folder, spec, files))
