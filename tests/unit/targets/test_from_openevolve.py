"""OpenEvolve tasks as targets: nothing of them is changed, and they score what OpenEvolve would."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rsi.core.errors import UserError
from rsi.core.records import Outcome
from rsi.suites import secret_seeds
from rsi.targets import Scorer, TargetSuite, find_target
from rsi.targets.importers import from_openevolve, openevolve
from rsi.targets.probing import probe_cases
from tests.unit.targets.importing import TASKS, edited, trials

TASK = TASKS / "openevolve"
PROGRAM = "initial_program.py"
PLAIN = "# EVOLVE-BLOCK-START\nX = 0.25\n# EVOLVE-BLOCK-END\n"


def made(folder: Path, evaluator: str, program: str = PLAIN, config: str = "") -> Path:
    (folder / PROGRAM).write_text(program, encoding="utf-8")
    (folder / "evaluator.py").write_text(evaluator, encoding="utf-8")
    if config:
        (folder / "config.yaml").write_text(config, encoding="utf-8")
    return folder


def guest() -> ModuleType:
    path = Path(openevolve.__file__).parent / "guest" / "rsi_openevolve.py"
    spec = importlib.util.spec_from_file_location("rsi_openevolve", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rsi_openevolve"] = module
    spec.loader.exec_module(module)
    return module


def test_a_task_as_it_lies_there_becomes_a_target_with_its_blocks_limits_and_words() -> None:
    target = find_target(f"oe:{TASK}")
    assert target.manifest.blocks == (PROGRAM,)
    assert [name for name in target.files if not name.startswith("rsi")] == [PROGRAM]
    assert target.spec.case.timeout_s == 20.0
    assert target.spec.case.isolated
    assert target.brief.startswith("You improve a filter")
    assert "may be changed" in target.brief
    assert "write its own score" in " ".join(target.lost)
    assert set(target.hashes) == {name for name in target.files if name not in (PROGRAM, "rsi-agent.toml")}


def test_nobody_is_told_to_name_hidden_fields_of_a_task_that_can_have_none() -> None:
    target, seeds = find_target(f"oe:{TASK}"), secret_seeds(1)
    with Scorer(target.folder, target.spec) as scorer:
        remarks = list(probe_cases(target, TargetSuite(target, seeds, scorer), seeds))
    assert "cases.hidden" not in [remark.at for remark in remarks]


def test_a_better_program_scores_higher_on_the_same_seeds_and_each_seed_is_another_case() -> None:
    target = from_openevolve(str(TASK))
    before = trials(target)
    after = trials(target, edited(target, PROGRAM, "GAIN = 0.02", "GAIN = 0.3"))
    assert all(one.trial.score is not None and one.trial.score < 0.6 for one in before)
    assert [one.trial.value for one in trials(target)] == [one.trial.value for one in before]
    assert before[0].trial.value != before[1].trial.value
    assert all(new.trial.value > old.trial.value for new, old in zip(after, before, strict=True))
    assert "error_rms" in before[0].feedback


def test_a_program_that_raises_has_no_score_and_the_reason_is_told(tmp_path: Path) -> None:
    target = from_openevolve(str(TASK))
    (one,) = trials(target, edited(target, PROGRAM, "return estimates", "return estimates[0] / 0"), count=1)
    assert (one.trial.outcome, one.trial.score, one.trial.label) == (Outcome.ANSWERED, None, "failed")
    assert "ZeroDivisionError" in one.feedback


def test_trials_share_no_process(tmp_path: Path) -> None:
    source = (
        "import builtins\ndef evaluate(path):\n    builtins.seen = getattr(builtins, 'seen', 0) + 1\n"
        "    return {'combined_score': builtins.seen / 10}\n"
    )
    assert [one.trial.score for one in trials(from_openevolve(str(made(tmp_path, source))), count=3)] == [0.1] * 3


def test_an_evaluator_may_read_its_own_folder_where_the_program_is_as_it_was(tmp_path: Path) -> None:
    source = (
        "import os, table\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
        "def evaluate(path):\n"
        "    old = open(os.path.join(HERE, 'initial_program.py')).read()\n"
        "    data = open(os.path.join(HERE, 'data', 'x.txt')).read()\n"
        "    return {'combined_score': table.SCORE if old != open(path).read() and data == 'hello' else 0.0}\n"
    )
    made(tmp_path, source)
    (tmp_path / "table.py").write_text("SCORE = 0.75\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.txt").write_text("hello", encoding="utf-8")
    target = from_openevolve(str(tmp_path))
    assert trials(target, edited(target, PROGRAM, "0.25", "0.5"), count=1)[0].trial.score == 0.75
    assert trials(target, count=1)[0].trial.score == 0.0


def test_results_with_artifacts_are_understood_without_openevolve(tmp_path: Path) -> None:
    source = (
        "from openevolve.evaluation_result import EvaluationResult\n"
        "def evaluate(path):\n    return EvaluationResult(metrics={'a': 0.2, 'b': 0.4, 'flag': True}, artifacts={'stderr': b'look here'})\n"
    )
    target = from_openevolve(str(made(tmp_path, source)))
    assert target.manifest.preload == ()
    (one,) = trials(target, count=1)
    assert one.trial.score == pytest.approx(0.3)
    assert "stderr: look here" in one.feedback


def test_without_a_combined_score_feature_dimensions_do_not_count(tmp_path: Path) -> None:
    source = "def evaluate(path):\n    return {'speed': 0.9, 'size': 0.1, 'words': 'many'}\n"
    config = "database:\n  feature_dimensions: [size]\n"
    assert trials(from_openevolve(str(made(tmp_path, source, config=config))), count=1)[0].trial.score == 0.9


@pytest.mark.parametrize(
    ("config", "score"),
    [("", 0.5), ("evaluator:\n  cascade_evaluation: false\n", 0.7), ("evaluator:\n  cascade_thresholds: [0.1, 0.1]\n", 0.6)],
)
def test_a_cascade_ends_at_the_first_threshold_that_is_not_passed(tmp_path: Path, config: str, score: float) -> None:
    source = (
        "def evaluate(path): return {'combined_score': 0.7}\n"
        "def evaluate_stage1(path): return {'combined_score': 0.5}\n"
        "def evaluate_stage2(path): return {'combined_score': 0.5, 'more': 1}\n"
        "def evaluate_stage3(path): return {'combined_score': 0.6}\n"
    )
    assert trials(from_openevolve(str(made(tmp_path, source, config=config))), count=1)[0].trial.score == score


def test_an_evaluator_that_starts_processes_asks_for_a_jail_that_has_them(tmp_path: Path) -> None:
    source = "import subprocess\ndef evaluate(path): return {'combined_score': 1.0}\n"
    target = from_openevolve(str(made(tmp_path, source)))
    assert (target.spec.tier, target.spec.profile) == ("S3", "agent")


def test_a_range_beside_the_task_is_taken_and_nothing_else_may_be_said_there(tmp_path: Path) -> None:
    made(tmp_path, "def evaluate(path): return {'combined_score': 2.0}\n")
    (tmp_path / "rsi.toml").write_text("[score]\nhigh = 4.0\n[budget]\ntrials = 500\n", encoding="utf-8")
    target = from_openevolve(str(tmp_path))
    assert target.spec.budget.trials == 500
    assert trials(target, count=1)[0].trial.score == 0.5
    (tmp_path / "rsi.toml").write_text("[score]\nfunction = 'x.py:y'\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"unknown key 'function' in \[score\] of an imported task"):
        from_openevolve(str(tmp_path))
    (tmp_path / "rsi.toml").write_text("[surfaces]\ncode = ['*']\n", encoding="utf-8")
    with pytest.raises(UserError, match="'surfaces' is no key of an imported task"):
        from_openevolve(str(tmp_path))


def test_a_program_without_markers_may_be_changed_as_a_whole(tmp_path: Path) -> None:
    target = from_openevolve(str(made(tmp_path, "def evaluate(path): return {}\n", program="X = 1\n")))
    assert target.manifest.blocks == ()


def test_program_and_evaluator_can_be_named_where_they_have_other_names(tmp_path: Path) -> None:
    made(tmp_path, "")
    (tmp_path / "start.py").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "judge.py").write_text("def evaluate(path): return {'combined_score': 0.4}\n", encoding="utf-8")
    target = from_openevolve(f"{tmp_path / 'start.py'},{tmp_path / 'judge.py'}")
    assert trials(target, count=1)[0].trial.score == 0.4


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: (folder / "evaluator.py").unlink(), "has no evaluator.py"),
        (lambda folder: (folder / "evaluator.py").write_text("x = 1\n"), "has no function evaluate"),
        (lambda folder: (folder / PROGRAM).unlink(), "none is called initial_program.py"),
        (lambda folder: (folder / PROGRAM).write_text("# EVOLVE-BLOCK-START\n"), "markers are nested, or one lacks"),
        (
            lambda folder: (
                (folder / "other.py").write_text(PLAIN) and (folder / PROGRAM).write_text("X = 1\n") and (folder / "b.py").write_text(PLAIN)
            ),
            "could all be the program",
        ),
        (lambda folder: (folder / "config.yaml").write_text("a: [\n"), "not YAML"),
    ],
)
def test_what_is_no_task_is_refused_with_the_next_step(tmp_path: Path, spoil: object, why: str) -> None:
    made(tmp_path, "def evaluate(path): return {}\n")
    spoil(tmp_path)  # type: ignore[operator]
    with pytest.raises(UserError, match=why):
        from_openevolve(str(tmp_path))


def test_a_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="there is no folder"):
        find_target("oe:no/such/folder")


def test_a_candidate_that_reaches_into_its_evaluator_gets_the_score_that_it_wrote_as_the_target_says(tmp_path: Path) -> None:
    """What `lost` says is true: this is why it is said."""
    source = (
        "import importlib.util\ndef evaluate(path):\n    spec = importlib.util.spec_from_file_location('p', path)\n"
        "    spec.loader.exec_module(importlib.util.module_from_spec(spec))\n    return scored()\n"
        "def scored():\n    return {'combined_score': 0.1}\n"
    )
    target = from_openevolve(str(made(tmp_path, source)))
    cheat = "import sys; sys.modules['evaluation_module'].scored = lambda: {'combined_score': 1.0}"
    assert trials(target, count=1)[0].trial.score == 0.1
    assert trials(target, edited(target, PROGRAM, "X = 0.25", cheat), count=1)[0].trial.score == 1.0
    assert target.lost


METRICS = [
    {"combined_score": 0.4, "other": 9.0},
    {"combined_score": "0.25"},
    {"combined_score": None, "a": 1.0},
    {"a": 0.2, "b": 0.6, "flag": True, "text": "x"},
    {"complexity": 5.0},
    {"a": float("nan"), "b": 0.5},
    {},
    {"error": 0.0, "timeout": True},
]


@pytest.mark.slow
def test_the_score_is_what_openevolve_itself_would_make_of_the_metrics() -> None:
    real = pytest.importorskip("openevolve.utils.metrics_utils", reason="OpenEvolve is not installed here")
    ours = guest().fitness
    for metrics in METRICS:
        for features in ([], ["complexity", "a"]):
            assert ours(metrics, features) == real.get_fitness_score(metrics, features), json.dumps(metrics)


@pytest.mark.slow
def test_the_blocks_are_those_that_openevolve_itself_finds() -> None:
    real = pytest.importorskip("openevolve.utils.code_utils", reason="OpenEvolve is not installed here")
    text = (TASK / PROGRAM).read_text(encoding="utf-8")
    ours = openevolve.blocks_of(text)
    assert ours == [block for _, _, block in real.parse_evolve_blocks(text)]
