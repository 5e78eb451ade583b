"""Our judge as GEPA's acceptance rule: on its own, and in real GEPA runs where that is installed."""

import itertools
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from types import ModuleType

import pytest

from rsi.bridges.gepa import JudgedAcceptance
from rsi.core.records import Accepted, Rejected, Undecided
from rsi.kernel.judge import Futility
from tests.architecture.source import ROOT

SEED, GOOD, BAD = {"prompt": "think"}, {"prompt": "think twice"}, {"prompt": "guess"}
WORTH = {"think": 0.4, "think twice": 0.8, "guess": 0.2}
PATIENCE = Futility(max_pairs=400, min_pairs=32)


@dataclass
class Proposal:
    """As GEPA's `CandidateProposal`, as far as it is looked at."""

    candidate: dict[str, str]
    parent_program_ids: list[int] = field(default_factory=lambda: [0])
    subsample_scores_before: list[float] | None = field(default_factory=lambda: [0.0, 0.0, 1.0])
    subsample_scores_after: list[float] | None = field(default_factory=lambda: [1.0, 0.0, 1.0])


@dataclass
class State:
    """As GEPA's `GEPAState`, as far as it is looked at."""

    program_candidates: list[dict[str, str]] = field(default_factory=lambda: [SEED])
    total_num_evals: int = 0

    def get_program_average_val_subset(self, program_idx: int) -> tuple[float, int]:
        return WORTH[self.program_candidates[program_idx]["prompt"]], 20

    def increment_evals(self, count: int) -> None:
        self.total_num_evals += count


def criterion(seed: int = 1, *, horizon: int = 20, cases: int | None = None, futility: Futility = PATIENCE) -> JudgedAcceptance[int]:
    rng = random.Random(seed)

    def evaluate(batch: list[int], candidate: dict[str, str]) -> list[float]:
        return [float(rng.random() < WORTH[candidate["prompt"]]) for _ in batch]

    fresh = itertools.count() if cases is None else range(cases)
    return JudgedAcceptance(evaluate=evaluate, cases=fresh, horizon=horizon, futility=futility)


def test_what_is_better_is_kept_and_what_is_worse_is_not_and_every_pair_is_charged() -> None:
    rule, state = criterion(), State()
    assert rule.should_accept(Proposal(GOOD), state)
    assert not rule.should_accept(Proposal(BAD), state)
    kept, lost = rule.verdicts
    assert isinstance(kept, Accepted) and kept.effect.mean > 0.2 and kept.threshold == 200
    assert isinstance(lost, Rejected) and rule.reject_reason(Proposal(BAD), state) == lost.reason
    assert 2 * (kept.effect.pairs + lost.effect.pairs) <= state.total_num_evals < 2 * (kept.effect.pairs + lost.effect.pairs + 32)


def test_what_is_no_better_on_its_minibatch_costs_neither_a_case_nor_a_level() -> None:
    rule, state = criterion(horizon=1), State()
    dull = Proposal(GOOD, subsample_scores_after=[0.0, 0.0, 1.0])
    assert not rule.should_accept(dull, state)
    assert "minibatch" in rule.reject_reason(dull, state)
    assert (state.total_num_evals, rule.verdicts) == (0, ())
    assert rule.should_accept(Proposal(GOOD), state)
    assert not rule.should_accept(Proposal(GOOD), state) and "horizon" in rule.reject_reason(dull, state)


def test_a_merge_must_beat_the_better_of_its_parents() -> None:
    state = State(program_candidates=[SEED, GOOD])
    assert not criterion().should_accept(Proposal({"prompt": "think twice"}, parent_program_ids=[0, 1]), state)


def test_without_fresh_cases_nothing_more_is_kept() -> None:
    rule, state = criterion(cases=24), State()
    assert not rule.should_accept(Proposal(GOOD), state)
    (verdict,) = rule.verdicts
    assert isinstance(verdict, Undecided) and verdict.effect.pairs == 24
    assert "fresh" in rule.reject_reason(Proposal(GOOD), state)


@pytest.mark.statistical
def test_of_candidates_that_change_nothing_hardly_any_is_kept_though_each_looks_better_on_its_minibatch(
    repetitions: Callable[..., int],
) -> None:
    runs, kept, once = repetitions(200, least=100), 0, Futility(max_pairs=128, min_pairs=128)
    for seed in range(runs):
        rule = criterion(seed, horizon=5, futility=once)
        kept += sum(rule.should_accept(Proposal(SEED), State()) for _ in range(5))
    assert kept <= 0.02 * 5 * runs


@pytest.mark.parametrize("module", ["rsi.kernel.judge", "rsi.bridges.gepa"])
def test_judge_and_bridge_load_records_and_the_judge_and_nothing_else_of_rsi_or_of_others(module: str) -> None:
    program = f"import sys; before = set(sys.modules); import {module}; print(*sorted(set(sys.modules) - before - sys.stdlib_module_names))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name for name in ended.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    packages = {"rsi", "rsi.core", "rsi.kernel", "rsi.bridges"}
    assert "rsi.kernel.judge.paired" in loaded
    assert {name for name in loaded - packages if not name.startswith(("rsi.core.", "rsi.kernel.judge", "rsi.bridges.gepa"))} == set()


@pytest.fixture(scope="module")
def keeps() -> ModuleType:
    return pytest.importorskip("benchmarks.gepa_keeps", reason="gepa is not installed: pip install gepa", exc_type=ImportError)


def test_a_real_gepa_run_takes_our_judge_and_keeps_only_what_is_better(keeps: ModuleType) -> None:
    run = keeps.run("hill", "ours", 0, 4_000)
    assert run.kept == run.real >= 1
    assert run.gained > 0.05
    assert 4_000 <= run.calls <= 4_000 + 2 * keeps.PATIENCE.max_pairs + 50


def test_where_nothing_can_be_better_gepa_keeps_dozens_and_our_judge_nothing(keeps: ModuleType) -> None:
    theirs, ours = (keeps.run("null", rule, 0, 2_000) for rule in keeps.RULES)
    assert theirs.kept >= 30 and theirs.real == 0 and theirs.claimed > 0
    assert ours.kept == 0 and ours.claimed == 0


def test_the_example_of_the_page_runs_and_keeps_what_its_transcript_says(keeps: ModuleType) -> None:
    page = (ROOT / "docs/judge-in-gepa.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    told = [line for line in ended.stdout.splitlines() if line.startswith(("Accepted", "Rejected"))]
    assert any(line.startswith("Accepted") for line in told)
    assert version("gepa") != "0.1.4" or all(line in page for line in told)
