"""The verbs that look into a run's folder, over a run of which everything is known."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from rsi.cli.bench import BENCHMARKS
from rsi.cli.main import VERBS, app, main
from rsi.cli.run import default_folder, flat
from rsi.cli.versions import find_solver
from rsi.config import load_config
from rsi.core.errors import UserError
from rsi.core.records import Json
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.testing.events import RunBuilder, example_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with three kept changes, whose words try to control the terminal."""
    path = tmp_path_factory.mktemp("run")
    archive = GitArchive(path / "objects.git")
    run = example_run(archive=archive, text="\x1b[31m[red]\u202e")
    archive.close()
    write(path, run)
    return path


def write(path: Path, run: RunBuilder) -> None:
    log = FileEventLog(path / "log.jsonl", kernel="test")
    for entry in run.entries:
        log.append(entry.kind, entry.body, entry.clock)
    log.close()


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err == "" and "\x1b" not in out and "\u202e" not in out
    return out


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> Json:
    lines = said(capsys, *argv, "--json").splitlines()
    assert len(lines) == 1
    data: Json = json.loads(lines[0])
    return data


def test_show_says_where_a_run_stands_and_what_was_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", str(folder))
    for words in ("ended: budget", "+18.0 points (+11.0 … +25.0)", "version 3", "accepted", "rejected", "undecided", "refused"):
        assert words in text


def test_show_gives_the_same_as_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = told(capsys, "show", str(folder))
    assert isinstance(data, dict) and isinstance(data["changes"], list)
    assert (data["version"], data["ended"], data["cycles"], len(data["changes"])) == (3, "budget", 4, 6)


def test_diff_shows_what_a_version_changed_with_reason_prediction_and_effect(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "diff", str(folder), "v2")
    for words in ("code: search deeper", "predicted: 60 % likely better", "accepted: +", "-DEPTH = 4", "+DEPTH = 5"):
        assert words in text


def test_diff_shows_code_before_data_and_says_how_to_see_all_of_the_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(GitArchive(tmp_path / "objects.git")) as archive:
        run = RunBuilder(archive=archive)
        run.cycle()
        proposal = run.propose(path="a.json", after="1\n" * 40, also={"z.py": "NEW = 1\n"})
        run.accept(proposal, run.test(proposal))
    write(tmp_path, run)
    lines = said(capsys, "diff", str(tmp_path), "v1").splitlines()
    assert lines.index("+NEW = 1") < lines.index("+++ b/a.json") and lines.count("+1") == 13
    assert lines[-1] == "… 27 more lines of data (JSON files); --json gives all of them"
    whole = told(capsys, "diff", str(tmp_path), "v1")
    assert isinstance(whole, dict) and str(whole["diff"]).count("\n+1") == 40


def test_a_candidate_may_be_named_by_its_first_digits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = told(capsys, "lineage", str(folder))
    assert isinstance(steps, list) and isinstance(steps[2], dict)
    name = str(steps[2]["candidate"])
    assert told(capsys, "diff", str(folder), name[:12]) == told(capsys, "diff", str(folder), "v2")


def test_the_start_changed_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "it changed nothing" in said(capsys, "diff", str(folder), "start")


def test_lineage_leads_from_the_start_to_the_release(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "lineage", str(folder))
    assert [line[:2] for line in text.splitlines() if line.startswith("v")] == ["v0", "v1", "v2", "v3"]
    assert len(said(capsys, "lineage", str(folder), "v1").splitlines()) < len(text.splitlines())


def test_watch_tells_a_finished_run_and_ends(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "ended (budget)" in said(capsys, "watch", str(folder), "--plain").splitlines()[-1]
    entries = [json.loads(line) for line in said(capsys, "watch", str(folder), "--json").splitlines()]
    assert entries[0]["kind"] == "run.started" and entries[-1]["kind"] == "run.ended"


def test_report_writes_the_three_files_and_gives_the_summary(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = told(capsys, "report", str(folder))
    assert isinstance(data, dict) and data["claim"] == {"gain": 0.18, "low": 0.11, "high": 0.25}
    assert all((folder / name).is_file() for name in ("report.md", "report.html", "summary.json"))


def test_a_run_that_does_not_follow_from_itself_is_not_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(folder)]) == 1
    assert "NOT verified" in capsys.readouterr().out


def test_a_changed_log_is_no_evidence_for_any_verb(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = (folder / "log.jsonl").read_bytes()
    (tmp_path / "log.jsonl").write_bytes(content.replace(b"search deeper", b"search DEEPER", 1))
    for verb in (["show"], ["lineage"], ["watch", "--plain"], ["report"], ["verify"], ["diff"]):
        argv = [verb[0], str(tmp_path), *(["v1"] if verb[0] == "diff" else []), *verb[1:]]
        assert main(argv) == 1
        out, err = capsys.readouterr()
        assert "entry" in out + err and len(err.splitlines()) <= 1


@pytest.mark.parametrize("name", ["v9", "zzzz", "", "release2"])
def test_a_candidate_that_is_not_there_is_the_users_error(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(folder), name]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_any_version_of_a_run_can_solve(folder: Path) -> None:
    assert find_solver(str(folder)).files["solve.py"].startswith(b"DEPTH = 6")
    assert find_solver(f"{folder}:v1").files["solve.py"].startswith(b"DEPTH = 4")
    assert find_solver(f"{folder}:start").files["solve.py"] == b"DEPTH = 3\n"
    with pytest.raises(UserError, match="versions v0 to v3"):
        find_solver(f"{folder}:v4")
    with pytest.raises(UserError, match="not the folder of a run"):
        find_solver(f"{folder / 'nothing'}:v1")


def test_a_run_without_a_folder_gets_one_per_agent_seed_and_arm() -> None:
    assert default_folder(load_config(None)) == Path("runs/seed-1")
    assert default_folder(load_config(None, {"run.seed": 7, "run.frozen_improver": True, "agent": "x/mine/"})) == Path("runs/mine-7-frozen")


def test_settings_are_compared_key_by_key() -> None:
    assert flat({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}


@pytest.mark.parametrize("command", [*(verb for verb in VERBS if verb != "bench"), *(f"bench {name}" for name in BENCHMARKS)])
def test_every_verb_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    verb, *rest = command.split()
    assert main([verb, *rest, "--help"]) == 0
    out = capsys.readouterr().out
    assert ("--json" in out or verb == "mcp") and app[verb].help  # what `mcp` says on stdout is the protocol


def test_bench_alone_lists_the_benchmarks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench"]) == 0
    out = capsys.readouterr().out
    assert all(f" {name} " in out for name in BENCHMARKS)


def test_rsi_alone_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(f" {verb} " in out for verb in VERBS)
