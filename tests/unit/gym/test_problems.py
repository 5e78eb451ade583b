"""Each problem of the gym: a start with head-room, an expert, transcripts that are checked, nothing that hangs on chance or speed."""

import json
import random
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from rsi.core.records import Pool
from rsi.suites.gym.catalogue import PROBLEMS, problems_of
from rsi.suites.gym.guest.evaluator import ENTRIES, play_of, transcripts
from rsi.suites.gym.guest.grammar import METHODS
from rsi.suites.gym.guest.guards import guards
from rsi.suites.gym.problem import Problem, instance_of, score, vary

DOCUMENT = Path(__file__).parents[3] / "docs" / "gym.md"
SEEDS = range(3)
INSTANCES = 8

every = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS.keys())


@cache
def instances(name: str, seed: int) -> list[Any]:
    """Instances of one round each."""
    rng = random.Random(seed)
    return [json.loads(json.dumps([PROBLEMS[name].draw(rng)])) for _ in range(INSTANCES)]


def outputs(problem: Problem, source: str, seed: int) -> list[Any]:
    found = transcripts({"problem": problem.name, "source": source, "instances": instances(problem.name, seed)})
    return json.loads(json.dumps(found, allow_nan=False))


def reached(problem: Problem, source: str, seed: int) -> list[float | None]:
    return [score(problem, i, t) for i, t in zip(instances(problem.name, seed), outputs(problem, source, seed), strict=True)]


def mean_score(problem: Problem, sources: list[str]) -> float:
    return mean(found or 0.0 for seed, source in zip(SEEDS, sources, strict=True) for found in reached(problem, source, seed))


def test_there_are_three_groups_that_share_no_family() -> None:
    groups = {pool: {problem.name for problem in problems_of(pool)} for pool in Pool}
    assert [len(groups[pool]) for pool in (Pool.PRACTICE, Pool.JUDGE, Pool.SEALED)] == [6, 5, 5]
    assert len(groups[Pool.PRACTICE] | groups[Pool.JUDGE] | groups[Pool.SEALED]) == len(PROBLEMS) == 16
    assert groups[Pool.CALIBRATION] == groups[Pool.SAFETY] == groups[Pool.JUDGE]


def test_each_problem_has_its_play_and_entry() -> None:
    assert set(PROBLEMS) == set(ENTRIES)
    assert {name: problem.entry for name, problem in PROBLEMS.items()} == ENTRIES
    assert all(play_of(name).__module__ == f"rsi.suites.gym.guest.{name}" for name in PROBLEMS)


@every
def test_the_start_leaves_room_and_the_expert_takes_it(problem: Problem) -> None:
    start = mean_score(problem, [vary(problem, random.Random(seed)) for seed in SEEDS])
    expert = mean_score(problem, [problem.expert for _ in SEEDS])
    assert 0.05 < start < 0.85
    assert expert >= start + 0.15


@every
def test_every_start_runs_to_its_end(problem: Problem) -> None:
    for seed in SEEDS:
        assert None not in reached(problem, vary(problem, random.Random(seed)), seed)


@every
def test_the_same_program_does_the_same_on_the_same_instance(problem: Problem) -> None:
    assert outputs(problem, problem.start, 0) == outputs(problem, problem.start, 0)
    one = [
        transcripts({"problem": problem.name, "source": problem.start, "instances": [i]})[0] for i in reversed(instances(problem.name, 0))
    ]
    assert json.loads(json.dumps(one[::-1])) == outputs(problem, problem.start, 0)


@every
def test_a_program_leaves_its_instances_as_they_are(problem: Problem) -> None:
    before = json.dumps(instances(problem.name, 1))
    outputs(problem, problem.expert, 1)
    assert json.dumps(instances(problem.name, 1)) == before


@every
def test_what_was_run_before_decides_nothing(problem: Problem) -> None:
    expected = outputs(problem, problem.start, 1)
    outputs(problem, problem.expert, 1)
    assert outputs(problem, problem.start, 1) == expected


