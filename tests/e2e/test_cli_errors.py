"""Bad input: each gets exit code 2 and exactly one line that says what is wrong, and nothing is lost."""

import json
from pathlib import Path

import pytest

from rsi.cli.main import main
from rsi.kernel.audit.lock import RunLock
from rsi.testing.toy import toy_agent


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    """The folder of a small agent."""
    folder = tmp_path / "agent"
    folder.mkdir()
    for name, content in toy_agent().items():
        (folder / name).write_bytes(content)
    return folder


def complaint(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """The one line of complaint about a command line."""
    assert main([str(word) for word in argv]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("rsi: ") and err.endswith("\n") and len(err.splitlines()) == 1
    assert out == "" and "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["rnu"], "unknown verb 'rnu'; did you mean 'run'?"),
        (["zzz"], "unknown verb 'zzz'; known are bench, check, compare, diff, doctor"),
        (["run", "--wrokers", "3"], "Did you mean --workers?"),
        (["run", "extra"], "there is no folder extra; `rsi init extra --template program` makes a target there"),
        (["run", "--seed", "many"], "--seed"),
        (["run", "--seed", "-1"], "run.seed = -1"),
        (["run", "--workers", "0"], "--workers 0"),
        (["run", "--programs", "lots"], "'lots' is no number of programs"),
        (["run", "--agent", "nobody"], "there is no agent 'nobody'"),
        (["run", "--config", "missing.toml"], "missing.toml: there is no such configuration file"),
        (["show"], "RUN"),
        (["show", "missing"], "missing is not the folder of a run"),
        (["verify", "missing"], "missing is not the folder of a run"),
        (["report", "missing"], "missing is not the folder of a run"),
        (["watch", "missing"], "missing is not the folder of a run"),
        (["lineage", "missing"], "missing is not the folder of a run"),
        (["diff", "missing", "v1"], "missing is not the folder of a run"),
        (["solve", "missing.json", "--agent", "seed"], "missing.json"),
        (["solve", "missing.json"], "--agent"),
        (["solve", "missing.json", "--agent", "seed", "--programs", "0"], "'0' is no number of programs"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in complaint(capsys, *argv)


def test_bad_toml_names_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.toml").write_text("[run]\nseed = = 1\n")
    assert "bad.toml:2: not TOML" in complaint(capsys, "run", "--config", tmp_path / "bad.toml")


def test_a_misspelt_key_suggests_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.toml").write_text("[jugde]\nalpha = 0.1\n")
    assert "unknown key 'jugde'; did you mean 'judge'?" in complaint(capsys, "run", "--config", tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ("not json", "is no task file"),
        ("[]", "a list of tasks was expected"),
        (json.dumps([{"name": "t", "type": {"input": "int", "output": "int"}}]), "field 'examples' is missing"),
        (json.dumps([{"name": "t", "type": {"input": "text", "output": "int"}, "examples": []}]), "'text' is not supported"),
        (
            json.dumps([{"name": "t", "type": {"input": "int", "output": "int"}, "examples": [{"i": 1, "o": 1}, {"i": 2, "o": "x"}]}]),
            "example 2: o: 'x' is no int",
        ),
    ],
)
def test_a_malformed_task_is_named(tasks: str, words: str, agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tasks.json").write_text(tasks)
    assert words in complaint(capsys, "solve", tmp_path / "tasks.json", "--agent", agent)


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(
    agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert "choose another folder" in complaint(capsys, "run", "--agent", agent, "--out", tmp_path / "file" / "run")


def test_two_runs_on_one_folder_are_refused(agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunLock(tmp_path / "run"):
        assert "another rsi run is working in" in complaint(capsys, "run", "--agent", agent, "--out", tmp_path / "run")


def test_an_agent_without_a_manifest_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert "has no rsi-agent.toml" in complaint(capsys, "run", "--agent", tmp_path / "empty", "--out", tmp_path / "run")


def test_a_folder_that_is_no_agent_is_refused_before_what_is_in_it_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "link").symlink_to("/")
    assert "has no rsi-agent.toml" in complaint(capsys, "run", "--agent", tmp_path)


def test_a_budget_in_which_no_cycle_can_begin_is_refused_and_the_least_is_named(
    agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = complaint(capsys, "run", "--agent", agent, "--programs", "3M", "--out", tmp_path / "run")
    assert f"{7_482_994:_} programs are the least" in said
    assert not (tmp_path / "run").exists()
