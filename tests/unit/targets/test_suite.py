"""A target's cases as a suite, run and scored."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rsi.core.records import CandidateId, Case, CaseId, Json, Outcome, Pool
from rsi.kernel.evaluate import Ran, run_cases, run_trials
from rsi.suites import secret_seeds
from rsi.targets import Scorer, Target, TargetSuite
from rsi.testing.fake_jail import InProcessJail
from tests.unit.targets.support import SOLUTION, SPEC, target

NAME = CandidateId("candidate")


@contextmanager
def suite_of(found: Target) -> Iterator[TargetSuite]:
    with Scorer(found.folder, found.spec) as scorer:
        yield TargetSuite(found, secret_seeds(1), scorer)


def ran(found: Target, suite: TargetSuite, count: int = 3, pool: Pool = Pool.PRACTICE) -> tuple[list[Ran], InProcessJail]:
    jail = InProcessJail()
    execution, cases = suite.execution(pool), suite.cases(pool, 0, count)
    return run_cases(jail, suite=suite, execution=execution, candidate=NAME, files=found.files, cases=cases)[0], jail


def test_a_case_is_run_and_scored_and_its_hidden_fields_never_leave(tmp_path: Path) -> None:
    found = target(tmp_path)
    with suite_of(found) as suite:
        results, jail = ran(found, suite)
        cases = suite.cases(Pool.PRACTICE, 0, 3)
    assert [one.trial.score for one in results] == [1.0] * 3 and {one.trial.family for one in results} <= {"small", "large"}
    assert [one.trial.programs for one in results] == [1] * 3 and results[0].trial.case == cases[0].id
    assert jail.calls[0].payload == [case.question for case in cases]
    assert [set(dict(case.question)) for case in cases] == [{"a", "b"}] * 3 and "and" in results[0].feedback
    assert [[one.output] for one in results] == [case.expected[0] for case in cases]


def test_a_block_of_a_run_is_the_same_trials(tmp_path: Path) -> None:
    found = target(tmp_path)
    with suite_of(found) as suite:
        cases = suite.cases(Pool.JUDGE, 0, 4)
        trials, _ = run_trials(
            InProcessJail(),
            InProcessJail,
            suite=suite,
            candidate=NAME,
            files=found.files,
            manifest=found.manifest,
            cases=cases,
            programs=1,
            seed=1,
            limits=suite.execution(Pool.JUDGE).limits,
        )
    assert [(trial.case, trial.score, trial.pool) for trial in trials] == [(case.id, 1.0, Pool.JUDGE) for case in cases]


@pytest.mark.parametrize(
    ("body", "outcome", "score", "label"),
    [
        ("raise ValueError('no')", Outcome.CRASHED, None, "crashed"),
        ("return None", Outcome.ANSWERED, None, "no answer"),
        ("return object()", Outcome.CRASHED, None, "crashed"),
        ("raise SystemExit", Outcome.CRASHED, None, "crashed"),
        ("return 3", Outcome.ANSWERED, 0.0, "right"),
    ],
)
def test_what_comes_of_a_bad_candidate_is_data(tmp_path: Path, body: str, outcome: Outcome, score: float | None, label: str) -> None:
    found = target(tmp_path, files={"solution.py": f"def solve(case):\n    {body}\n"})
    with suite_of(found) as suite:
        results, _ = ran(found, suite)
    assert [(one.trial.outcome, one.trial.score, one.trial.label) for one in results] == [(outcome, score, label)] * 3
    assert all(bool(one.error) == (outcome is not Outcome.ANSWERED) for one in results)


def test_where_one_case_ends_the_process_the_others_are_run_alone(tmp_path: Path) -> None:
    with suite_of(target(tmp_path)) as suite:
        odd = suite.cases(Pool.PRACTICE, 1, 1)[0].question
    assert isinstance(odd, dict)
    ending = f"\n\nTRUE = solve\n\n\ndef solve(case):\n    if case['a'] == {odd['a']}:\n        raise SystemExit\n    return TRUE(case)\n"
    found = target(tmp_path, files={"solution.py": SOLUTION + ending})
    with suite_of(found) as suite:
        results, jail = ran(found, suite)
    assert [one.trial.score for one in results] == [1.0, None, 1.0] and len(jail.calls) == 4


def test_isolated_cases_have_a_process_each(tmp_path: Path) -> None:
    found = target(tmp_path, SPEC.replace("timeout_s = 5", "isolated = true"))
    with suite_of(found) as suite:
        results, jail = ran(found, suite)
    assert len(jail.calls) == 3 and not jail.calls[0].each and [one.trial.score for one in results] == [1.0] * 3


def test_an_output_of_another_type_scores_the_floor_without_the_scorer(tmp_path: Path) -> None:
    broken = "def cases(seed, start, count):\n    return [{'sum': [1]}] * count\n"
    found = target(tmp_path, SPEC.replace("timeout_s = 5", 'output = "number"'), {"score.py": broken})
    case = Case(id=CaseId("c"), family="f", pool=Pool.JUDGE, question={}, expected=[[1]])
    with suite_of(found) as suite:
        for output in ("3", [3], {}, True):
            assert (suite.score(case, "", output).value, suite.score(case, "", output).label) == (0.0, "no number")


@pytest.mark.parametrize(
    ("bounds", "given", "score"),
    [
        ("low = 10.0\nhigh = 20.0", 15, 0.5),
        ("low = 10.0\nhigh = 20.0", 3, 0.0),
        ("low = 10.0\nhigh = 20.0", 1e9, 1.0),
        ('direction = "min"\nlow = 0.0\nhigh = 4.0', 1, 0.75),
        ('direction = "min"\nlow = 0.0\nhigh = 4.0', 9, 0.0),
    ],
)
def test_the_metric_is_clipped_and_turned_so_that_higher_is_better(tmp_path: Path, bounds: str, given: Json, score: float) -> None:
    spec = SPEC.replace("[cases]", bounds + "\n[cases]")
    echo = "def cases(seed, start, count):\n    return []\n\n\ndef score(case, output):\n    return output\n"
    found = target(tmp_path, spec, {"score.py": echo})
    case = Case(id=CaseId("c"), family="f", pool=Pool.JUDGE, question={}, expected=[[1]])
    with suite_of(found) as suite:
        assert suite.score(case, "", given).value == score
        assert found.spec.score.unscaled(score) == pytest.approx(min(found.spec.score.high, max(found.spec.score.low, float(str(given)))))


def test_a_violation_in_a_shared_process_is_one_of_the_whole_block(tmp_path: Path) -> None:
    class Strict(InProcessJail):
        def call(self, call, serve=None):  # type: ignore[no-untyped-def] # as the protocol has it
            return replace(super().call(call, serve), outcome=Outcome.VIOLATION, value=None, reason="socket: opened")

    found = target(tmp_path)
    with suite_of(found) as suite:
        execution, cases = suite.execution(Pool.JUDGE), suite.cases(Pool.JUDGE, 0, 3)
        results, _ = run_cases(Strict(), suite=suite, execution=execution, candidate=NAME, files=found.files, cases=cases)
    assert [(one.trial.outcome, one.trial.label) for one in results] == [(Outcome.VIOLATION, "socket")] * 3
