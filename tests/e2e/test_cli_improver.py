"""Improvers outlive their run, through the command line: kept, looked at, chosen, begun with, passed on, and taken in again."""

import json
import os
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from rsi.cli.main import main
from tests.e2e.test_cli_compare import MANY

pytestmark = pytest.mark.timeout(240)

LEVELS = (MANY[:1], MANY[::2], MANY)
"""What the agent tries for a case, level by level; each change that it proposes brings it to the next one."""
MAIN = (
    f"import hashlib, json\n\nLEVELS = {LEVELS!r}\n"
    + """


def _level():
    with open("level.json", encoding="utf-8") as handle:
        return handle.read()


def solve(payload):
    tried = LEVELS[json.loads(_level())]
    return {"answers": [_one(case, tried) for case in payload["cases"]]}


def _one(case, tried):
    for place, body in enumerate(tried):
        source = "def f(xs):\\n    return %s\\n" % body
        if _fits(source, case["examples"]):
            return {"answer": source, "programs": place + 1}
    return {"answer": None, "programs": len(tried)}


def _fits(source, examples):
    space = {}
    exec(source, space)
    try:
        return all(space["f"](e["i"]) == e["o"] and type(space["f"](e["i"])) is type(e["o"]) for e in examples)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False


def practise(payload):
    return {"findings": [], "programs": 10, "solved": 0, "tasks": len(payload["batch"]["tasks"])}


def diagnose(payload):
    return {"limitations": [{"id": "few", "kind": "search", "text": "few programs are tried", "evidence": None}], "memory": None}


def learn(payload):
    return {"memory": None}


def propose(payload):
    level = json.loads(_level())
    if level + 1 == len(LEVELS):
        return {"proposals": [], "memory": None, "programs": 10}
    before = hashlib.sha256(_level().encode()).hexdigest()
    change = {
        "surface": "parameters",
        "limitation": "few",
        "reason": "try more programs",
        "edits": [{"path": "level.json", "before": before, "after": str(level + 1)}],
        "prediction": {"p_better": 0.9, "low": 0.0, "high": 0.3},
    }
    return {"proposals": [change], "memory": None, "programs": 10}
"""
)
MANIFEST = b'name = "climber"\nentry = "main"\n\n[surfaces]\nparameters = ["level.json"]\n'
SETTINGS = """
[run]
cycles = 1
programs = 2_000_000
[practice]
batches = 1
tasks = 3
programs = 1_000
[propose]
count = 1
programs = 1_000
[judge]
alpha = 0.5
horizon = 4
block = 16
programs = 1_000
[certificate]
pairs = 240
programs = 1_000
[calibrate]
saturated = 1.0
[jail]
tier = "S1"
require = "S1"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an agent that climbs one level per run, settings, and a state folder of its own."""
    root = tmp_path_factory.mktemp("improver")
    (root / "agent").mkdir()
    for name, content in {"rsi-agent.toml": MANIFEST, "main.py": MAIN.encode(), "level.json": b"0"}.items():
        (root / "agent" / name).write_bytes(content)
    (root / "short.toml").write_text(SETTINGS)
    return root


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command line left behind."""

    returncode: int
    stdout: str
    stderr: str


def rsi(place: Path, *argv: str, state: str = "state") -> Done:
    """One command line, in this process: starting Python costs more than most of them do."""
    out, err, before = StringIO(), StringIO(), os.environ["RSI_STATE"]
    os.environ["RSI_STATE"] = str(place / state)
    try:
        with chdir(place), redirect_stdout(out), redirect_stderr(err):
            code = main(argv)
    finally:
        os.environ["RSI_STATE"] = before
    return Done(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def said(place: Path, *argv: str, state: str = "state") -> str:
    done = rsi(place, *argv, state=state)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def told(place: Path, *argv: str, state: str = "state") -> Any:
    return json.loads(said(place, *argv, "--json", state=state))


@pytest.fixture(scope="module")
def first(place: Path) -> Done:
    """A run of the agent whose gain is certified."""
    return rsi(place, "run", "--agent", "agent", "--config", "short.toml")


@pytest.fixture(scope="module")
def only(place: Path, first: Done) -> str:
    """The improver that the run kept."""
    assert first.returncode == 0, first.stdout + first.stderr
    [found] = (name.removesuffix(".json") for name in os.listdir(place / "state/improvers") if name.endswith(".json"))
    return found


@pytest.fixture(scope="module")
def second(place: Path, only: str) -> tuple[str, str]:
    """A run that begins with that improver because it is in use: its folder, and what it said."""
    said(place, "improver", "add", "runs/agent-1", state="two")
    said(place, "improver", "use", "best", state="two")
    return f"runs/improver-{only[:12]}-2", said(place, "run", "--config", "short.toml", state="two")


def test_with_json_a_run_says_on_stderr_what_it_kept(place: Path, only: str) -> None:
    done = rsi(place, "run", "--agent", "agent", "--config", "short.toml", "--json")
    assert done.returncode == 0 and done.stderr.startswith(f"Kept as improver {only[:12]}") and len(done.stdout.splitlines()) == 1
    assert json.loads(done.stdout)["claim"]["low"] > 0


def started(place: Path, run: str) -> Any:
    return json.loads((place / run / "log.jsonl").read_text().splitlines()[0])["body"]


def test_a_certified_run_keeps_its_release_and_says_how_later_runs_begin_with_it(place: Path, first: Done, only: str) -> None:
    assert "begins with improver" not in first.stdout
    assert first.stdout.splitlines()[-2] == f"Kept as improver {only[:12]}: `rsi improver use {only[:12]}` lets later runs begin with it."
    row = told(place, "improver", "list")["improvers"][0]
    claim = json.loads((place / "runs/agent-1/summary.json").read_text())["claim"]
    assert (row["id"], row["gain"], row["low"], row["high"]) == (only, claim["gain"], claim["low"], claim["high"])
    assert (row["checked"], row["in_use"], row["runs"], row["name"]) == (True, False, 1, "climber")
    assert said(place, "improver") == said(place, "improver", "list") and only[:12] in said(place, "improver")


def test_show_tells_the_run_its_certificate_and_each_change_with_its_reason(place: Path, only: str) -> None:
    text = said(place, "improver", "show", only[:6])
    for words in (f"improver {only}", "climber: 3 files", "240 sealed cases", "parameters: try more programs", "because: few programs"):
        assert words in text
    passage = told(place, "improver", "show", only)["improver"]["passages"][0]
    last = json.loads((place / "runs/agent-1/log.jsonl").read_text().splitlines()[-1])
    assert passage["head"] == last["hash"] and passage["run"] == started(place, "runs/agent-1")["run"]


def test_a_run_without_an_agent_begins_with_the_improver_in_use(place: Path, only: str, second: tuple[str, str]) -> None:
    where, text = second
    assert text.startswith(f"{where} begins with improver {only[:12]} (certified +")
    assert started(place, where)["config"]["agent"] == f"improver:{only}" and started(place, where)["seed"] == 2
    assert said(place, "run", "--config", "short.toml", "--out", where, state="two").startswith(f"{where} is finished already.")
    assert "verified: every entry follows" in said(place, "verify", where, state="nowhere")


def test_what_a_run_adds_to_an_improver_is_kept_behind_it_and_not_chosen(place: Path, only: str, second: tuple[str, str]) -> None:
    newest, older = told(place, "improver", "list", state="two")["improvers"]
    assert (older["id"], newest["runs"], newest["checked"]) == (only, 2, True)
    assert newest["ensured"] == older["low"] + newest["low"]
    assert f"`rsi improver use {newest['id'][:12]}`" in second[1]


def test_a_choice_is_shown_and_taken_back(place: Path, only: str) -> None:
    said(place, "improver", "add", "runs/agent-1", state="choice")
    assert "Later runs begin with improver" in said(place, "improver", "use", only[:5], state="choice")
    assert told(place, "improver", state="choice")["in_use"] == only and f"* {only[:12]}" in said(place, "improver", state="choice")
    assert said(place, "improver", "use", "seed", state="choice") == "Later runs begin with the shipped agent.\n"
    assert told(place, "improver", state="choice")["in_use"] is None


def test_a_run_that_shall_not_keep_does_not_and_may_be_added_by_hand(place: Path, only: str) -> None:
    assert "Kept" not in said(place, "run", "--agent", "agent", "--config", "short.toml", "--no-keep", state="other")
    assert told(place, "improver", state="other")["improvers"] == []
    assert told(place, "improver", "add", "runs/agent-1", state="other") == {"id": only, "new": True}
    assert told(place, "improver", "add", "runs/agent-1", state="other") == {"id": only, "new": False}


def test_an_improver_travels_in_one_file_and_is_a_claim_until_the_log_is_at_hand(place: Path, only: str) -> None:
    assert told(place, "improver", "export", only, "out.json")["id"] == only
    assert rsi(place, "improver", "export", only, "out.json").returncode == 2
    text = said(place, "improver", "import", "out.json", state="elsewhere")
    assert f"Imported as improver {only[:12]}" in text and "what its exporter claims" in text
    assert "claimed by an exporter" in said(place, "improver", state="elsewhere")
    assert rsi(place, "improver", "use", "best", state="elsewhere").returncode == 2
    checked = said(place, "improver", "import", "out.json", "--run", "runs/agent-1", state="elsewhere")
    assert "is here already" in checked and "claims" not in checked
    assert told(place, "improver", state="elsewhere")["improvers"][0]["checked"] is True
    assert (place / "out.json").read_bytes() == (place / f"elsewhere/improvers/{only}.json").read_bytes()


def test_a_chain_of_runs_is_a_claim_until_the_log_of_each_was_at_hand(place: Path, only: str, second: tuple[str, str]) -> None:
    where, _ = second
    newest = told(place, "improver", "add", where, state="two")["id"]
    for identity in (newest, only):
        said(place, "improver", "export", identity, f"{identity}.json", state="two")
    half = said(place, "improver", "import", f"{newest}.json", "--run", where, state="chain")
    assert "the runs before are what its exporter claims" in half and rsi(place, "improver", "use", "best", state="chain").returncode == 2
    said(place, "improver", "import", f"{only}.json", "--run", "runs/agent-1", state="chain")
    assert "claims" not in said(place, "improver", "import", f"{newest}.json", "--run", where, state="chain")
    assert told(place, "improver", "use", "best", state="chain")["in_use"] == newest


def test_a_file_that_the_log_contradicts_is_not_taken_in(place: Path, only: str, second: tuple[str, str]) -> None:
    said(place, "improver", "export", only, "claim.json")
    found = rsi(place, "improver", "import", "claim.json", "--run", second[0], state="strict")
    assert found.returncode == 1 and "do not say the same" in found.stderr and len(found.stderr.splitlines()) == 1
    assert told(place, "improver", state="strict")["improvers"] == []


def test_an_improver_solves_tasks_like_any_other_version(place: Path, only: str) -> None:
    tasks = [{"name": "sort", "type": {"input": "list-of-int", "output": "list-of-int"}, "examples": examples()}]
    (place / "tasks.json").write_text(json.dumps(tasks))
    solved = told(place, "solve", "tasks.json", "--agent", f"improver:{only[:8]}", "--programs", "1_000")
    assert solved["agent"] == f"improver:{only[:12]}" and solved["totals"] == {"solved": 1}


def examples() -> list[dict[str, list[int]]]:
    lists = [[(7 * place * (turn + 3)) % 11 for place in range(turn % 5 + 2)] for turn in range(16)]
    return [{"i": numbers, "o": sorted(numbers)} for numbers in lists]


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("run", "--agent", "improver:abcd0"), 2, "there is no improver 'abcd0'"),
        (("improver", "show", "zz"), 2, "there is no improver 'zz'"),
        (("improver", "add", "agent"), 2, "cannot read agent/log.jsonl"),
        (("improver", "import", "agent/main.py"), 1, "no file of an improver"),
        (("improver", "import", "nothing.json"), 2, "nothing.json cannot be read"),
        (("improver", "shows"), 2, "see `rsi improver --help`"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(place: Path, only: str, argv: tuple[str, ...], code: int, words: str) -> None:
    found = rsi(place, *argv)
    assert found.returncode == code and words in found.stderr and len(found.stderr.splitlines()) == 1


def test_a_choice_that_is_gone_is_named_with_the_way_back(place: Path, only: str) -> None:
    said(place, "improver", "add", "runs/agent-1", state="gone")
    said(place, "improver", "use", only[:4], state="gone")
    (place / f"gone/improvers/{only}.json").unlink()
    found = rsi(place, "run", "--config", "short.toml", "--out", "lost", state="gone")
    assert found.returncode == 2 and "`rsi improver use seed` goes back" in found.stderr and not (place / "lost").exists()
