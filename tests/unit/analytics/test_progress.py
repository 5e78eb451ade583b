"""What the entries of a log say about a run."""

from dataclasses import replace

import pytest

from rsi.analytics import BASELINE, Fate, Tracker, capability_of, progress_of
from rsi.core.errors import IntegrityError
from rsi.core.protocols import Entry
from rsi.core.records import Surface
from rsi.testing.events import RunBuilder, example_run


def test_a_run_that_has_just_begun_has_its_start_as_the_incumbent() -> None:
    run = RunBuilder()
    progress = progress_of(run.entries)
    assert (progress.run, progress.seed, progress.agent, progress.improves) == ("a1b2c3d4e5f6", 7, "seed", True)
    assert [version.candidate for version in progress.incumbents] == [run.start] == [progress.release]
    assert progress.incumbents[0].capability is None
    assert (progress.ended, progress.certificate, progress.trials) == (None, None, 0)


def test_capability_counts_no_trial_that_led_to_the_acceptance() -> None:
    run = RunBuilder()
    run.cycle()
    name = run.propose()
    candidate = run.test(name)
    first = run.trials(run.start, [0.0] * 8)
    run.trials(candidate, [1.0] * 8, first=first)
    run.accept(name, candidate)
    assert progress_of(run.entries).incumbents[1].capability is None
    run.trials(candidate, [1.0] * 8, first=first)
    assert progress_of(run.entries).incumbents[1].capability is None
    run.trials(candidate, [1.0, 0.0, None, 1.0])
    fresh = progress_of(run.entries).incumbents[1].capability
    assert fresh is not None and (fresh.mean, fresh.cases) == (0.5, 4)


def test_a_case_that_another_opened_after_the_acceptance_is_fresh() -> None:
    run = RunBuilder()
    run.cycle()
    first, second = run.propose(), run.propose()
    kept, rival = run.test(first), run.test(second)
    run.accept(first, kept)
    run.trials(kept, [1.0, 1.0], first=run.trials(rival, [0.0, 0.0]))
    capability = progress_of(run.entries).incumbents[1].capability
    assert capability is not None and (capability.mean, capability.cases) == (1.0, 2)


def test_a_case_counts_once_however_often_it_is_run() -> None:
    run = RunBuilder()
    first = run.trials(run.start, [1.0, 0.0])
    run.trials(run.start, [1.0, 0.0], first=first)
    capability = progress_of(run.entries).incumbents[0].capability
    assert capability is not None and capability.cases == 2


def test_sealed_cases_are_timed_and_trials_that_ran_out_of_time_are_counted() -> None:
    run = RunBuilder()
    run.trials(run.start, [1.0, None, None], cpu_s=9.0, outcome="timed_out")
    run.trials(run.start, [1.0] * 4, purpose="certificate", cpu_s=1.0)
    run.trials(run.start, [None] * 4, purpose="certificate", cpu_s=2.0, outcome="timed_out")
    costs = progress_of(run.entries).costs
    assert costs.sealed == {run.start: 0.375} and costs.timed_out == 6


def test_certificate_trials_are_no_part_of_the_curve() -> None:
    run = RunBuilder()
    run.trials(run.start, [1.0] * 5, purpose="certificate")
    progress = progress_of(run.entries)
    assert progress.incumbents[0].capability is None and progress.trials == 5


def test_capability_is_told_by_family_too() -> None:
    run = RunBuilder()
    run.trials(run.start, [1.0, 0.0, 0.0, 0.0] * 3)
    families = progress_of(run.entries).incumbents[0].families
    assert {name: (c.mean, c.cases) for name, c in families.items()} == {
        "level 1": (1.0, 3),
        "level 2": (0.0, 3),
        "level 3": (0.0, 3),
        "level 4": (0.0, 3),
    }


def test_the_interval_of_a_capability_lies_around_its_mean_within_the_scale() -> None:
    few, many = capability_of([1.0, 0.0] * 5), capability_of([1.0, 0.0] * 500)
    assert few is not None and many is not None
    assert 0 < few.low < many.low < 0.5 < many.high < few.high < 1
    assert capability_of([]) is None


def test_every_proposal_has_its_fate_and_reason() -> None:
    progress = progress_of(example_run().entries)
    assert [attempt.fate for attempt in progress.attempts.values()] == [
        Fate.ACCEPTED,
        Fate.ACCEPTED,
        Fate.ACCEPTED,
        Fate.REFUSED,
        Fate.REJECTED,
        Fate.UNDECIDED,
    ]
    assert [attempt.reason.strip() for attempt in progress.attempts.values() if attempt.reason] == [
        "the path leaves the tree",
        "no prospect",
        "the budget ended",
    ]
    assert [attempt.proposal.surface for attempt in progress.accepted] == [Surface.PARAMETERS, Surface.CODE, Surface.TRAINING]


