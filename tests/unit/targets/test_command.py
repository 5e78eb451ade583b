"""Targets in any language: a command that reads a case as JSON and writes an output as JSON."""

from pathlib import Path

import pytest

from rsi.core.protocols import Jail
from rsi.core.records import CandidateId, Outcome, Pool
from rsi.kernel.evaluate import Ran, run_cases
from rsi.kernel.sandbox import open_jail, unreachable
from rsi.suites import secret_seeds
from rsi.targets import Scorer, TargetSuite
from rsi.testing.fake_jail import InProcessJail
from tests.unit.targets.support import SPEC, target

NO_PROGRAMS = unreachable("S3", "agent")
GOOD = "cat > /dev/null; echo 7\n"


def ran(folder: Path, jail: Jail, script: str, command: str = '["sh", "solve.sh"]') -> list[Ran]:
    spec = SPEC.replace('function = "solution:solve"', f"command = {command}").replace('"solution.py"', '"*.sh"')
    score = "def score(case, output):\n    return 0.5 if output == 7 else 0\n"
    cases = "def cases(seed, start, count):\n    return [{'n': seed + start + n, 'sum': 1} for n in range(count)]\n\n\n"
    found = target(folder, spec, {"solve.sh": script, "score.py": cases + score})
    with Scorer(found.folder, found.spec) as scorer:
        suite = TargetSuite(found, secret_seeds(1), scorer)
        execution, some = suite.execution(Pool.JUDGE), suite.cases(Pool.JUDGE, 0, 2)
        return run_cases(jail, suite=suite, execution=execution, candidate=CandidateId("c"), files=found.files, cases=some)[0]


def test_a_command_answers_each_case_in_a_call_of_its_own(tmp_path: Path) -> None:
    jail = InProcessJail()
    assert [(one.output, one.trial.score) for one in ran(tmp_path, jail, GOOD)] == [(7, 0.5)] * 2
    assert len(jail.calls) == 2 and set(jail.calls[0].files) >= {"solve.sh", "rsi_command.py", "rsi_command.json"}


def test_the_case_comes_on_stdin_as_one_json_object(tmp_path: Path) -> None:
    first, second = (one.output for one in ran(tmp_path, InProcessJail(), "cat\n"))
    assert isinstance(first, dict) and isinstance(second, dict) and set(first) == {"n"}
    assert int(str(second["n"])) == int(str(first["n"])) + 1


@pytest.mark.parametrize(
    ("script", "command", "said"),
    [
        ("echo hello\n", '["sh", "solve.sh"]', "the command wrote no JSON value but b'hello"),
        ("echo broken >&2; exit 3\n", '["sh", "solve.sh"]', "the command ended with code 3: broken"),
        ("", '["no-such-program"]', "the command 'no-such-program' cannot be started: No such file"),
    ],
)
def test_a_command_that_fails_is_a_crash_with_its_reason(tmp_path: Path, script: str, command: str, said: str) -> None:
    results = ran(tmp_path, InProcessJail(), script, command)
    assert [one.trial.outcome for one in results] == [Outcome.CRASHED] * 2 and said in results[0].error


@pytest.mark.skipif(NO_PROGRAMS is not None, reason=f"calls can start no processes on this machine: {NO_PROGRAMS}")
def test_a_command_runs_in_a_real_jail(tmp_path: Path) -> None:
    with open_jail((), "S3", "agent") as jail:
        results = ran(tmp_path, jail, GOOD)
    assert [(one.output, one.trial.score) for one in results] == [(7, 0.5)] * 2
