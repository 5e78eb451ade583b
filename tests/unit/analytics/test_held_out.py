"""The ledger of held-out cases, what may be said of a change, and what a run could have seen."""

import math
import random
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from rsi.analytics import NOTHING, Outcome, ledger_of, outcome_of, progress_of, sight_of, tried_of
from rsi.core.codec import encode
from rsi.core.records import Effect
from rsi.kernel.judge import Belief, Prior, estimate_of, learn
from rsi.testing.events import RunBuilder, example_run
from rsi.testing.toy import toy_config
from tests.unit.test_loop_run import Seen, play


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder: Path = tmp_path_factory.mktemp("ledger")
    return play(folder, toy_config(seed=3, season=48))[1]


def test_every_block_on_hidden_cases_stands_in_the_ledger_and_nothing_left_the_kernel_with_it(seen: Seen) -> None:
    lines = ledger_of(seen)
    blocks = seen.bodies("trials.done")
    asked = [line for line in lines if line.first is not None]
    assert [(line.who, line.pool, line.first) for line in asked] == [(body["job"], body["pool"], body["first"]) for body in blocks]
    assert {line.left for line in asked} == {NOTHING} and sum(line.cases for line in asked) == sum(len(body["trials"]) for body in blocks)  # type: ignore[arg-type]


def test_the_season_of_each_block_is_named(seen: Seen) -> None:
    judged = [line for line in ledger_of(seen) if line.pool == "judge" and line.first is not None]
    assert {line.season for line in judged} == set(range(len(seen.bodies("season.opened")))) and len(judged) > 10
    assert all(line.first is not None and line.season == line.first // 48 for line in judged)


def test_each_verdict_lets_one_word_out_unless_its_change_goes_on(seen: Seen) -> None:
    told = [line for line in ledger_of(seen) if line.pool == "judge" and line.first is None]
    verdicts = seen.bodies("verdict.given")
    assert len(told) == len(verdicts)
    for line, body in zip(told, verdicts, strict=True):
        verdict = body["verdict"]
        goes_on = str(verdict.get("reason", "")).startswith("rebased")  # type: ignore[attr-defined]
        assert line.left == (NOTHING if goes_on else f"one word to the agent: {verdict['is'].lower()}")  # type: ignore[index]


def test_sealed_cases_are_opened_once_and_the_uses_of_each_pool_add_up(seen: Seen) -> None:
    uses, lines = progress_of(seen).uses, ledger_of(seen)
    assert list(uses) == ["calibration", "judge", "sealed"] and uses["sealed"].words == 1
    for pool, use in uses.items():
        mine = [line for line in lines if line.pool == pool]
        assert use.queries == sum(line.first is not None for line in mine) and use.words == sum(line.left != NOTHING for line in mine)
    first = min(line.seq for line in lines if line.pool == "sealed")
    assert first > max(line.seq for line in lines if line.pool == "judge"), "after the last decision"


def test_of_a_change_less_is_believed_than_was_estimated() -> None:
    estimate = estimate_of(Effect(mean=0.1, low=0.03, high=0.17, pairs=96, wins=14, losses=4))
    assert estimate is not None
    belief = Prior().believe(estimate)
    assert 0 < belief.mean < 0.1 and belief.p_better > belief.p_worse
    assert estimate_of(Effect(mean=0.0, low=-1.0, high=1.0, pairs=0, wins=0, losses=0)) is None


def test_what_the_judge_believes_of_a_change_is_told_as_it_is() -> None:
    run = RunBuilder()
    run.cycle()
    name = run.propose()
    run.accept(name, run.test(name))
    verdict = run.entries[-2]
    own = Belief(p_better=0.9, p_worse=0.0, mean=0.02, spread=0.01, if_better=0.02, if_worse=-0.02)
    assert isinstance(verdict.body, dict) and verdict.kind == "verdict.given"
    run.entries[-2] = replace(verdict, body={**verdict.body, "belief": encode(own)})
    assert progress_of(run.entries).accepted[0].belief == own


@pytest.mark.statistical
def test_what_is_believed_of_the_best_of_many_changes_is_true_on_average_where_the_estimate_flatters() -> None:
    rng, truths, estimates, beliefs = random.Random(1), list[float](), list[float](), list[float]()
    for _ in range(60):
        real = [rng.choice((0.0, 0.0, 0.0, 0.0, -0.04, 0.04)) for _ in range(30)]
        effects = [_measured(rng, effect) for effect in real]
        best = max(range(30), key=lambda number: effects[number].mean)
        measured = [estimate for effect in effects if (estimate := estimate_of(effect))]
        belief = learn(Prior(), measured).believe(measured[best])
        truths.append(real[best])
        estimates.append(effects[best].mean)
        beliefs.append(belief.mean)
    assert fmean(estimates) > fmean(truths) + 0.015
    assert math.isclose(fmean(beliefs), fmean(truths), abs_tol=0.012)


def _measured(rng: random.Random, effect: float, pairs: int = 300, differing: float = 0.2) -> Effect:
    luck = [rng.random() for _ in range(pairs)]
    wins = sum(one < (differing + effect) / 2 for one in luck)
    losses = sum((differing + effect) / 2 <= one < differing for one in luck)
    return Effect(mean=(wins - losses) / pairs, low=-1.0, high=1.0, pairs=pairs, wins=wins, losses=losses)


def test_a_run_is_an_improvement_only_by_its_certificate() -> None:
    run = example_run()
    assert outcome_of(progress_of(run.entries)) is Outcome.IMPROVED
    for low, high, outcome in ((-0.01, 0.1, Outcome.NOTHING), (-0.2, -0.01, Outcome.WORSE)):
        run.certify(gain=0.0, low=low, high=high)
        assert outcome_of(progress_of(run.entries)) is outcome
    assert outcome_of(progress_of(RunBuilder().entries)) is Outcome.RUNNING


def test_a_run_that_ended_without_a_certificate_found_nothing_or_certifies_nothing() -> None:
    empty = RunBuilder()
    empty.end()
    assert outcome_of(progress_of(empty.entries)) is Outcome.NOTHING
    kept = progress_of(example_run().entries)
    assert outcome_of(replace(kept, certificate=None)) is Outcome.UNCERTAIN


def test_what_could_have_been_seen_follows_from_the_pairs_and_the_differences_of_the_tests() -> None:
    sight = sight_of(progress_of(example_run().entries))
    assert sight is not None and sight.pairs == 96 and sight.effect is not None and 0.05 < sight.effect < sight.differing
    assert sight_of(progress_of(RunBuilder().entries)) is None


def test_what_was_tried_is_counted_by_surface_and_fate() -> None:
    tried = tried_of(progress_of(example_run().entries))
    assert tried["search"] == {"rejected": 1} and sum(sum(fates.values()) for fates in tried.values()) == 6
