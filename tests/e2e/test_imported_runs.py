"""Tasks of other tools, unchanged, to a certified verdict, with agents that need no model; and one that nothing can improve."""

import shutil
from pathlib import Path

import pytest

from rsi.reports import write_report
from tests.e2e.target_runs import bodies, certified, play, short

EXAMPLES = Path(__file__).parents[2] / "examples"
IMPORTED = EXAMPLES / "imported"
TUNER = str(EXAMPLES / "agents" / "tuner")
MEASURED = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\nfirst\t2.930000\t0.0\tkeep\tbaseline\n"
"""What an experiment before left: the range of scores lies around it."""
LUCK = """

def _error(module):
    with open(module.__file__, encoding="utf-8") as file:
        return random.Random(file.read() + str(random.random())).random()
"""


def test_an_openevolve_task_is_improved_inside_its_blocks_to_a_certified_gain(tmp_path: Path, jail_require: str) -> None:
    certified(f"oe:{IMPORTED}/openevolve", TUNER, tmp_path / "run", jail_require)
    write_report(tmp_path / "run")
    assert "can read what the evaluator knows" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")


def test_an_openevolve_task_whose_scores_are_luck_ends_with_no_improvement(tmp_path: Path, jail_require: str) -> None:
    shutil.copytree(IMPORTED / "openevolve", tmp_path / "luck")
    with open(tmp_path / "luck" / "evaluator.py", "a", encoding="utf-8") as file:
        file.write(LUCK)
    seen = play(tmp_path / "run", short(f"oe:{tmp_path}/luck", TUNER, jail_require, {}))
    assert bodies(seen, "verdict.given") and not bodies(seen, "incumbent.changed") and not bodies(seen, "certificate.issued")
    write_report(tmp_path / "run")
    assert "No improvement found" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")


def test_an_autoresearch_folder_is_improved_to_a_certified_lower_val_bpb(tmp_path: Path, jail_require: str) -> None:
    folder = shutil.copytree(IMPORTED / "autoresearch", tmp_path / "letters")
    (folder / "results.tsv").write_text(MEASURED, encoding="utf-8")
    certified(f"autoresearch:{folder}", TUNER, tmp_path / "run", jail_require)
    write_report(tmp_path / "run")
    report = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert r"val\_bpb, less is better" in report and "computes and prints its own val" in report


def test_a_gepa_evaluator_of_texts_is_improved_to_a_certified_gain(tmp_path: Path, jail_require: str) -> None:
    pytest.importorskip("gepa", reason="gepa is not installed here (extra `gepa`)")
    certified(f"gepa:{IMPORTED}/gepa/triage.py:evaluate", TUNER, tmp_path / "run", jail_require, certificate={"pairs": 60})


def test_a_gepa_script_whose_candidate_is_executed_is_improved_in_a_jail(tmp_path: Path, jail_require: str) -> None:
    pytest.importorskip("gepa", reason="gepa is not installed here (extra `gepa`)")
    certified(f"gepa:{IMPORTED}/gepa/curve.py:main", TUNER, tmp_path / "run", jail_require)


@pytest.mark.timeout(300)
def test_an_inspect_task_is_improved_to_a_certified_gain(tmp_path: Path, jail_require: str) -> None:
    pytest.importorskip("inspect_ai", reason="inspect-ai is not installed here (extra `inspect`)")
    name, few = f"inspect:{IMPORTED}/inspect/arithmetic.py:arithmetic", {"run": {"cycles": 1}, "certificate": {"pairs": 20}}
    seen = certified(name, "seed", tmp_path / "run", jail_require, **few)
    (made,) = [body["proposal"] for body in bodies(seen, "proposal.made")]
    assert [edit["path"] for edit in made["edits"]] == ["files/hints.txt"]
