"""Episodes: what an improver may ask, what is counted, and what becomes of what it hands in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rsi.core.protocols import Jail, Limits
from rsi.core.records import CandidateId, Json, Manifest, Outcome, Pool, Trial
from rsi.kernel.evaluate import Asked, Evaluator, Meter, evaluator_of, practised, run_episodes
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


def test_several_programs_are_run_in_one_question_and_each_costs(jails: tuple[Jail, Jail]) -> None:
    body = (
        "reply = ask({'problem': 0, 'sources': [question['source'], 'import os', question['source']], 'instances': [0, 3]})\n"
        "first, broken, again = reply['scores']\n"
        "assert first == again and broken == [None, None] and None not in first and reply['left'] == 34\n"
        "assert ask({'problem': 0, 'source': question['source'], 'instances': [3]})['scores'] == first[1:]\n"
    )
    found = trials(jails, body + HAND_IN.replace("SOURCE", "question['source']"))
    assert [(trial.outcome, trial.programs) for trial in found] == [(Outcome.ANSWERED, 7)] * 2


def test_a_program_that_ends_the_evaluator_costs_the_others_of_its_question_nothing() -> None:
    rehearsal = GYM.rehearsal(GYM.cases(Pool.JUDGE, 0, 1)[0])
    good = str(rehearsal.question["source"])

    class Fragile(Evaluator):
        def __init__(self) -> None:
            self.jobs: list[int] = []

        def run(self, job: Json) -> Json | None:
            assert isinstance(job, dict) and isinstance(job["sources"], list) and job["instances"] == [1]
            self.jobs.append(len(job["sources"]))
            if "end it" in job["sources"]:
                return None
            one = {"problem": rehearsal.problem.name, "instances": [rehearsal.instances[1]]}
            played = [transcripts({**one, "source": source}) for source in job["sources"]]
            found: Json = json.loads(json.dumps(played))
            return found

    evaluator = Fragile()
    ((alone,),) = practised(evaluator, 0, rehearsal, [good], [1])
    assert alone is not None
    assert practised(evaluator, 0, rehearsal, [good, "end it", good], [1]) == [[alone], [None], [alone]]
    assert evaluator.jobs == [1, 3, 1, 1, 1]


def test_an_evaluator_is_told_only_the_instances_that_there_are(jails: tuple[Jail, Jail]) -> None:
    rehearsals = [GYM.rehearsal(case) for case in GYM.cases(Pool.JUDGE, 0, 2)]
    with evaluator_of(GYM, jails[1], rehearsals, budget=5, wall_s=60.0) as evaluator:
        supply = evaluator._supply
        assert supply is not None
        assert supply({"ground": 1, "instances": [2, 0]}) == [rehearsals[1].told(2), rehearsals[1].told(0)]
        odd: list[Json] = [None, {"ground": 2, "instances": [0]}, {"ground": 0, "instances": [99, -1, "0"]}, {"ground": 0}]
        assert [supply(need) for need in odd] == [[]] * 4


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
        {"problem": 0, "source": "x", "sources": ["x"], "instances": [0]},
        {"problem": 0, "sources": "x", "instances": [0]},
        {"problem": 0, "sources": [], "instances": [0]},
        {"problem": 0, "sources": ["x", 3], "instances": [0]},
        {"problem": 0, "sources": ["x", "y", "z"], "instances": [0, 1]},
    ],
)
def test_a_question_that_makes_no_sense_or_is_too_dear_runs_nothing_and_costs_nothing(question: Json) -> None:
    meter = Meter(lambda asked: pytest.fail("nothing may be run"), [4, 3], 5)
    reply = meter(question)
    assert isinstance(reply, dict) and set(reply) == {"error", "left"} and reply["left"] == 5 and meter.used == 0


def test_questions_are_counted_until_nothing_is_left() -> None:
    asked: list[Asked] = []
    seen: list[tuple[str, list[float | None], int]] = []

    def run(one: Asked) -> list[list[float | None]]:
        asked.append(one)
        return [[0.5 + number / 10] * len(one.instances) for number in range(len(one.sources))]

    meter = Meter(run, [4, 3], 7, lambda source, instances, scores, used: seen.append((source, [*scores], used)))
    several: Json = {"problem": 1, "sources": ["x", "y"], "instances": [0, 2]}
    assert meter(several) == {"scores": [[0.5, 0.5], [0.6, 0.6]], "left": 3}
    assert "error" in str(meter(several))
    question: Json = {"problem": 1, "source": "x", "instances": [0, 2]}
    assert meter(question) == {"scores": [0.5, 0.5], "left": 1}
    assert "error" in str(meter(question))
    assert seen == [("x", [0.5, 0.5], 2), ("y", [0.6, 0.6], 4), ("x", [0.5, 0.5], 6)]
    assert [(one.problem, one.evaluations) for one in asked] == [(1, 4), (1, 2)]
