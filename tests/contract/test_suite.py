"""The shipped suites hold to the contract of suites."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsi.core.protocols import Suite
from rsi.suites import Guarded, Seasonal, secret_seeds, suite
from rsi.targets import Scorer, TargetSuite, load_target, make_target
from rsi.testing.conformance.suite import ProbedSuiteConformance, SuiteConformance


class TestListFunctions(ProbedSuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return suite("list_functions", secret_seeds(run_seed))


class TestSeasonal(ProbedSuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return Seasonal(lambda seeds: suite("list_functions", seeds), secret_seeds(run_seed), 16)


class TestBasics(ProbedSuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return suite("list_functions_basics", secret_seeds(run_seed))


class TestGuarded(ProbedSuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        seeds = secret_seeds(run_seed)
        return Guarded(suite("list_functions", seeds), suite("list_functions_basics", seeds))


class TestGym(SuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return suite("gym", secret_seeds(run_seed))


class TestGeneratedTarget(SuiteConformance):
    @pytest.fixture(autouse=True)
    def target(self, tmp_path: Path) -> Iterator[None]:
        make_target(tmp_path / "target", "program")
        self._target = load_target(tmp_path / "target")
        with Scorer(self._target.folder, self._target.spec) as self._scorer:
            yield

    def make_suite(self, run_seed: int) -> Suite:
        return TargetSuite(self._target, secret_seeds(run_seed), self._scorer)


class TestTargetWithAFileOfCases(TestGeneratedTarget):
    @pytest.fixture(autouse=True)
    def target(self, tmp_path: Path) -> Iterator[None]:
        folder = tmp_path / "target"
        make_target(folder, "program")
        text = (folder / "rsi.toml").read_text("utf-8")
        (folder / "rsi.toml").write_text(text.replace('generator = "score.py:cases"', 'file = "cases.jsonl"'), "utf-8")
        rows = [{"id": f"case-{n:03}", "items": [n, n + 1, 60], "least": [2, n]} for n in range(1, 120)]
        (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        self._target = load_target(folder)
        with Scorer(folder, self._target.spec) as self._scorer:
            yield
