"""autoresearch folders as targets: `prepare.py` fixed, `train.py` edited, a lower val_bpb is better."""

import shutil
from pathlib import Path

import pytest

from rsi.core.errors import UserError
from rsi.core.records import Outcome
from rsi.targets import find_target
from rsi.targets.importers.autoresearch import baseline, from_autoresearch
from tests.unit.targets.importing import TASKS, edited, trials

TASK = TASKS / "autoresearch"


def copy(folder: Path) -> Path:
    return Path(shutil.copytree(TASK, folder / "task"))


def test_a_folder_as_it_lies_there_becomes_a_target_with_all_but_train_py_fixed_and_hashed() -> None:
    target = find_target(f"autoresearch:{TASK}")
    assert (target.kind, target.spec.score.metric, target.spec.score.direction) == ("training", "val_bpb", "min")
    assert set(target.hashes) == {"prepare.py", "program.md", "rsi_autoresearch.py"}
    assert target.spec.case.timeout_s == 2 * 2 + 60
    assert "prints its own val_bpb" in " ".join(target.lost)


def test_a_lower_val_bpb_scores_higher_and_a_seed_that_the_script_fixes_still_varies_from_case_to_case() -> None:
    target = from_autoresearch(str(TASK))
    before = [one.trial.value for one in trials(target)]
    after = [one.trial.value for one in trials(target, edited(target, "train.py", "MIX = 0.1", "MIX = 0.9"))]
    assert before[0] != before[1]
    assert all(new > old + 0.02 for new, old in zip(after, before, strict=True))
    bits = [target.spec.score.unscaled(value) for value in before]
    assert all(2.8 < value < 3.0 for value in bits)


def test_what_prepare_py_draws_from_a_fixed_seed_is_the_same_for_every_case(tmp_path: Path) -> None:
    target = from_autoresearch(str(TASK))
    shown = {"train.py": "from prepare import VAL\nprint('val_bpb:', len(VAL) / 1000 + VAL.count('a') / 1e6)\n"}
    assert len({one.trial.value for one in trials(target, shown, count=3)}) == 1


@pytest.mark.parametrize(
    ("script", "label", "told"),
    [
        ("print('val_bpb: nan')", "failed", "printed no line"),
        ("print('done')", "failed", "printed no line"),
        ("print('val_bpb: 1.0'); print('val_bpb: 2.0')", "scored", ""),
        ("val_bpb = 2.0", "scored", ""),
        ("import sys; print('  val_bpb = 2.0'); sys.exit(0)", "scored", ""),
    ],
)
def test_the_last_val_bpb_that_is_printed_counts_or_a_variable_of_that_name(script: str, label: str, told: str) -> None:
    (one,) = trials(from_autoresearch(str(TASK)), {"train.py": script}, count=1)
    assert one.trial.label == label
    assert told in one.feedback
    assert one.trial.score == (0.75 if label == "scored" else None)


@pytest.mark.parametrize("script", ["raise ValueError('no')", "import sys; sys.exit(3)", "print('val_bpb: 1.0'); raise SystemExit('bad')"])
def test_a_run_that_fails_has_no_score_whatever_it_printed(script: str) -> None:
    (one,) = trials(from_autoresearch(str(TASK)), {"train.py": script}, count=1)
    assert (one.trial.outcome, one.trial.score) == (Outcome.CRASHED, None)


def test_the_range_of_scores_lies_around_what_was_measured_before(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    (folder / "results.tsv").write_text(
        "commit\tval_bpb\tmemory_gb\tstatus\tdescription\nab\t1.000000\t44.0\tkeep\tbaseline\n", encoding="utf-8"
    )
    score = from_autoresearch(str(folder)).spec.score
    assert (score.low, score.high) == (0.85, 1.15)
    assert "results.tsv" not in from_autoresearch(str(folder)).files


def test_a_table_of_results_is_read_as_autoresearch_writes_it() -> None:
    head = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"
    assert baseline(head + "a\t0.000000\t0.0\tcrash\tx\nb\t0.997900\t44.0\tkeep\tbaseline\nc\t0.99\t44.0\tkeep\ty\n") == 0.9979
    assert baseline(head) is None
    assert baseline("") is None
    assert baseline("a\tb\n1\t2\n") is None


def test_a_folder_without_its_two_files_is_refused(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    (folder / "prepare.py").unlink()
    with pytest.raises(UserError, match=r"has no prepare\.py"):
        from_autoresearch(str(folder))
