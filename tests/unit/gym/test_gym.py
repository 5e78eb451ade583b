"""The gym as a suite: what an improver sees, what stays hidden, rehearsals, scores, and its evaluator in a real jail."""

import dataclasses
import json
import random
from typing import Any

import pytest

from rsi.core.codec import canonical
from rsi.core.protocols import Call
from rsi.core.records import Case, Json, Outcome, Pool
from rsi.kernel.sandbox import TIERS, open_jail, unreachable
from rsi.suites import Gym, Seasonal, secret_seeds
from rsi.suites.gym import EVALUATOR, guest_files
from rsi.suites.gym.catalogue import PROBLEMS, problems_of
from rsi.suites.gym.guest import evaluator
from rsi.suites.gym.guest.evaluator import run, serve, transcripts
from rsi.suites.gym.problem import score
from rsi.suites.gym.rehearsal import Drawn

GYM = Gym(secret_seeds(11), practised=6, hidden=4)


def source_of(case: Case) -> str:
    question: Any = case.question
    return str(question["source"])


def answered(case: Case, source: str) -> Any:
    return json.loads(json.dumps(transcripts(GYM.hidden_job(case, source))))  # type: ignore[arg-type]


def start_score(case: Case) -> float:
    """The mean of the start's scores on the hidden instances, computed here."""
    probes: Any = case.probes
    found = zip(probes, answered(case, source_of(case)), strict=True)
    return sum(score(PROBLEMS[case.family], instance, transcript) or 0.0 for instance, transcript in found) / len(probes)


def test_problems_come_in_rotation_from_the_group_of_their_pool() -> None:
    for pool in Pool:
        names = [problem.name for problem in problems_of(pool)]
        assert [case.family for case in GYM.cases(pool, 3, 20)] == [names[i % len(names)] for i in range(3, 23)]


def test_a_question_has_what_an_improver_needs_and_no_instance() -> None:
    for case in GYM.cases(Pool.JUDGE, 0, 5):
        question: Any = case.question
        problem = PROBLEMS[case.family]
        assert set(question) == {"id", "problem", "text", "source", "entry", "instances"}
        assert (question["problem"], question["text"], question["entry"]) == (problem.name, problem.text, problem.entry)
        assert question["instances"] == 6
        assert not [probe for probe in case.probes if canonical(probe) in canonical(question)]  # type: ignore[union-attr]


def test_practice_instances_are_the_same_each_time_and_none_is_hidden() -> None:
    for pool in Pool:
        for case in GYM.cases(pool, 0, 6):
            practice = [canonical(i) for i in GYM.rehearsal(case).instances]
            assert practice == [canonical(i) for i in Gym(secret_seeds(1)).rehearsal(case).instances]
            assert len(practice) == 6
            assert not set(practice) & {canonical(probe) for probe in case.probes}  # type: ignore[union-attr]


def test_a_rehearsal_does_not_ask_which_season_a_case_is_of() -> None:
    seasonal = Seasonal(Gym, secret_seeds(11), 4)
    for case in seasonal.cases(Pool.JUDGE, 3, 2):
        assert len(GYM.rehearsal(case).instances) == 16


def test_a_rehearsal_tells_its_ground_and_scores_by_index() -> None:
    rehearsal = GYM.rehearsal(GYM.cases(Pool.PRACTICE, 0, 1)[0])
    assert rehearsal.ground == {"problem": "bin_packing"}
    assert [json.loads(str(rehearsal.told(k))) for k in range(len(rehearsal.instances))] == list(rehearsal.instances)
    instances = [rehearsal.instances[4], rehearsal.instances[0]]
    found = transcripts({"problem": "bin_packing", "source": "def rate(item, room, newer):\n    return 1", "instances": instances})
    both = rehearsal.scores([4, 0], found)
    assert both == [*rehearsal.scores([4], found[:1]), *rehearsal.scores([0], found[1:])]
    assert all(value is not None and 0 <= value <= 1 for value in both)


@pytest.mark.parametrize("given", [None, [], "text", [1], [None] * 3, {"a": 1}])
def test_what_is_no_list_of_transcripts_scores_nothing(given: Json) -> None:
    rehearsal = GYM.rehearsal(GYM.cases(Pool.PRACTICE, 0, 1)[0])
    assert rehearsal.scores([0, 1], given) == [None, None]


def test_a_batch_has_a_rehearsal_for_each_of_its_questions() -> None:
    batch: Any = GYM.practice_batch(2, 4)
    rehearsals = GYM.practice_rehearsals(2, 4)
    assert batch == {"problems": [rehearsal.question for rehearsal in rehearsals]}
    assert [rehearsal.problem.name for rehearsal in rehearsals] == ["controller", "bit_predictor", "learning_rule", "tour"]
    assert {len(rehearsal.instances) for rehearsal in rehearsals} == {6 + 4}


def test_the_start_is_unchanged_the_expert_is_better_and_nonsense_is_worth_nothing() -> None:
    for case in GYM.cases(Pool.SEALED, 0, 5):
        start = GYM.score(case, source_of(case), answered(case, source_of(case)))
        assert (start.value, start.label) == (start_score(case), "unchanged")
        nonsense = GYM.score(case, "x", answered(case, "x"))
        assert (nonsense.value, nonsense.label) == (0.0, "changed")
    case = GYM.cases(Pool.SEALED, 0, 1)[0]
    expert = GYM.score(case, "any", answered(case, PROBLEMS[case.family].expert))
    assert expert.label == "changed" and (expert.value or 0) > start_score(case)


