"""Blocks of trials: from a candidate's answers to scores."""

from collections.abc import Iterator, Sequence

import pytest

from rsi.core.errors import JailError
from rsi.core.protocols import Call, Jail, Limits, Reply, Serve
from rsi.core.records import CandidateId, Case, CaseId, Json, Manifest, Outcome, Pool, Trial
from rsi.kernel.evaluate import Built, Failed, agent_call, build, run_block
from rsi.kernel.sandbox import open_jail
from rsi.suites import secret_seeds, suite
from rsi.testing.fake_jail import InProcessJail

SUITE = suite("list_functions", secret_seeds(1))
MANIFEST = Manifest(name="toy", entry="agent", surfaces={}, build=True)
ADD_ONE = "def f(xs):\n    return [x + 1 for x in xs]"


def case(number: int) -> Case:
    return Case(
        id=CaseId(f"case {number}"),
        family="easy",
        pool=Pool.JUDGE,
        question={"id": number},
        probes=[[1, 2], [number]],
        expected=[[2, 3], [number + 1]],
    )


def block(jail: Jail, solve: str, count: int = 3, programs: int = 10) -> Sequence[Trial]:
    files = {"agent.py": f"def solve(message):\n    {solve}\n".encode()}
    trials, clock = run_block(
        jail,
        suite=SUITE,
        candidate=CandidateId("c"),
        files=files,
        manifest=MANIFEST,
        cases=[case(number) for number in range(count)],
        programs=programs,
        seed=3,
        limits=Limits(wall_s=20),
    )
    assert clock.wall_s >= 0
    assert [trial.case for trial in trials] == [f"case {number}" for number in range(count)]
    return trials


def answers(*texts: str | None) -> str:
    return "return " + repr({"answers": [{"answer": text, "programs": 7} for text in texts]})


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    jail = open_jail()
    yield jail
    jail.close()


def test_right_wrong_missing_and_broken_answers_get_their_scores() -> None:
    trials = block(InProcessJail(), answers(ADD_ONE, "def f(xs):\n    return xs", None, "def f(:", "x = 1"), count=5)
    assert [(t.outcome, t.score, t.label) for t in trials] == [
        (Outcome.ANSWERED, 1.0, "solved"),
        (Outcome.ANSWERED, 0.0, "fitted"),
        (Outcome.ANSWERED, 0.0, "not found"),
        (Outcome.ANSWERED, None, "no answer"),
        (Outcome.ANSWERED, None, "no answer"),
    ]
    assert {t.programs for t in trials} == {7}


def test_the_question_goes_in_and_probes_and_answers_stay_out_of_the_candidates_jail() -> None:
    jail = InProcessJail()
    block(jail, answers(ADD_ONE), count=1)
    solve, run = jail.calls
    assert solve.payload == {"cases": [{"id": 0}], "programs": 10, "seed": 3}
    assert "expected" not in repr(run) and run.module == "rsi_answers" and "agent.py" not in run.files


@pytest.mark.parametrize(
    "text",
    [
        "def f(xs):\n    return (1,)",
        "def f(xs):\n    return [1.0]",
        "def f(xs):\n    return [10**40]",
        "def f(xs):\n    return [0] * 10**6",
        "def f(xs):\n    return None",
        "class N(int): pass\ndef f(xs):\n    return [N(x + 1) for x in xs]",
        "def f(xs):\n    raise SystemExit",
        "def f(xs):\n    x = []\n    x.append(x)\n    return x",
    ],
)
def test_outputs_of_other_types_or_sizes_count_as_none(text: str) -> None:
    (trial,) = block(InProcessJail(), answers(text), count=1)
    assert trial.value == 0.0


def test_true_is_not_one() -> None:
    (trial,) = block(InProcessJail(), answers("def f(xs):\n    return [x + 1 if x else True for x in xs]"), count=1)
    assert trial.score == 0.0


@pytest.mark.parametrize(
    "solve",
    [
        "return 1",
        "return {'answers': []}",
        "return {'answers': [{'answer': None, 'programs': 1}] * 2}",
        "return {'answers': [{'answer': None, 'programs': 1}] * 4}",
        "return {'answers': [{'answer': None, 'programs': 1}] * 3, 'more': 1}",
        "return {'answers': [{'answer': None, 'programs': 11}] * 3}",
        "return {'answers': [{'answer': None, 'programs': -1}] * 3}",
        "return {'answers': [{'answer': None, 'programs': True}] * 3}",
        "return {'answers': [{'answer': None}] * 3}",
        "return {'answers': [{'answer': 3, 'programs': 1}] * 3}",
        "return {'answers': [{'answer': 'x' * 20_001, 'programs': 1}] * 3}",
        "return {'answers': [{'answer': None, 'programs': 1}] * 2 + [None]}",
    ],
)
def test_answers_of_another_shape_make_the_whole_block_malformed(solve: str) -> None:
    trials = block(InProcessJail(), solve)
    assert {(t.outcome, t.score, t.value, t.programs) for t in trials} == {(Outcome.MALFORMED, None, 0.0, 10)}


