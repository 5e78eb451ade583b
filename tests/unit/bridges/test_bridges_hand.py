"""From a work tree to the inbox of a run: what is given out, what comes back, and every way in which it cannot."""

import json
import os
import threading
from pathlib import Path

import pytest

from rsi.bridges import inbox
from rsi.bridges.hand import by_surface
from rsi.bridges.tree import changes
from rsi.cli.main import main
from rsi.core.codec import sha256_hex
from rsi.core.errors import UserError
from rsi.core.protocols import Entry
from rsi.core.records import CandidateId, FileEdit, Prediction, Surface
from rsi.kernel.evaluate import load_manifest
from rsi.loop.inbox import read
from rsi.loop.run import run
from rsi.testing.toy import toy_agent, toy_config, toy_parts

BETTER = '{"skill": 0.5}\n'


def begin(folder: Path, entries: int | None) -> Path:
    """A toy run, stopped after so many entries; None: to its end."""
    stop, seen = threading.Event(), 0

    def observe(entry: Entry) -> None:
        nonlocal seen
        seen += 1
        if entries is not None and seen > entries:
            stop.set()

    config = toy_config(seed=3)
    run(folder, config, toy_agent(), workers=1, observer=observe, stop=stop, parts=toy_parts(config))
    return folder


@pytest.fixture
def going(tmp_path: Path) -> Path:
    return begin(tmp_path / "run", 60)


