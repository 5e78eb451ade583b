"""`rsi bench recursion` as a person types it: real jails, real problems, tiny agents that improve version 0 in ways that are known."""

import json
from pathlib import Path
from typing import Any

import pytest

from rsi.cli.main import main
from rsi.kernel.audit.lock import RunLock

AGENT = """
import hashlib

import settings


def improve(message, ask):
    question = message["cases"][0]
    return {"answers": [{"answer": question["source"] if settings.KEEPS else "no program", "programs": 0}]}


def practise(message, ask):
    reply = ask({"problem": 0, "source": message["batch"]["problems"][0]["source"], "instances": [0, 1]})
    return {"findings": {"scores": reply["scores"]}, "programs": 2, "solved": 0, "tasks": 1}


def diagnose(message):
    assert all(len(one["scores"]) == 2 for one in message["findings"])
    return {"limitations": [], "memory": {"seen": len(message["findings"])}}


def propose(message, ask):
    assert message["memory"]["seen"] == 4
    ask({"problem": 0, "source": message["batch"]["problems"][0]["source"], "instances": [0, 1, 2]})
    before = message["target"]["files"]["settings.py"]
    return {"proposals": [PROPOSAL], "memory": None, "programs": 3}


def edit(before, after, path="settings.py"):
    whole = {"path": path, "before": hashlib.sha256(before.encode()).hexdigest(), "after": after}
    return {"surface": "code", "limitation": "none", "reason": "To be seen.", "edits": [whole], "prediction": None}
"""
MANIFEST = 'name = "tiny"\nentry = "main"\n\n[surfaces]\ncode = ["settings.py"]\n'
TINY = ["--passes", "2", "--cases", "2", "--evaluations", "40", "--jail-require", "S1"]
MENDED = 'edit(before, before.replace("False", "True"))'


@pytest.fixture
def tiny(tmp_path: Path) -> "Any":
    """Makes an agent that answers with broken programs as long as it is version 0, and proposes what it is told."""

    def make(name: str, proposal: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "main.py").write_text(AGENT.replace("PROPOSAL", proposal))
        (folder / "settings.py").write_text("KEEPS = False\n")
        (folder / "rsi-agent.toml").write_text(MANIFEST)
        return str(folder)

    return make


def run(*words: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["bench", "recursion", *words, *TINY, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_an_improver_proposes_for_version_0_is_made_and_measured(tiny: Any, capsys: pytest.CaptureFixture[str]) -> None:
    zero, later = tiny("zero", MENDED), tiny("later", MENDED)
    idle, twice = tiny("idle", ""), tiny("twice", f"{MENDED}, {MENDED}")
    data = run(later, idle, twice, "--against", zero, capsys=capsys)
    episodes = data["episodes"]
    assert all(one["start"] == 0 and one["final"] > 0.1 and not one["note"] for one in episodes[zero])
    assert [(one["final"], one["used"]) for one in episodes[later]] == [(one["final"], 11) for one in episodes[zero]]
    assert all(one["final"] == one["start"] and not one["note"] for one in episodes[idle])
    assert [one["final"] for one in episodes[twice]] == [one["final"] for one in episodes[zero]], "the second edit is no longer one"
    assert episodes[zero][0]["final"] != episodes[zero][1]["final"], "each pass is measured on problems of its own"
    ratios = {record["name"]: record["against"] and record["against"]["ratio"] for record in data["results"]["records"]}
    assert ratios == {zero: None, later: 1.0, idle: 0.0, twice: 1.0, "sham": 1.0}


def test_a_pass_that_fails_or_proposes_what_may_not_be_gains_nothing(tiny: Any, capsys: pytest.CaptureFixture[str]) -> None:
    proposals = {
        "raises": "1 / 0",
        "broken": 'edit(before, "KEEPS = (")',
        "forbidden": 'edit(message["target"]["files"]["main.py"], "", "main.py")',
        "stale": 'edit("another", "KEEPS = True")',
        "number": "3",
    }
    zero, bad = tiny("zero", MENDED), {tiny(name, proposal): name for name, proposal in proposals.items()}
    episodes = run(*bad, "--against", zero, capsys=capsys)["episodes"]
    for folder, name in bad.items():
        assert [one["final"] - one["start"] for one in episodes[folder]] == [0, 0], name
        assert [one["note"][:16] for one in episodes[folder]] == (["propose: crashed"] * 2 if name == "raises" else ["", ""]), name


def test_power_comes_first_and_the_files_are_written(tiny: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zero = tiny("zero", MENDED)
    assert main(["bench", "recursion", zero, "--against", zero, *TINY, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert said.index("Power") < said.index("luck alone") < said.index("improver ") < said.index("Compounding: not shown")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"improver.json", "improver.txt", "ratios.svg", "episodes.jsonl", "lock"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "name at least one version"),
        (["seed", "--passes", "0"], "--passes 0: should be between 1 and"),
        (["sed"], "no agent 'sed'"),
        (["command:true"], "improves programs and proposes nothing"),
    ],
)
def test_what_cannot_be_measured_is_the_users_error(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "recursion", *words]) == 2
    assert complaint in capsys.readouterr().err


def test_what_is_over_is_not_played_again(tiny: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zero, out = tiny("zero", MENDED), tmp_path / "out"
    first = run(zero, "--against", zero, "--out", str(out), capsys=capsys)
    kept = (out / "episodes.jsonl").read_bytes()
    assert kept.count(b"\n") == 6
    (out / "episodes.jsonl").write_bytes(b"".join(kept.splitlines(keepends=True)[:2]))
    assert run(zero, "--against", zero, "--out", str(out), capsys=capsys) == first
    assert sorted((out / "episodes.jsonl").read_bytes().splitlines()) == sorted(kept.splitlines())
    with RunLock(out):
        assert main(["bench", "recursion", zero, "--against", zero, *TINY, "--out", str(out)]) == 2
    assert "another rsi run is working in" in capsys.readouterr().err
