"""What every suite of improvement problems must hold to: subclass `EpisodesConformance` and give it a suite for a run's seed."""

from abc import ABC, abstractmethod

import pytest

from rsi.core.codec import canonical
from rsi.core.protocols import Call, Episodes, Jail, Limits, Suite
from rsi.core.records import Case, Json, Outcome, Pool
from rsi.testing.conformance.rehearsal import check_rehearsal, start_of

__all__ = ["EpisodesConformance"]

_SOME = 6
_LIMITS = Limits(wall_s=60.0, cpu_s=60.0)


class EpisodesConformance(ABC):
    """The contract of `rsi.core.protocols.Episodes`."""

    @abstractmethod
    def make_suite(self, run_seed: int) -> Suite:
        """The suite as a run of that seed has it."""

    @abstractmethod
    def make_jail(self) -> Jail:
        """A jail in which evaluators run."""

    def rules(self, suite: Suite) -> Episodes:
        """How the suite is played."""
        rules = suite.episodes(Pool.JUDGE)
        assert rules is not None and suite.episodes(Pool.PRACTICE) is not None
        return rules

    @pytest.mark.parametrize("pool", Pool)
    def test_every_case_has_a_rehearsal_that_holds(self, pool: Pool) -> None:
        """The question that an improver sees is that of the case, and its start runs on the practice instances."""
        suite = self.make_suite(3)
        jail = self.make_jail()
        try:
            for case in suite.cases(pool, 0, _SOME):
                rehearsal = self.rules(suite).rehearsal(case)
                assert canonical(rehearsal.question) == canonical(case.question)
                check_rehearsal(rehearsal, self.rules(suite), jail)
        finally:
            jail.close()

    def test_a_practice_batch_is_the_questions_of_its_rehearsals(self) -> None:
        """Problem number k of a message is rehearsal number k."""
        suite = self.make_suite(4)
        found = self.rules(suite).practice_rehearsals(2, 5)
        assert canonical(suite.practice_batch(2, 5)) == canonical({"problems": [one.question for one in found]})

    def test_practice_instances_are_no_hidden_ones(self) -> None:
        """What a candidate is tried on before is not what its answer is scored on."""
        suite = self.make_suite(5)
        for case in suite.cases(Pool.JUDGE, 0, _SOME):
            assert isinstance(case.probes, list)
            seen = {canonical(one) for one in self.rules(suite).rehearsal(case).instances}
            assert seen.isdisjoint(canonical(one) for one in case.probes)

    def test_hidden_jobs_are_run_side_by_side_and_scored(self) -> None:
        """The start gives an answer on the hidden instances; the same answer scores the same."""
        suite, jail = self.make_suite(6), self.make_jail()
        try:
            cases = list(suite.cases(Pool.JUDGE, 0, _SOME))
            jobs: list[Json] = [self.rules(suite).hidden_job(case, start_of(case.question)) for case in cases]
            assert self._scores(suite, jail, cases, jobs) == self._scores(suite, jail, cases, jobs)
        finally:
            jail.close()

    def _scores(self, suite: Suite, jail: Jail, cases: list[Case], jobs: list[Json]) -> list[float | None]:
        files, module = self.rules(suite).evaluator()
        reply = jail.call(Call(files=files, module=module, function="run", payload={"jobs": jobs}, limits=_LIMITS))
        assert reply.outcome is Outcome.ANSWERED, reply.reason
        assert isinstance(reply.value, dict) and isinstance(reply.value["transcripts"], list)
        rows = zip(cases, reply.value["transcripts"], strict=True)
        scores = [suite.score(case, start_of(case.question), found).value for case, found in rows]
        assert all(score is not None and 0.0 <= score <= 1.0 for score in scores)
        return scores
