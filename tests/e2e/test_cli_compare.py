"""`rsi compare` and a refused run from outside, as processes in real jails: what they say and which exit code they have."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rsi.testing.toy import toy_agent

pytestmark = pytest.mark.timeout(180)

SOLVE = """
def solve(payload):
    return {"answers": [_one(case) for case in payload["cases"]]}
"""
GUESS = """
def _fits(source, examples):
    space = {}
    exec(source, space)
    try:
        return all(space["f"](e["i"]) == e["o"] and type(space["f"](e["i"])) is type(e["o"]) for e in examples)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False


def _one(case):
    tried = TRIED
    for place, body in enumerate(tried):
        source = "def f(xs):\\n    return %s\\n" % body
        if _fits(source, case["examples"]):
            return {"answer": source, "programs": place + 1}
    return {"answer": None, "programs": len(tried)}
"""
MANY = ["sorted(xs)", "xs[::-1]", "xs[1:]", "xs[:-1]", "len(xs)", "sum(xs)", "max(xs)", "min(xs)", "xs[0]", "xs[-1]"]
MANY += [f"[x {op} {n} for x in xs]" for op in "+-*" for n in range(1, 7)] + [f"[x for x in xs if x % {n} == 0]" for n in range(2, 5)]
MANY += [f"[x for x in xs if x {op} {n}]" for op in "<>" for n in range(10)] + [f"xs[:{n}]" for n in range(1, 6)]
CRASH = "\n\ndef _one(case):\n    raise RuntimeError('not today')\n"
SETTINGS = """
[run]
programs = 9_000_000
[practice]
programs = 1_000
[propose]
programs = 1_000
[judge]
programs = 1_000
[certificate]
pairs = 10
programs = 1_000
[jail]
require = "S1"
"""


def agent(folder: Path, solver: str) -> str:
    folder.mkdir()
    files = toy_agent(replaced={"main.py": (SOLVE + solver).encode()})
    files = {**files, "rsi-agent.toml": files["rsi-agent.toml"].replace(b"build = true", b"build = false")}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return str(folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an agent that solves some cases, one that solves fewer, one that crashes, and settings."""
    root = tmp_path_factory.mktemp("compare")
    agent(root / "good", GUESS.replace("TRIED", repr(MANY)))
    agent(root / "poor", GUESS.replace("TRIED", repr(MANY[:1])))
    agent(root / "dead", CRASH)
    (root / "short.toml").write_text(SETTINGS)
    return root


def rsi(place: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "rsi", *argv], cwd=place, capture_output=True, text=True, timeout=170)


def compare(place: Path, a: str, b: str, *more: str) -> subprocess.CompletedProcess[str]:
    return rsi(place, "compare", a, b, "--programs", "1_000", "--jail-require", "S1", *more)


def test_a_worse_version_fails_and_a_better_one_passes_with_the_numbers_in_json(place: Path) -> None:
    worse = compare(place, "good", "poor", "--seed", "7", "--json")
    told = json.loads(worse.stdout)
    assert worse.returncode == 1 and worse.stderr == "rsi: B is worse than A\n"
    assert (told["finding"], told["ok"], told["seed"]) == ("worse", False, 7) and told["high"] <= 0 < told["losses"]
    assert told["pairs"] < 1000 and told["a"]["score"] > told["b"]["score"]
    better = compare(place, "poor", "good", "--seed", "7", "--expect", "better")
    assert better.returncode == 0 and "B is better: +" in better.stdout and "pairs  B − A" in better.stdout


def test_twins_are_not_worse_not_better_and_within_a_margin(place: Path) -> None:
    plain = compare(place, "good", "good", "--pairs", "48")
    assert plain.returncode == 0 and "No difference shown" in plain.stdout and "are ruled out" in plain.stdout
    strict = compare(place, "good", "good", "--pairs", "48", "--expect", "better")
    assert strict.returncode == 1 and "not shown to be better" in strict.stderr
    margin = compare(place, "good", "good", "--pairs", "200", "--margin", "15")
    assert margin.returncode == 0 and "not worse by more than the margin" in margin.stdout
    assert compare(place, "good", "good", "--pairs", "16", "--margin", "1").returncode == 1


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("good", "nobody"), "there is no agent 'nobody'"),
        (("good", "good", "--alpha", "2"), "--alpha 2.0: should be a probability"),
        (("good", "good", "--suite", "lists"), "suite = 'lists'"),
        (("good", "good", "--margin", "3", "--expect", "better"), "goes with --expect not-worse"),
    ],
)
def test_what_cannot_be_compared_is_named_in_one_line(place: Path, argv: tuple[str, ...], told: str) -> None:
    found = rsi(place, "compare", *argv)
    assert found.returncode == 2 and told in found.stderr and len(found.stderr.splitlines()) == 1


def test_a_suite_on_which_an_agent_answers_nothing_is_refused_before_money_is_spent(place: Path) -> None:
    first = rsi(place, "run", "--agent", "dead", "--config", "short.toml")
    assert first.returncode == 2 and "REFUSED: version 0 gave no answer in any of" in first.stdout
    assert "repair the agent first" in first.stderr and len(first.stderr.splitlines()) == 1
    summary = json.loads((place / "runs/dead-1/summary.json").read_text())
    assert summary["outcome"] == "refused before it began" and summary["programs"] <= 0.02 * 9_000_000
    again = rsi(place, "run", "--agent", "dead", "--config", "short.toml", "--json")
    assert again.returncode == 2 and json.loads(again.stdout)["outcome"] == "refused before it began"
    assert rsi(place, "verify", "runs/dead-1").returncode == 0
    ledger = json.loads(rsi(place, "show", "runs/dead-1", "--ledger", "--json").stdout)
    assert {line["pool"] for line in ledger["queries"]} == {"calibration"} and ledger["uses"]["calibration"]["words"] == 1


def test_an_agent_that_solves_next_to_nothing_is_refused_as_saturated(place: Path) -> None:
    found = rsi(place, "run", "--agent", "poor", "--config", "short.toml")
    assert found.returncode == 2 and "the suite is saturated" in found.stderr and "at the floor" in found.stderr
    assert "no improvement" not in found.stdout.lower()
