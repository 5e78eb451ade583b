"""`rsi bench improver` as a person types it: real jails, real problems, tiny budgets."""

import json
import shlex
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from rsi.cli.main import main
from tests.architecture.source import ROOT

IDLE = """
def improve(message, ask):
    question = message["cases"][0]
    ask({"problem": 0, "source": question["source"], "instances": [0, 1]})
    return {"answers": [{"answer": question["source"], "programs": 2}]}
"""
TINY = ["--cases", "2", "--evaluations", "24", "--jail-require", "S1"]


@pytest.fixture
def idle(tmp_path: Path) -> Path:
    """An agent that hands in what it got."""
    folder = tmp_path / "idle"
    folder.mkdir()
    (folder / "main.py").write_text(IDLE)
    (folder / "rsi-agent.toml").write_text('name = "idle"\nentry = "main"\n\n[surfaces]\n')
    return folder


def test_the_benchmark_prints_power_first_then_the_table_and_writes_pictures(
    idle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = main(["bench", "improver", str(idle), "--against", str(idle), "--peers", "hill,sham", *TINY, "--out", str(out)])
    said = capsys.readouterr().out
    assert code == 0
    assert said.index("Power") < said.index("improver ") < said.index("Compounding: not shown")
    assert "changes that mean nothing" in said and f"{idle} #2 is {idle} once more, with luck of its own" in said
    assert {path.name for path in out.iterdir()} == {"improver.json", "improver.txt", "ratios.svg", "curves.svg", "episodes.jsonl", "lock"}
    for picture in ("ratios.svg", "curves.svg"):
        ElementTree.parse(out / picture)
    data = json.loads((out / "improver.json").read_text("utf-8"))
    arms = data["episodes"]
    assert list(arms) == sorted([str(idle), f"{idle} #2", "sham", "hill"])
    assert all(e["start"] == e["final"] and e["used"] == 2 and not e["note"] for e in arms[str(idle)])
    assert all(0 < e["used"] <= 24 and not e["note"] for e in arms["hill"])


def test_a_version_against_itself_has_luck_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--cases", "2", "--evaluations", "160", "--jail-require", "S1"]
    assert main(["bench", "improver", "seed", "--peers", "none", *sizes, "--json"]) == 0
    arms = json.loads(capsys.readouterr().out)["episodes"]
    assert list(arms) == ["seed", "seed #2"] and [e["start"] for e in arms["seed"]] == [e["start"] for e in arms["seed #2"]]
    assert [e["curve"] for e in arms["seed"]] != [e["curve"] for e in arms["seed #2"]]


def test_the_number_of_workers_changes_no_number(idle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for workers in ("1", "2"):
        assert (
            main(["bench", "improver", str(idle), "--against", str(idle), "--peers", "random", *TINY, "--workers", workers, "--json"]) == 0
        )
        said.append(json.loads(capsys.readouterr().out))
    assert said[0] == said[1]


def test_an_improver_that_fails_leaves_the_start_and_is_counted(idle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (idle / "main.py").write_text("def improve(message, ask):\n    return 1 / 0\n")
    assert main(["bench", "improver", str(idle), "--against", str(idle), "--peers", "none", *TINY, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [record["failed"] for record in data["results"]["records"]] == [2, 2]
    assert "ZeroDivisionError" in data["episodes"][str(idle)][0]["note"]


def test_optuna_takes_part_as_a_command_from_outside(idle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    command = "command:" + shlex.join([sys.executable, str(ROOT / "benchmarks/optuna_improver.py")])
    assert main(["bench", "improver", command, "--against", str(idle), *TINY, "--peers", "sham", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    theirs = data["episodes"][command.removeprefix("command:")]
    assert all(not e["note"] and e["used"] == 24 for e in theirs)
    assert "No sham" in data["notes"][0]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "name at least one version"),
        (["seed", "--peers", "hil"], "did you mean 'hill'"),
        (["seed", "--cases", "0"], "--cases 0: should be between 1 and"),
        (["seed", "--alpha", "2"], "--alpha 2.0"),
        (["command:/no/such/improver"], "there is no such command"),
        (["sed"], "there is no agent 'sed'"),
        (["peers"], "built in are: bridge, llm, seed"),
        (["seed", "--casse", "3"], "see `rsi bench improver --help`"),
    ],
)
def test_what_cannot_be_measured_is_the_users_error(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "improver", *words]) == 2
    assert complaint in capsys.readouterr().err


def test_a_benchmark_that_there_is_not_is_the_users_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "improvr"]) == 2
    assert "see `rsi bench --help`" in capsys.readouterr().err