def test_a_crash_while_solving_is_the_outcome_of_every_case() -> None:
    trials = block(InProcessJail(), "return 1 / 0")
    assert {(t.outcome, t.score, t.label) for t in trials} == {(Outcome.CRASHED, None, "crashed")}


def test_an_answer_that_loops_or_ends_the_process_costs_the_others_nothing(jail: Jail) -> None:
    exits = "import os\ndef f(xs):\n    os._exit(0)"
    loops = "def f(xs):\n    while True:\n        pass"
    trials = block(jail, answers(ADD_ONE, exits, loops, ADD_ONE), count=4)
    assert [t.score for t in trials] == [1.0, None, 0.0, 1.0]


def test_many_answers_run_fast(jail: Jail) -> None:
    files = {
        "agent.py": f"def solve(m):\n    return {{'answers': [{{'answer': {ADD_ONE!r}, 'programs': 0}} for _ in m['cases']]}}".encode()
    }
    trials, clock = run_block(
        jail,
        suite=SUITE,
        candidate=CandidateId("c"),
        files=files,
        manifest=MANIFEST,
        cases=[case(number) for number in range(300)],
        programs=1,
        seed=0,
        limits=Limits(),
    )
    assert [t.score for t in trials] == [1.0] * 300 and clock.cpu_s < 1.0


class Fragile:
    """A jail that breaks a given number of times, or whenever it sees a given module."""

    def __init__(self, breaks: int, hates: str = "") -> None:
        self.inner, self.breaks, self.hates = InProcessJail(), breaks, hates

    @property
    def tier(self) -> str:
        return "S0"

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        if call.module == self.hates or self.breaks > 0:
            self.breaks -= 1
            raise JailError("the zygote ended")
        return self.inner.call(call, serve)

    def close(self) -> None:
        self.inner.close()


def test_a_broken_jail_is_tried_again_once_and_never_scored() -> None:
    assert block(Fragile(1), answers(ADD_ONE), count=1)[0].score == 1.0
    with pytest.raises(JailError):
        block(Fragile(99), answers(ADD_ONE), count=1)


def test_code_that_breaks_a_working_jail_every_time_is_a_violation() -> None:
    trials = block(Fragile(0, hates="agent"), answers(ADD_ONE), count=2)
    assert {(t.outcome, t.score) for t in trials} == {(Outcome.VIOLATION, None)}


def test_the_product_of_a_build_is_a_file_of_the_tree_in_canonical_form() -> None:
    source = b"import json\ndef build(m):\n    return {'b': m['seed'], 'a': [1.5]}\n"
    source += b"def solve(m):\n    with open('build.json') as file:\n        return json.load(file)\n"
    built = build(InProcessJail(), {"agent.py": source}, MANIFEST, 5, Limits())
    assert isinstance(built, Built) and built.files["build.json"] == b'{"a":[1.5],"b":5}'
    product: Json = {"a": [1.5], "b": 5}
    assert built.product == product
    assert agent_call(InProcessJail(), built.files, MANIFEST, "solve", {}, Limits()).value == product


def test_a_build_that_fails_says_why_and_a_tree_without_one_is_ready() -> None:
    failed = build(InProcessJail(), {"agent.py": b"def build(m):\n    return 1 / 0"}, MANIFEST, 5, Limits())
    assert isinstance(failed, Failed) and failed.outcome is Outcome.CRASHED and "ZeroDivisionError" in failed.reason
    plain = Manifest(name="toy", entry="agent", surfaces={})
    ready = build(InProcessJail(), {"agent.py": b""}, plain, 5, Limits())
    assert isinstance(ready, Built) and set(ready.files) == {"agent.py"}


def test_more_programs_than_a_machine_can_try_are_a_violation_with_a_name() -> None:
    solve = f"return {{'answers': [{{'answer': {ADD_ONE!r}, 'programs': 10**9}} for _ in message['cases']]}}"
    found = block(InProcessJail(), solve, programs=10**9)
    assert {(trial.outcome, trial.score, trial.label) for trial in found} == {(Outcome.VIOLATION, None, "faster than physics")}


def test_as_many_programs_as_a_machine_might_try_are_believed() -> None:
    solve = f"return {{'answers': [{{'answer': {ADD_ONE!r}, 'programs': 10**6}} for _ in message['cases']]}}"
    assert {trial.outcome for trial in block(InProcessJail(), solve, programs=10**6)} == {Outcome.ANSWERED}
