"""Step 0 of a run: what it measures, what it costs, and which suites it refuses before any money is spent on changes."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rsi.cli.main import main
from rsi.config import RunConfig, from_json, to_json
from rsi.core.errors import InfrastructureError
from rsi.core.protocols import Entry, Files, Score
from rsi.core.records import Case, Json, Pool
from rsi.loop.calibrate import plan_for
from rsi.loop.parts import Parts
from rsi.loop.run import run
from rsi.loop.verify import verify
from rsi.reports import write_report
from rsi.suites import secret_seeds
from rsi.testing.toy import ToySuite, toy_agent, toy_config, toy_parts


class Stub(ToySuite):
    """The toy suite, with another size or another grader."""

    most: int | None = None
    grade: float | None = None

    def size(self, pool: Pool) -> int | None:
        return self.most

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        return super().cases(pool, start, count if self.most is None else max(0, min(count, self.most - start)))

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        return super().score(case, answer, outputs) if self.grade is None else Score(value=self.grade, label="solved")


class Empty(Stub):
    most = 0


class Few(Stub):
    most = 200


class Broken(Stub):
    grade = 1.5


class Undefined(Stub):
    grade = float("nan")


def config(programs: int = 200_000, **calibrate: Json) -> RunConfig:
    data = to_json(toy_config(seed=3, programs=programs))
    assert isinstance(data, dict)
    return from_json({**data, "calibrate": calibrate})


class Played(list[Entry]):
    def __init__(self, folder: Path, settings: RunConfig, files: Files | None = None, suite: type[Stub] | None = None) -> None:
        super().__init__()
        parts: Parts = toy_parts(settings)
        self.parts = parts if suite is None else replace(parts, suite=suite(secret_seeds(3)))
        files = files or toy_agent()
        self.result = run(folder, settings, files, workers=2, observer=self.append, stop=threading.Event(), parts=self.parts)

    def bodies(self, kind: str) -> list[dict[str, Json]]:
        return [entry.body for entry in self if entry.kind == kind and isinstance(entry.body, dict)]

    @property
    def step0(self) -> dict[str, Json]:
        (body,) = self.bodies("calibration.done")
        return body


def inner(body: dict[str, Json], name: str) -> dict[str, Json]:
    found = body[name]
    assert isinstance(found, dict)
    return found


def test_version_0_is_run_eight_times_on_cases_of_its_own_before_anything_else_is_asked_of_the_agent(tmp_path: Path) -> None:
    played = Played(tmp_path, config())
    kinds = [entry.kind for entry in played]
    before = played[1 : kinds.index("calibration.done")]
    blocks = [entry.body for entry in before if entry.kind == "trials.done" and isinstance(entry.body, dict)]
    assert {body["pool"] for body in blocks} == {"calibration"} and {entry.kind for entry in before} == {"job.done", "trials.done"}
    assert [body["first"] for body in blocks].count(0) == 8
    seen = inner(played.step0, "calibration")
    assert (seen["noise"], seen["cases"], seen["repeated"]) == (0.0, 64, 4) and 0.1 < float(str(seen["score"])) < 0.5
    later = [body for body in played.bodies("trials.done") if body["pool"] == "calibration"]
    assert len(later) == len(blocks), "no case of it is ever used again"


def test_it_costs_no_more_than_its_share_and_what_is_spent_stands_in_the_event(tmp_path: Path) -> None:
    for programs in (20_000, 30_000, 60_000, 10**6, 10**9):
        settings = config(programs)
        assert plan_for(settings).trials * settings.judge.programs <= 0.02 * programs
    played = Played(tmp_path, config())
    spent = sum(int(str(body["programs"])) for body in played.bodies("trials.done") if body["pool"] == "calibration")
    assert played.step0["programs"] == spent <= 0.02 * 200_000


def test_a_small_budget_pays_for_a_few_cases_half_of_the_trials_for_repeats_and_a_tiny_one_for_none() -> None:
    few = plan_for(config(20_000))
    assert (few.again, few.repeats, few.cases) == (1, 8, 13) and plan_for(config(7_000)).trials == 0


def test_a_run_that_pays_for_no_calibration_says_so_and_goes_on(tmp_path: Path) -> None:
    played = Played(tmp_path, config(7_000))
    assert (played.step0["calibration"], played.step0["refused"]) == (None, None) and played.bodies("cycle.opened")
    write_report(tmp_path)
    assert "paid for too few trials" in (tmp_path / "report.md").read_text()


def test_the_power_table_is_told_before_money_is_spent_and_a_larger_budget_detects_smaller_effects(tmp_path: Path) -> None:
    small, large = Played(tmp_path / "s", config(60_000)), Played(tmp_path / "l", config())
    effects = [inner(played.step0, "prospect")["rows"][0]["effect"] for played in (small, large)]  # type: ignore[index,call-overload]
    assert 0 < float(str(effects[1])) < float(str(effects[0])) < 0.5
    write_report(tmp_path / "l")
    report = (tmp_path / "l" / "report.md").read_text()
    assert "the target is deterministic" in report and "smallest effect detected" in report


DEAD = {"main.py": toy_agent()["main.py"].replace(b"def solve(payload):\n", b"def solve(payload):\n    return {}['nothing']\n")}
BLIND = {"main.py": toy_agent()["main.py"].replace(b"luck < power", b"luck < 0.0")}
PERFECT = {"main.py": toy_agent()["main.py"].replace(b"luck < power", b"luck < 2.0")}


@pytest.mark.parametrize(
    ("replaced", "suite", "reason", "advice"),
    [
        (DEAD, None, "version 0 gave no answer in any of 92 trials", "repair the agent"),
        (BLIND, None, "the suite is saturated: 100 % of 64 cases are at the floor", "take easier cases"),
        (PERFECT, None, "the suite is saturated: 100 % of 64 cases are at the ceiling", "take harder cases"),
        ({}, Empty, "the suite toy gives no cases", "look at its data"),
    ],
)
def test_a_suite_on_which_nothing_could_be_seen_is_refused_with_the_reason_and_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], replaced: dict[str, bytes], suite: type[Stub] | None, reason: str, advice: str
) -> None:
    played = Played(tmp_path, config(), toy_agent(replaced=replaced), suite)
    assert played.result.finished and played.result.reason.startswith(f"refused: {reason}") and advice in played.result.reason
    assert not played.bodies("cycle.opened") and {body["call"] for body in played.bodies("job.done")} == {"build"}
    assert {body["pool"] for body in played.bodies("trials.done")} <= {"calibration"}
    assert verify(tmp_path, parts=played.parts).ok
    summary = write_report(tmp_path)
    assert summary["outcome"] == "refused before it began" and "Nothing could be shown here" in (tmp_path / "report.md").read_text()
    assert main(["show", str(tmp_path)]) == 0 and "refused" in capsys.readouterr().out


def test_a_saturated_suite_may_be_used_by_who_says_so(tmp_path: Path) -> None:
    played = Played(tmp_path, config(saturated=1.0), toy_agent(replaced=BLIND))
    assert played.step0["refused"] is None and played.bodies("cycle.opened")


@pytest.mark.parametrize("suite", [Broken, Undefined])
def test_a_grader_that_gives_no_score_from_0_to_1_stops_the_run_and_nothing_is_counted(tmp_path: Path, suite: type[Stub]) -> None:
    with pytest.raises(InfrastructureError, match="the suite toy scored case .* not from 0 to 1: repair its grader"):
        Played(tmp_path, config(), suite=suite)


def test_a_fixed_list_of_cases_has_a_floor_that_is_told(tmp_path: Path) -> None:
    played = Played(tmp_path, config(), suite=Few)
    prospect = inner(played.step0, "prospect")
    assert prospect["cases"] == 200 and 0.005 < float(str(prospect["floor"])) < 0.02
    write_report(tmp_path)
    assert "only 200 different cases to judge on" in (tmp_path / "report.md").read_text()


def test_a_run_comes_out_the_same_again_with_its_calibration(tmp_path: Path) -> None:
    one, other = Played(tmp_path / "one", config(30_000)), Played(tmp_path / "other", config(30_000))
    assert [entry.body for entry in one] == [entry.body for entry in other]
    assert "trial_cpu_s" not in one.step0
