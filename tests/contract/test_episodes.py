"""The gym holds to the contract of suites in which programs are improved."""

from rsi.core.protocols import Jail, Suite
from rsi.kernel.sandbox import open_jail
from rsi.suites import Seasonal, secret_seeds, suite
from rsi.testing.conformance import rehearsal
from rsi.testing.conformance.episodes import EpisodesConformance

assert rehearsal.__name__ == "rsi.testing.conformance.rehearsal"  # run by each test on rehearsals


class TestGym(EpisodesConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return suite("gym", secret_seeds(run_seed))

    def make_jail(self) -> Jail:
        return open_jail(())


class TestSeasonalGym(EpisodesConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return Seasonal(lambda seeds: suite("gym", seeds), secret_seeds(run_seed), 4)

    def make_jail(self) -> Jail:
        return open_jail(())
