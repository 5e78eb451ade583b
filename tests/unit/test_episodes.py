"""Episodes: what an improver may ask, what is counted, and what becomes of what it hands in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rsi.core.protocols import Jail, Limits
from rsi.core.records import CandidateId, Json, Manifest, Outcome, Pool, Trial
from rsi.kernel.evaluate import Asked, Meter, run_episodes
from rsi.kernel.sandbox import open_jail
from rsi.suites import secret_seeds
from rsi.suites.gym import Gym
from rsi.suites.gym.guest.evaluator import transcripts

BUDGET = 40
GYM = Gym(secret_seeds(7))
MANIFEST = Manifest(name="test", entry="main", surfaces={})


@pytest.fixture(scope="module")
def jails() -> Iterator[tuple[Jail, Jail]]:
    one, other = open_jail(()), open_jail(())
    yield one, other
    one.close()
    other.close()


def trials(jails: tuple[Jail, Jail], body: str, count: int = 2) -> list[Trial]:
    """Trials of an improver whose `improve(message, ask)` has this body."""
    source = "def improve(message, ask):\n    question = message['cases'][0]\n" + "".join(f"    {line}\n" for line in body.splitlines())
    found, _ = run_episodes(
        jails[0],
        spare=jails[1],
        suite=GYM,
        episodes=GYM,
        candidate=CandidateId("c"),
        files={"main.py": source.encode()},
        manifest=MANIFEST,
        cases=GYM.cases(Pool.JUDGE, 0, count),
        programs=BUDGET,
        seed=1,
        limits=Limits(wall_s=60.0, cpu_s=60.0),
    )
    return found


HAND_IN = "return {'answers': [{'answer': SOURCE, 'programs': 0}]}"


def test_the_kernel_counts_evaluations_whatever_the_improver_says(jails: tuple[Jail, Jail]) -> None:
    body = "for k in range(3):\n    ask({'problem': 0, 'source': question['source'], 'instances': [0, 1]})\n"
    found = trials(jails, body + HAND_IN.replace("SOURCE", "question['source']"))
    assert [(trial.outcome, trial.programs, trial.label) for trial in found] == [(Outcome.ANSWERED, 6, "unchanged")] * 2
    cases = GYM.cases(Pool.JUDGE, 0, 2)
    questions: list[Any] = [case.question for case in cases]
    jobs: list[Any] = [GYM.hidden_job(case, question["source"]) for case, question in zip(cases, questions, strict=True)]
    outputs = [json.loads(json.dumps(transcripts(job))) for job in jobs]
    assert [trial.score for trial in found] == [GYM.score(case, "any", given).value for case, given in zip(cases, outputs, strict=True)]


def test_nobody_gets_more_evaluations_than_were_granted(jails: tuple[Jail, Jail]) -> None:
    body = "while 'scores' in ask({'problem': 0, 'source': question['source'], 'instances': [0, 1, 2]}):\n    pass\n"
    found = trials(jails, body + HAND_IN.replace("SOURCE", "None"))
    assert [(trial.programs, trial.score, trial.label) for trial in found] == [(39, 0.0, "not found")] * 2


def test_scores_of_practice_are_those_of_the_program_and_null_where_it_fails(jails: tuple[Jail, Jail]) -> None:
    body = (
        "good = ask({'problem': 0, 'source': question['source'], 'instances': [0]})['scores']\n"
        "bad = ask({'problem': 0, 'source': 'import os', 'instances': [0, 1]})['scores']\n"
        "assert bad == [None, None] and 0 <= good[0] <= 1\n"
    )
    assert all(trial.outcome is Outcome.ANSWERED for trial in trials(jails, body + HAND_IN.replace("SOURCE", "question['source']")))


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("raise ValueError('no')", Outcome.CRASHED),
        ("return {'answers': []}", Outcome.MALFORMED),
        ("return {'answers': [{'answer': 7, 'programs': 0}]}", Outcome.MALFORMED),
        ("import os\nos._exit(0)", Outcome.CRASHED),
    ],
)
def test_an_improver_that_gives_no_answer_has_no_score_and_is_charged_in_full(
    jails: tuple[Jail, Jail], body: str, outcome: Outcome
) -> None:
    found = trials(jails, body)
    assert [(trial.outcome, trial.score, trial.programs) for trial in found] == [(outcome, None, BUDGET)] * 2


def test_a_final_program_that_is_none_is_at_the_floor_and_takes_no_other_with_it(jails: tuple[Jail, Jail]) -> None:
    source = "'import os' if question['problem'] == PROBLEM else question['source']"
    first = GYM.cases(Pool.JUDGE, 0, 1)[0]
    found = trials(jails, HAND_IN.replace("SOURCE", source).replace("PROBLEM", repr(first.family)), count=2)
    assert [trial.score == 0.0 for trial in found] == [True, False]


@pytest.mark.parametrize(
    "question",
    [
        None,
        [],
        {},
        {"problem": 0, "source": "x"},
        {"problem": 2, "source": "x", "instances": [0]},
        {"problem": True, "source": "x", "instances": [0]},
        {"problem": 0, "source": 3, "instances": [0]},
        {"problem": 0, "source": "x" * 200_001, "instances": [0]},
        {"problem": 0, "source": "x", "instances": []},
        {"problem": 0, "source": "x", "instances": [4]},
        {"problem": 0, "source": "x", "instances": [0.0]},
        {"problem": 0, "source": "x", "instances": [0, 1, 2, 3, 3, 3]},
        {"problem": 0, "source": "x", "instances": [0], "more": 1},
    ],
)
def test_a_question_that_makes_no_sense_or_is_too_dear_runs_nothing_and_costs_nothing(question: Json) -> None:
    meter = Meter(lambda asked: pytest.fail("nothing may be run"), [4, 3], 5)
    reply = meter(question)
    assert isinstance(reply, dict) and set(reply) == {"error", "left"} and reply["left"] == 5 and meter.used == 0


def test_questions_are_counted_until_nothing_is_left() -> None:
    seen: list[tuple[Asked, int]] = []
    meter = Meter(lambda asked: [0.5] * len(asked.instances), [4, 3], 5, lambda asked, scores, used: seen.append((asked, used)))
    question: Json = {"problem": 1, "source": "x", "instances": [0, 2]}
    assert [meter(question) for _ in range(2)] == [{"scores": [0.5, 0.5], "left": 3}, {"scores": [0.5, 0.5], "left": 1}]
    assert "error" in str(meter(question))
    assert [used for _, used in seen] == [2, 4] and seen[0][0].problem == 1
