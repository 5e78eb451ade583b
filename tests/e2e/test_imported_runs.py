"""Tasks of other tools, unchanged, from the command line to a certified verdict, with a small agent that needs no model."""

import json
from pathlib import Path

import pytest

from rsi.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
TUNER = EXAMPLES / "agents" / "tuner"


def improved(name: str, folder: Path, budget: str, capsys: pytest.CaptureFixture[str], seed: int = 1) -> dict[str, object]:
    words = ["run", name, "--agent", str(TUNER), "--budget", budget, "--seed", str(seed), "--out", str(folder), "--json"]
    assert main(words) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert main(["verify", str(folder)]) == 0
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    certificates = [entry["body"]["certificate"] for entry in entries if entry["kind"] == "certificate.issued"]
    assert len(certificates) == 1
    certificate: dict[str, object] = certificates[0]
    assert float(str(certificate["low"])) > 0
    return certificate


def test_a_gepa_evaluator_of_texts_is_improved_to_a_certified_gain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gepa", reason="gepa is not installed here")
    improved(f"gepa:{EXAMPLES}/imported/gepa/triage.py:evaluate", tmp_path / "run", "1500", capsys)


@pytest.mark.slow
def test_an_openevolve_task_is_improved_inside_its_blocks_to_a_certified_gain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    improved(f"oe:{EXAMPLES}/imported/openevolve", tmp_path / "run", "600", capsys)
    assert "can read what the evaluator knows" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_autoresearch_folder_is_improved_to_a_certified_lower_val_bpb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    improved(f"autoresearch:{EXAMPLES}/imported/autoresearch", tmp_path / "run", "1500", capsys)
    assert "computes and prints its own val" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_gepa_script_whose_candidate_is_executed_is_improved_in_a_jail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gepa", reason="gepa is not installed here")
    improved(f"gepa:{EXAMPLES}/imported/gepa/curve.py:main", tmp_path / "run", "1500", capsys)
