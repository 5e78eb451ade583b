"""The shipped suites hold to the contract of suites."""

from rsi.core.protocols import Suite
from rsi.suites import Guarded, Seasonal, secret_seeds, suite
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