def test_a_proposal_knows_the_limitation_that_it_answers_in_its_own_cycle() -> None:
    texts = [a.limitation.text.strip() for a in progress_of(example_run().entries).attempts.values() if a.limitation]
    assert texts[:2] == ["level 1 tasks run out of budget", "level 2 tasks run out of budget"]


def test_a_limitation_that_nobody_named_is_none() -> None:
    run = RunBuilder()
    run.cycle()
    run.propose(limitation="made up")
    assert [a.limitation for a in progress_of(run.entries).attempts.values()] == [None]


def test_a_proposal_that_is_tried_again_on_a_new_incumbent_keeps_its_last_fate() -> None:
    run = RunBuilder()
    run.cycle()
    name = run.propose()
    first = run.test(name)
    run.trials(first, [0.0] * 4)
    run.leave(name, first, reason="the incumbent moved on")
    run.add("candidate.added", run.entries[-4].body)
    run.add("test.opened", {"candidate": first, "incumbent": run.start, "proposal": name, "threshold": 20.0})
    (attempt,) = progress_of(run.entries).attempts.values()
    assert attempt.fate is Fate.TESTING


def test_programs_are_told_by_purpose_and_by_surface_and_add_up() -> None:
    costs = progress_of(example_run().entries).costs
    assert costs.purposes["practise"] == 3_000_000 and costs.purposes["certificate"] == 400_000
    assert costs.programs == sum(costs.purposes.values())
    assert sum(costs.surfaces.values()) == costs.purposes["judge"]
    assert costs.surfaces["search"] == 4_800 and costs.surfaces[BASELINE] > costs.surfaces["code"] == 9_600
    assert costs.budget == 40_000_000


def test_programs_of_a_block_are_those_that_were_charged() -> None:
    run = RunBuilder()
    run.trials(run.start, [1.0], programs=5)
    body = run.entries[-1].body
    assert isinstance(body, dict)
    charged = replace(run.entries[-1], body=body | {"programs": 99})
    assert progress_of([*run.entries[:-1], charged]).costs.programs == 99


def test_time_between_a_stop_and_a_resume_does_not_count() -> None:
    run = RunBuilder()
    run.job("practise", programs=1)
    run.resume(after_s=5000)
    run.job("practise", programs=1)
    progress = progress_of(run.entries)
    assert (progress.costs.wall_s, progress.resumed) == (2.0, 1)
    assert progress.costs.cpu_s == 1.5


def test_calls_without_an_answer_are_counted_by_reason() -> None:
    run = RunBuilder()
    for _ in range(3):
        run.job("propose", outcome="crashed", reason="ValueError")
    run.job("diagnose")
    assert [(f.call, f.outcome, f.reason, f.times) for f in progress_of(run.entries).failures] == [("propose", "crashed", "ValueError", 3)]


def test_the_certificate_names_the_release_and_the_families() -> None:
    run = example_run()
    progress = progress_of(run.entries)
    assert progress.certificate is not None and progress.certificate.gain == 0.18
    assert progress.release == run.incumbent == progress.incumbents[-1].candidate
    assert list(progress.shares) == ["level 1", "level 2", "level 3", "level 4"] and progress.shares["level 1"].start == 0.8
    assert progress.ended == "budget"


def test_following_entry_by_entry_gives_the_same_as_all_at_once() -> None:
    entries, tracker = example_run().entries, Tracker()
    for number, entry in enumerate(entries, 1):
        tracker.add(entry)
        assert tracker.progress == progress_of(entries[:number])


def test_an_event_of_an_unknown_kind_is_passed_over() -> None:
    run = RunBuilder()
    run.add("weather.changed", {"sun": True})
    assert progress_of(run.entries).entries == 2


def test_a_log_without_a_beginning_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"run\.started"):
        progress_of(RunBuilder().entries[1:])


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("job.done", None, "no field 'call'"),
        ("job.done", {"call": 7}, "field 'call'"),
        ("proposal.refused", {"proposal": "p9", "reason": "x"}, "'p9', which nobody made"),
        ("trials.done", {"candidate": "c", "purpose": "judge", "trials": [1]}, "field 'trials'"),
        ("certificate.issued", {"certificate": {}, "families": {}}, "field 'certificate'"),
    ],
)
def test_a_body_that_is_not_as_the_table_of_events_says_is_named(kind: str, body: object, told: str) -> None:
    run = RunBuilder()
    with pytest.raises(IntegrityError, match=rf"entry 1 \({kind}\)") as error:
        progress_of([*run.entries, Entry(seq=1, kind=kind, body=body, clock=None, hash="")])
    assert told in str(error.value)