def test_what_a_program_is_shown_of_an_instance_it_may_spoil_for_itself_alone() -> None:
    problem = PROBLEMS["bit_predictor"]
    expected = outputs(problem, problem.start, 0)
    spoilt = "def guess(zeros, ones):\n    zeros[0] = 0.5\n    ones.append(7)\n    return 0.25 + 0.5 * zeros[0]"
    assert set(outputs(problem, spoilt, 0)[0][0]) == {500_000}
    assert outputs(problem, problem.start, 0) == expected


@every
def test_a_start_is_a_plain_program_of_small_functions(problem: Problem) -> None:
    lines = problem.start.splitlines()
    assert 5 <= len(lines) <= 40
    assert sum(line.startswith("def ") for line in lines) >= 2
    assert all(line.split(" = ")[0].isupper() for line in lines if line and not line.startswith((" ", "def ")))
    assert problem.knobs


@every
def test_starts_of_two_cases_differ(problem: Problem) -> None:
    assert len({vary(problem, random.Random(seed)) for seed in range(20)}) >= 19


USELESS = {
    "nothing": "def {entry}(*a):\n    pass",
    "null": "def {entry}({names}):\n    return None",
    "echo": "def {entry}({names}):\n    return {first}",
    "raises": "def {entry}({names}):\n    return 1 / 0",
    "endless": "def {entry}({names}):\n    while True:\n        pass",
    "not a number": "def {entry}({names}):\n    return inf - inf",
    "another entry": "def other():\n    return 1",
    "no text": "",
}


def useless(problem: Problem, how: str) -> str:
    line = next(line for line in problem.start.splitlines() if line.startswith(f"def {problem.entry}("))
    names = line.partition("(")[2].rstrip("):")
    return USELESS[how].format(entry=problem.entry, names=names, first=names.split(", ")[0])


@every
@pytest.mark.parametrize("how", sorted(set(USELESS) - {"echo"}))
def test_a_useless_program_has_no_valid_transcript(problem: Problem, how: str) -> None:
    assert reached(problem, useless(problem, how), 0) == [None] * INSTANCES


@every
def test_a_program_that_gives_back_what_it_was_given_is_not_better_than_the_expert(problem: Problem) -> None:
    found = [value or 0.0 for value in reached(problem, useless(problem, "echo"), 0)]
    assert mean(found) < mean(value or 0.0 for value in reached(problem, problem.expert, 0))


def tampered(transcript: Any) -> list[Any]:
    """Transcripts that no play gives, whatever the program."""
    wrong: list[Any] = [{}, "text", 1, True, [], [*transcript, *transcript], [None] * len(transcript), ["1"] * len(transcript)]
    wrong += [[10**12] * len(transcript), [-(10**12)] * len(transcript), [True] * len(transcript), [[]] * len(transcript)]
    return [item for item in wrong if item != transcript]


@every
def test_a_tampered_transcript_is_worth_nothing(problem: Problem) -> None:
    for instance, (transcript,) in zip(instances(problem.name, 0), outputs(problem, problem.start, 0), strict=True):
        assert {score(problem, instance, [wrong]) for wrong in tampered(transcript)} <= {None, 0.0}
        assert {score(problem, instance, wrong) for wrong in ({}, "text", 1, [], [transcript, transcript])} == {None}


@pytest.mark.parametrize("problem", [p for name, p in PROBLEMS.items() if name != "hash_mixing"], ids=lambda p: p.name)
def test_a_transcript_counts_for_its_own_instance(problem: Problem) -> None:
    """Of another instance it is refused, or worth less on the whole (hashes are good or bad whatever the keys: their play checks them)."""
    given = outputs(problem, problem.expert, 2)
    own = [score(problem, i, t) or 0.0 for i, t in zip(instances(problem.name, 2), given, strict=True)]
    others = [score(problem, i, t) or 0.0 for i, t in zip(instances(problem.name, 2), given[1:] + given[:1], strict=True)]
    assert mean(others) < mean(own)


@every
def test_an_instance_is_several_rounds_and_its_score_their_mean(problem: Problem) -> None:
    rounds = json.loads(json.dumps(instance_of(problem, random.Random(4))))
    (played,) = transcripts({"problem": problem.name, "source": problem.start, "instances": [rounds]})
    given = json.loads(json.dumps(played))
    each = [score(problem, [drawn], [transcript]) for drawn, transcript in zip(rounds, given, strict=True)]
    assert len(rounds) == problem.rounds > 1
    assert score(problem, rounds, given) == pytest.approx(mean(value for value in each if value is not None))
    assert None not in each
    assert score(problem, rounds, [*given[:-1], None]) is None
    assert score(problem, rounds, given[:-1]) is None


