"""`rsi run` on the gym, whole: an improver that finds out how to improve programs is kept and measured beside others."""

import json
from pathlib import Path
from typing import Any

import pytest

from rsi.cli.main import main
from rsi.loop.verify import verify

MANIFEST = """
name = "knobs"
entry = "main"
[surfaces]
search = ["mode.txt"]
"""
MAIN = '''
"""An improver of two minds: it hands in what it was given, or turns the constants of a program up and down and keeps what helps."""
import hashlib
import re
from pathlib import Path

MODE = Path(__file__).with_name("mode.txt")
CONSTANT = re.compile(r"^([A-Z_]+) = (-?[0-9.e+-]+)$", re.MULTILINE)


def improve(message, ask):
    question = message["cases"][0]
    source = question["source"]
    if MODE.read_text() == "turn":
        source = turned(source, ask)
    return {"answers": [{"answer": source, "programs": 0}]}


def turned(source, ask):
    best = mean(source, ask)
    for factor in (2.0, 0.5, 4.0, 0.25):
        for name, value in CONSTANT.findall(source):
            number = float(value) * factor
            text = repr(number) if "." in value or "e" in value else repr(max(1, round(number)))
            other = re.sub(rf"^{name} = .*$", f"{name} = {text}", source, flags=re.MULTILINE)
            found = mean(other, ask)
            if best is not None and found is not None and found > best:
                best, source = found, other
    return source


def mean(source, ask):
    reply = ask({"problem": 0, "source": source, "instances": [0, 1, 2, 3]})
    return None if "scores" not in reply else sum(score or 0.0 for score in reply["scores"]) / 4


def practise(message, ask):
    reply = ask({"problem": 0, "source": message["batch"]["problems"][0]["source"], "instances": [0]})
    return {"findings": reply["left"], "programs": 0, "solved": 0, "tasks": 1}


def diagnose(message):
    text = "it hands in what it was given"
    return {"limitations": [{"id": "idle", "kind": "search", "text": text, "evidence": None}], "memory": None}


def propose(message, ask):
    assert "scores" in ask({"problem": 1, "source": message["batch"]["problems"][1]["source"], "instances": [0]})
    before = MODE.read_text()
    edit = {"path": "mode.txt", "before": hashlib.sha256(before.encode()).hexdigest(), "after": "turn"}
    made = {
        "surface": "search",
        "limitation": "idle",
        "reason": "turn the constants of programs up and down",
        "edits": [edit],
        "prediction": {"p_better": 0.9, "low": 0.0, "high": 0.2},
    }
    return {"proposals": [made] if before != "turn" else [], "memory": None, "programs": 0}


def learn(message):
    return {"memory": None}
'''
CONFIG = """
[run]
programs = 30_000
cycles = 2
[calibrate]
cases = 4
[practice]
batches = 1
tasks = 2
programs = 20
[propose]
count = 2
programs = 40
[judge]
alpha = 0.5
horizon = 2
block = 5
max_pairs = 100
programs = 80
[certificate]
pairs = 20
programs = 80
[recursion]
cases = 6
evaluations = 80
versions = 2
"""

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    place = tmp_path_factory.mktemp("meta")
    agent = place / "knobs"
    agent.mkdir()
    for name, text in {"rsi-agent.toml": MANIFEST, "main.py": MAIN, "mode.txt": "idle"}.items():
        (agent / name).write_text(text)
    (place / "small.toml").write_text(CONFIG)
    words = [
        "run",
        "--meta",
        "--plain",
        "--no-keep",
        "--agent",
        str(agent),
        "--config",
        str(place / "small.toml"),
        "--out",
        str(place / "run"),
    ]
    assert main(words) == 0
    return place / "run"


def summary_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "summary.json").read_text())
    return found


def test_an_improver_that_gains_more_is_kept_and_compared_with_the_start_on_problems_of_other_families(finished: Path) -> None:
    summary = summary_of(finished)
    assert [change["surface"] for change in summary["accepted"]] == ["search"]
    assert summary["claim"]["low"] < 0.1 < summary["claim"]["gain"]


def test_its_versions_are_compared_with_methods_of_people_and_controls_on_sealed_problems(finished: Path) -> None:
    records = {record["name"]: record for record in summary_of(finished)["recursion"]["records"]}
    assert {"version 0", "version 1", "sham", "random", "hill", "evolution", "annealing", "tpe"} == set(records)
    assert records["version 0"]["gain"] == records["sham"]["gain"] == 0.0 < records["version 1"]["gain"]
    assert "Has improving become easier?" in (finished / "report.md").read_text()
    written = {path.name for path in (finished / "recursion").iterdir()}
    assert written == {"improver.json", "improver.txt", "ratios.svg", "curves.svg", "episodes.jsonl", "lock"}


def test_every_decision_follows_from_the_log_and_trials_come_out_the_same_again(finished: Path) -> None:
    found = verify(finished, rejudge=3)
    assert found.ok and found.finished and found.rejudged == 15, found.problems


def test_a_finished_run_is_not_measured_again(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (finished / "recursion" / "improver.json").read_bytes()
    small = finished.parent / "small.toml"
    agent = finished.parent / "knobs"
    assert main(["run", "--meta", "--plain", "--no-keep", "--agent", str(agent), "--config", str(small), "--out", str(finished)]) == 0
    assert (finished / "recursion" / "improver.json").read_bytes() == before
    assert "Recursion: on 6 sealed problems version 1 gains" in capsys.readouterr().out


def test_a_file_that_names_another_suite_and_meta_do_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.toml").write_text('suite = "list_functions"\n')
    assert main(["run", "--meta", "--config", str(tmp_path / "other.toml"), "--out", str(tmp_path / "run")]) == 2
    assert "leave one of them out" in capsys.readouterr().err