def test_one_instance_without_an_answer_counts_as_the_floor() -> None:
    case = GYM.cases(Pool.JUDGE, 0, 1)[0]
    outputs = answered(case, source_of(case))
    whole = GYM.score(case, "any", outputs).value
    part = GYM.score(case, "any", [None, *outputs[1:]]).value
    first = GYM.score(case, "any", [outputs[0], None, None, None]).value
    assert whole is not None and part is not None and first is not None
    assert part + first == pytest.approx(whole)


def test_serving_takes_one_job_after_another() -> None:
    case = GYM.cases(Pool.JUDGE, 1, 1)[0]
    rehearsal = GYM.rehearsal(case)
    job: Any = {"ground": 1, "sources": [source_of(case), "no program"], "instances": [5, 2]}
    whole = {"problem": case.family, "source": source_of(case), "instances": [rehearsal.instances[5], rehearsal.instances[2]]}
    grounds: list[Any] = [{"problem": "tour"}, rehearsal.ground]
    jobs = iter([job, {**job, "sources": ["no program"], "instances": [2, 4]}, {"stop": True}])
    said: list[Any] = []

    def ask(data: Any) -> Any:
        said.append(data)
        return [rehearsal.told(number) for number in data["need"]["instances"]] if "need" in data else next(jobs)

    assert serve(grounds, ask) == {"jobs": 2}
    assert said == [
        {"ready": True},
        {"need": {"ground": 1, "instances": [5, 2]}},
        {"done": [run({"jobs": [whole]})["transcripts"][0], [None] * 2]},
        {"need": {"ground": 1, "instances": [4]}},
        {"done": [[None] * 2]},
    ]


def test_an_instance_is_drawn_when_it_is_first_asked_for_and_does_not_depend_on_the_others() -> None:
    drawn: list[object] = []

    def draw(rng: random.Random) -> dict[str, Json]:
        drawn.append(None)
        return {"x": rng.random()}

    problem = dataclasses.replace(PROBLEMS["tour"], draw=draw, rounds=1)
    one, other = Drawn(problem, "key", 9), Drawn(problem, "key", 9)
    assert len(one) == 9 and drawn == []
    assert [one[7], one[7], one[2]] == [(seventh := other[7]), seventh, other[2]] and one[2] != one[7]
    assert len(drawn) == 4


def test_a_program_cannot_change_an_instance_for_the_next_one() -> None:
    drawn = {"noise": [1]}
    jobs = iter([{"ground": 0, "sources": ["", ""], "instances": [0]}] * 2 + [{"stop": True}])
    seen = []

    def ask(said: Any) -> Any:
        return [json.dumps([drawn, drawn])] if "need" in said else next(jobs)

    def play(start: Any, given: Any) -> Any:
        seen.append(json.dumps(given))
        given["noise"].append(2)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluator, "play_of", lambda problem: play)
        serve([{"problem": "bandit"}], ask)
    assert seen == [json.dumps(drawn)] * 8


@pytest.mark.parametrize("tier", TIERS)
def test_the_evaluator_gives_in_a_jail_what_it_gives_here(tier: str) -> None:
    why = unreachable(tier)
    if why is not None:
        pytest.skip(f"{tier} cannot be had here: {why}")
    cases = [*GYM.cases(Pool.PRACTICE, 0, 6), *GYM.cases(Pool.JUDGE, 0, 5), *GYM.cases(Pool.SEALED, 0, 5)]
    jobs = [GYM.hidden_job(case, source_of(case)) for case in cases] + [GYM.hidden_job(cases[0], "import os")]
    with open_jail(tier=tier) as jail:
        reply = jail.call(Call(files=guest_files(), module=EVALUATOR, function="run", payload={"jobs": jobs}))
    assert reply.outcome is Outcome.ANSWERED, reply.reason
    here: Any = json.loads(json.dumps(run({"jobs": jobs})))
    assert reply.value == here
    assert here["transcripts"][-1] == [None] * 4
    for case, outputs in zip(cases, here["transcripts"], strict=False):
        assert GYM.score(case, source_of(case), outputs).value == start_score(case)


def test_the_evaluator_serves_an_episode_from_one_call_of_a_jail() -> None:
    rehearsal = GYM.rehearsal(GYM.cases(Pool.JUDGE, 2, 1)[0])
    programs = [str(rehearsal.question["source"]), PROBLEMS["regression"].expert, "import os", str(rehearsal.question["source"])]
    scores: list[Any] = []

    def serve_next(said: Json) -> Json:
        match said:
            case {"need": {"instances": [*numbers]}}:
                return [rehearsal.told(int(str(number))) for number in numbers]
            case {"done": [*rows]}:
                scores.extend(rehearsal.scores([0, 3], row) for row in rows)
        more = programs[len(scores) : len(scores) + 2]
        return {"ground": 0, "sources": list[Json](more), "instances": [0, 3]} if more else {"stop": True}

    with open_jail() as jail:
        reply = jail.call(Call(files=guest_files(), module=EVALUATOR, function="serve", payload=[rehearsal.ground]), serve_next)
    assert (reply.outcome, reply.value) == (Outcome.ANSWERED, {"jobs": 2})
    assert scores[0] == scores[3] and scores[2] == [None, None]
    assert sum(scores[1]) > sum(scores[0]) > 0
