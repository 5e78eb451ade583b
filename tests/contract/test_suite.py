"""The shipped suites hold to the contract of suites."""

from rsi.core.protocols import Suite
from rsi.suites import Seasonal, secret_seeds, suite
from rsi.testing.conformance.suite import ProbedSuiteConformance, SuiteConformance


class TestListFunctions(ProbedSuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return suite("list_functions", secret_seeds(run_seed))


class TestSeasonal(ProbedSuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return Seasonal(lambda seeds: suite("list_functions", seeds), secret_seeds(run_seed), 16)


class TestGym(SuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return suite("gym", secret_seeds(run_seed))
