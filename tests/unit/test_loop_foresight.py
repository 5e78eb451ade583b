"""What proposals predict of themselves, in a run: scored where tests close, and a say in what comes next only once that is earned."""

from collections import deque
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from rsi.analytics import progress_of
from rsi.core.codec import decode
from rsi.core.records import CandidateId, Effect, Prediction, Proposal, ProposalId, Rejected, Surface, Undecided, Verdict
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.judge import Belief, TrackRecord
from rsi.loop.cycle import live
from rsi.loop.machine import Machine, Opening
from rsi.loop.proposals import most_promising
from rsi.loop.replay import Journal, Replayed, recorded_results
from rsi.loop.state import Waiting
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts
from tests.unit.test_loop_run import play


def said(p_better: float) -> Prediction:
    return Prediction(p_better=p_better, low=-0.02, high=0.06)


def waiting(name: str, p_better: float) -> Waiting:
    who = CandidateId("c" * 64)
    proposal = Proposal(
        id=ProposalId(name),
        improver=who,
        parent=who,
        surface=Surface.CODE,
        limitation="w",
        reason="r",
        edits=(),
        prediction=said(p_better),
    )
    return Waiting(proposal=proposal, cycle=0, tag="")


QUEUE = deque([waiting("modest", 0.3), waiting("boastful", 0.9)])


def test_proposals_are_let_in_as_they_come_while_nobodys_word_counts() -> None:
    assert most_promising(QUEUE, TrackRecord()).proposal.id == "modest"


def test_once_a_word_has_proved_true_the_more_hopeful_proposal_is_let_in_first() -> None:
    record = TrackRecord()
    for number in range(90):
        is_better = number % 4 == 0
        better, mean = (0.97, 0.05) if is_better else (0.02, -0.01)
        belief = Belief(p_better=better, p_worse=1 - better, mean=mean, spread=0.01, if_better=0.05, if_worse=-0.01)
        record.close(said(0.9 if is_better else 0.2), belief)
    assert record.weight > 0
    assert most_promising(QUEUE, record).proposal.id == "boastful"


def test_predictions_are_scored_from_the_log_against_what_each_verdict_says_is_believed(tmp_path: Path) -> None:
    _, seen = play(tmp_path, toy_config(seed=3))
    record, predictions = TrackRecord(), {}
    for entry in seen:
        body: Any = entry.body
        if entry.kind == "proposal.made":
            proposal: Proposal = decode(Proposal, body["proposal"])
            predictions[proposal.id] = proposal.prediction
        if entry.kind == "verdict.given" and body["belief"] is not None:
            belief, verdict = decode(Belief, body["belief"]), decode(Verdict, body["verdict"])
            assert verdict.effect.mean == belief.mean
            record.hear(predictions[body["proposal"]], verdict, belief)
    assert record.closed > 0
    assert progress_of(seen).predictions == record.skill()


def test_a_run_orders_its_queue_by_the_very_record_that_its_log_tells(tmp_path: Path) -> None:
    config = toy_config(seed=3)
    _, seen = play(tmp_path, config)
    parts, journal = toy_parts(config, ToyJail), Journal(None, seen, lambda entry: None)
    (begun,) = seen.bodies("run.started")
    tier, kernel = str(begun["tier"]), str(begun["kernel"])
    opening = Opening(tier=tier, kernel=kernel, commitments=parts.commitments, secrets=parts.secrets)
    with closing(GitArchive(tmp_path / "objects.git", create=False)) as archive, closing(GitArchive(tmp_path / "copy.git")) as copy:
        floor = Replayed(recorded_results(seen, archive), journal)
        machine = Machine(config, toy_agent(), opening=opening, archive=copy, suite=parts.suite, journal=journal, floor=floor)
        live(machine)
        machine.desk.close()
    assert machine.state.foresight.closed > 0
    assert machine.state.foresight.skill() == progress_of(seen).predictions


def test_a_test_that_was_left_undecided_or_had_no_pair_scores_nobody() -> None:
    belief = Belief(p_better=0.5, p_worse=0.5, mean=0.0, spread=0.01, if_better=0.01, if_worse=-0.01)
    effect = Effect(mean=0.0, low=-1.0, high=1.0, pairs=8, wins=1, losses=1)
    rejected = Rejected(candidate=CandidateId("c"), effect=effect, e_value=1.0, threshold=20.0, reason="r")
    undecided = Undecided(candidate=CandidateId("c"), effect=effect, e_value=1.0, threshold=20.0, reason="r")
    record = TrackRecord()
    record.hear(said(0.9), undecided, belief)
    record.hear(said(0.9), replace(rejected, effect=replace(effect, pairs=0)), belief)
    assert record.closed == 0
    record.hear(said(0.9), rejected, belief)
    assert record.closed == 1