def test_a_program_takes_nothing_from_one_round_to_the_next() -> None:
    counts = "SEEN = []\ndef guess(zeros, ones):\n    SEEN.append(1)\n    return 1 / (1 + len(SEEN))"
    (drawn,) = instances("bit_predictor", 0)[0]
    ((first, second),) = transcripts({"problem": "bit_predictor", "source": counts, "instances": [[drawn, drawn]]})
    assert first == second and len(set(first)) > 1


@pytest.mark.parametrize("state", ["SEEN.append(word)", "SEEN.append(SEEN[-1] * 69069 + 1 & 4294967295)"])
def test_a_hash_that_depends_on_what_was_hashed_before_is_no_hash(state: str) -> None:
    source = f"SEEN = [1]\ndef mix(state, word):\n    {state}\n    return state * 31 + word + SEEN[-2]\n"
    assert outputs(PROBLEMS["hash_mixing"], source, 0) == [None] * INSTANCES


FORBIDDEN: dict[str, tuple[str, Any]] = {
    "all into one bin": ("bin_packing", lambda t: [0] * len(t)),
    "an eviction less": ("cache", lambda t: t[:-1]),
    "an eviction more": ("cache", lambda t: [*t, t[-1]]),
    "a city twice": ("tour", lambda t: [t[0], *t[:-1]]),
    "one job alone": ("job_shop", lambda t: [t[0]] * len(t)),
    "an item twice": ("knapsack", lambda t: [*t, t[0]]),
    "all items": ("knapsack", lambda t: list(range(22))),
    "a copy of nothing": ("compression", lambda t: [[18, 1], *t]),
    "a text cut short": ("compression", lambda t: t[:-1]),
    "a copy of something else": ("compression", lambda t: [[1, 0], [9, 1], *t]),
    "a composition that is not there": ("list_search", lambda t: [*t, 10_000]),
    "a composition twice": ("list_search", lambda t: [0, 0]),
    "a move less": ("dilemma", lambda t: [*t[:-1], t[-1][:-1]]),
    "an arm too many": ("bandit", lambda t: [6, *t[1:]]),
}


@pytest.mark.parametrize(("name", "change"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_a_move_that_is_not_allowed_is_refused(name: str, change: Any) -> None:
    problem = PROBLEMS[name]
    for instance, (transcript,) in zip(instances(name, 0), outputs(problem, problem.expert, 0), strict=True):
        assert score(problem, instance, [change(transcript)]) is None


def test_the_document_has_a_row_for_each_problem_with_its_scale() -> None:
    rows = [
        line.split(" | ") for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith(("| practice", "| judge", "| sealed"))
    ]
    told = {row[1].strip("`"): (row[0].strip("| "), row[3], float(row[4]), float(row[5])) for row in rows}
    assert told == {p.name: (p.group.value, p.source, p.floor, p.level) for p in PROBLEMS.values()}


def test_the_document_has_every_function_and_method_of_the_dialect() -> None:
    text = DOCUMENT.read_text("utf-8")
    functions = [name for name in guards(1) if not name.startswith("_")]
    assert [name for name in (*functions, *METHODS) if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    ("name", "field"),
    [("bin_packing", "items"), ("cache", "trace"), ("bit_predictor", "bits"), ("spam_filter", "messages"), ("tracking", "seen")]
    + [("controller", "noise"), ("learning_rule", "noise")],
    ids=lambda text: text,
)
def test_what_is_decided_online_does_not_depend_on_what_comes_later(name: str, field: str) -> None:
    problem = PROBLEMS[name]
    for (drawn,) in instances(name, 0):
        things = drawn[field]
        half = len(things) // 2
        changed = {**drawn, field: things[:half] + things[half:][::-1]}
        (both,) = transcripts({"problem": name, "source": problem.expert, "instances": [[drawn, changed]]})
        early = len(both[0]) * half // len(things) if name != "cache" else half // 4
        assert both[0][:early] == both[1][:early] and early > 3
        assert both[0] != both[1] or things == changed[field]
