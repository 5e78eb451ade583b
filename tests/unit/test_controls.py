"""Controls of a run on a target: real jails, a real small target, the same trials and the same sealed cases for all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rsi.config import RunConfig, from_json
from rsi.core.protocols import Files
from rsi.core.records import Json, Pool
from rsi.kernel.sandbox import open_jail
from rsi.loop.controls import CONTROLS, Compared, Contest, compare
from rsi.loop.parts import Parts
from rsi.suites import secret_seeds
from rsi.targets import Scorer, Target, TargetSuite, load_target

TARGET = """
name = "line"
kind = "program"
[surfaces]
code = ["solution.py"]
[protect]
files = ["fixed.py"]
[case]
function = "fixed:answer"
[score]
function = "score.py:score"
[cases]
generator = "score.py:cases"
"""
FIXED = "from solution import line\n\n\ndef answer(case):\n    return line(case['x'])\n"
SOLUTION = "SLOPE = 1.0\n\n\ndef line(x):\n    return SLOPE * x\n"
BETTER = SOLUTION.replace("1.0", "3.0")
SCORE = """
import random


def cases(seed, start, count):
    return [{"id": f"{seed}-{k}", "x": 1 + random.Random(f"{seed} {k}").random()} for k in range(start, start + count)]


def score(case, output):
    return max(0.0, 1 - abs(output - 3 * case["x"]) / 6)
"""


@pytest.fixture
def target(tmp_path: Path) -> Target:
    for name, text in (("rsi.toml", TARGET), ("fixed.py", FIXED), ("solution.py", SOLUTION), ("score.py", SCORE)):
        (tmp_path / name).write_text(text)
    return load_target(tmp_path)


@pytest.fixture
def parts(target: Target, config: RunConfig, jail_require: str) -> Iterator[Parts]:
    tier = "S1" if jail_require == "S1" else "auto"
    with Scorer(target.folder, target.spec) as scorer:
        suite = TargetSuite(target, secret_seeds(config.run.seed), scorer)
        yield Parts(make_jail=lambda: open_jail(target.manifest.preload, tier), suite=suite, secrets={}, commitments={})


@pytest.fixture
def config() -> RunConfig:
    data: Json = {"run": {"seed": 5}, "certificate": {"pairs": 20, "programs": 1}, "jail": {"wall_s": 60.0}}
    return from_json(data)


def contest(target: Target, release: str, budget: int) -> Contest:
    files: Files = {**target.files, "solution.py": release.encode()}
    told: Json = {"name": "line", "surfaces": {"code": ["solution.py"]}, "protected": ["fixed.py"], "case": {"function": "fixed:answer"}}
    return Contest(start=target.files, release=files, manifest=target.manifest, told=told, budget=budget)


def test_each_control_stays_within_the_budget_and_is_compared_on_the_same_sealed_cases(
    target: Target, parts: Parts, config: RunConfig
) -> None:
    told: list[str] = []
    found = compare(contest(target, BETTER, 50), config, parts, told.append)
    assert [one.name for one in found] == ["start", *CONTROLS] and len(told) == 4
    by_name = {one.name: one for one in found}
    sealed = parts.suite.cases(Pool.SEALED, 0, 20)
    start = sum(max(0.0, 1 - 2 * case.question["x"] / 6) for case in sealed) / 20  # type: ignore[index, call-overload]
    assert by_name["start"].mean == pytest.approx(start) and {one.release for one in found} == {1.0}
    for name in CONTROLS:
        one = by_name[name]
        assert 0 < one.tried and one.programs <= 50 and one.ahead.pairs == 20
        assert one.ahead.low <= one.release - one.mean <= one.ahead.high
        assert one.ahead.mean == pytest.approx(one.release - one.mean)
    assert by_name["hill"].mean > start and by_name["best-of-n"].mean > start
    assert by_name["start"].ahead.low > 0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_controls_and_a_release_that_is_no_better_is_not_ahead(
    target: Target, parts: Parts, config: RunConfig
) -> None:
    runs: list[list[Compared]] = [compare(contest(target, SOLUTION, 24), config, parts, lambda line: None, ("hill",)) for _ in range(2)]
    assert runs[0] == runs[1]
    start, hill = runs[0]
    assert start.ahead.mean == 0 and hill.ahead.mean < 0


def test_a_control_that_fails_hands_in_the_start_and_says_why(target: Target, parts: Parts, config: RunConfig) -> None:
    broken = replace(contest(target, SOLUTION, 12), start={**target.files, "solution.py": b"def line(:\n"})
    start, hill = compare(broken, config, parts, lambda line: None, ("hill",))
    assert hill.mean == start.mean == 0.0 and hill.note