def given_out(going: Path) -> Path:
    work = going.parent / "work"
    assert main(["propose", str(going), "--out", str(work)]) == 0
    return work


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line with which a command line is refused."""
    capsys.readouterr()
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1
    return err


def test_a_work_tree_has_the_files_and_a_brief_with_target_surfaces_findings_history_and_how_to_submit(going: Path) -> None:
    work = given_out(going)
    tree = {path.relative_to(work / "tree").as_posix(): path.read_bytes() for path in (work / "tree").rglob("*") if path.is_file()}
    assert tree == toy_agent()
    brief = (work / "BRIEF.md").read_text("utf-8")
    for words in ("Make toy better", "parameters: `skill.json`", "What practice showed last", "p0000", "rsi submit", "programs"):
        assert words in brief
    config = json.loads((going / "log.jsonl").read_text().splitlines()[0])["body"]
    assert all(str(secret) not in brief for secret in (config["canary"], *config["pools"].values()))


def test_a_changed_tree_enters_the_inbox_as_the_loop_reads_it_and_once(going: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = given_out(going)
    (work / "tree" / "skill.json").write_text(BETTER)
    (work / "tree" / ".notes").write_text("mine")
    for _ in range(2):
        assert main(["submit", str(work), "--reason", "more skill", "--by", "ada"]) == 0
    assert "was handed in before" in capsys.readouterr().out
    (arrival,) = read(going)
    assert arrival.by == "hand:ada" and arrival.content["surface"] == "parameters" and arrival.content["prediction"] is None
    assert arrival.content["edits"] == [{"path": "skill.json", "before": sha256_hex(toy_agent()["skill.json"]), "after": BETTER}]


def test_what_cannot_be_handed_in_is_one_line_that_says_what_to_do(going: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = given_out(going)
    tree = work / "tree"
    assert "is as it was given out" in complaint(capsys, "submit", str(work))
    (tree / "main.py").write_text("pass\n")
    assert "main.py may not be edited here" in complaint(capsys, "submit", str(work))
    (tree / "main.py").write_bytes(toy_agent()["main.py"])
    (tree / "skill.json").write_text(BETTER)
    (tree / "bonus.py").write_text("BONUS = 1\n")
    assert "no one surface has all of this" in complaint(capsys, "submit", str(work))
    assert "no surface 'magic'" in complaint(capsys, "submit", str(work), "--surface", "magic")
    assert "nothing that was changed belongs" in complaint(capsys, "submit", str(work), "--surface", "training")
    assert "1 to 2000 characters" in complaint(capsys, "submit", str(work), "--surface", "code", "--reason", " ")
    assert "--by NAME" in complaint(capsys, "submit", str(work), "--by", "no name")
    (tree / "bonus.py").write_bytes(b"\xff\xfe")
    assert "bonus.py is not UTF-8 text" in complaint(capsys, "submit", str(work))
    os.unlink(tree / "bonus.py")
    os.symlink("/etc/passwd", tree / "bonus.py")
    assert "bonus.py is a link" in complaint(capsys, "submit", str(work))
    assert not list(read(going))


def test_a_part_of_a_change_can_be_handed_in_by_its_surface(going: Path) -> None:
    work = given_out(going)
    (work / "tree" / "skill.json").write_text(BETTER)
    (work / "tree" / "bonus.py").write_text("BONUS = 0.5\n")
    assert main(["submit", str(work), "--surface", "code", "--json"]) == 0
    (arrival,) = read(going)
    assert isinstance(arrival.content["edits"], list) and len(arrival.content["edits"]) == 1


def test_a_tree_that_is_gone_or_no_tree_of_a_run_is_one_line(going: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = given_out(going)
    assert "is not empty" in complaint(capsys, "propose", str(going), "--out", str(work))
    (work / "tree").rename(work / "elsewhere")
    assert "tree is gone" in complaint(capsys, "submit", str(work))
    (work / "work.json").write_text("{")
    assert "is no work tree" in complaint(capsys, "submit", str(work))
    assert "was deleted or never made" in complaint(capsys, "submit", str(work / "nothing"))
    (work / "work.json").write_text(json.dumps({"run": str(going.parent / "gone"), "base": "0"}))
    assert "is gone" in complaint(capsys, "submit", str(work))
    (work / "work.json").write_text(json.dumps({"run": str(going), "base": "0" * 64}))
    assert "knows no version" in complaint(capsys, "submit", str(work))


def test_nothing_is_given_out_of_or_taken_into_a_run_that_has_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = begin(tmp_path / "run", None)
    assert "has ended" in complaint(capsys, "propose", str(ended), "--out", str(tmp_path / "work"))


def test_what_the_inbox_reads_back_is_what_was_put_in_and_damaged_files_are_passed_over(tmp_path: Path) -> None:
    edits = (FileEdit(path="a.py", before=None, after="x\n"),)
    made = inbox.Submission(
        by="mcp:bot",
        base=CandidateId("b"),
        surface=Surface.CODE,
        reason="why",
        edits=edits,
        prediction=Prediction(p_better=0.5, low=0.0, high=0.25),
    )
    name, is_new = inbox.put(tmp_path, made)
    assert is_new and inbox.put(tmp_path, made) == (name, False)
    (found,) = read(tmp_path)
    assert (found.id, found.by) == (name, "mcp:bot")
    assert dict(found.content) == {
        **{"id": name, "by": "mcp:bot", "base": "b", "surface": "code", "limitation": None, "reason": "why"},
        **{"edits": [{"path": "a.py", "before": None, "after": "x\n"}], "prediction": {"p_better": 0.5, "low": 0.0, "high": 0.25}},
    }
    path = tmp_path / "inbox" / f"{name}.json"
    path.write_bytes(path.read_bytes().replace(b"why", b"who"))
    (path.parent / "half.json").write_bytes(b'{"id": ')
    assert not read(tmp_path)


def test_edits_are_grouped_into_few_changes_of_one_surface_each() -> None:
    files, manifest = toy_agent(), load_manifest(toy_agent())
    after = {**files, "skill.json": b"{}", "bonus.py": b"B = 1\n", "notes/a.txt": b"n\n", "evil.sh": b"rm\n"}
    groups = by_surface(changes(files, after), files, manifest)
    assert {surface.value: [edit.path for edit in edits] for surface, edits in groups.items()} == {
        "parameters": ["skill.json"],
        "code": ["bonus.py"],
        "training": ["notes/a.txt"],
    }


def test_a_name_in_the_log_is_a_plain_word() -> None:
    assert inbox.author("mcp", "claude-4.5") == "mcp:claude-4.5"
    for wrong in ("", "a b", "-x", "x" * 41, "ä"):
        with pytest.raises(UserError, match="--by NAME"):
            inbox.author("hand", wrong)
