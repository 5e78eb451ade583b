"""What every suite must hold to: subclass `SuiteConformance` and give it a suite for a run's seed.

A suite whose expected answer is one output for each probe subclasses `ProbedSuiteConformance`, which asks for more.

class TestMySuite(SuiteConformance):
    def make_suite(self, run_seed: int) -> Suite:
        return MySuite(secret_seeds(run_seed))
"""

from abc import ABC, abstractmethod

import pytest

from rsi.core.codec import canonical, decode, encode
from rsi.core.protocols import Suite
from rsi.core.records import Case, Json, Pool

__all__ = ["ProbedSuiteConformance", "SuiteConformance"]

_HIDDEN = (Pool.JUDGE, Pool.SEALED, Pool.SAFETY)
_SOME = 40


class SuiteConformance(ABC):
    """The contract of `rsi.core.protocols.Suite`."""

    @abstractmethod
    def make_suite(self, run_seed: int) -> Suite:
        """The suite as a run of that seed has it."""

    @pytest.mark.parametrize("pool", Pool)
    def test_the_same_seed_gives_the_same_cases(self, pool: Pool) -> None:
        """Two suites of one seed agree, whatever was asked of them before."""
        one, other = self.make_suite(1), self.make_suite(1)
        other.cases(Pool.JUDGE, 100, 3)
        some = _some(one, pool)
        assert list(one.cases(pool, 0, some)) == list(other.cases(pool, 0, some))

    @pytest.mark.parametrize("pool", Pool)
    def test_a_case_does_not_depend_on_the_cases_asked_for_with_it(self, pool: Pool) -> None:
        """Number 7 is the same alone, in a block and after number 8."""
        suite = self.make_suite(2)
        some = _some(suite, pool)
        block = suite.cases(pool, 0, some)
        assert [suite.cases(pool, i, 1)[0] for i in reversed(range(some))] == list(reversed(block))

    def test_it_says_which_jail_its_hidden_cases_ask_for(self) -> None:
        """One of the tiers."""
        assert self.make_suite(1).required_tier in ("S0", "S1", "S2", "S3", "S4")

    def test_no_cases_are_no_cases(self) -> None:
        """An empty block is empty."""
        assert list(self.make_suite(1).cases(Pool.JUDGE, 5, 0)) == []

    def test_ids_never_recur_within_or_across_pools_and_seeds(self) -> None:
        """A case is named once; a fixed list has the same cases for every seed."""
        ids = [case.id for case in self._of_all_pools()]
        assert len(set(ids)) == len(ids)

    def test_no_question_recurs_across_pools_and_seeds(self) -> None:
        """What was seen in one pool or run gives nothing away in another."""
        cases = self._of_all_pools()
        asked = [canonical(_without_id(case.question)) for case in cases]
        assert len(set(asked)) == len(asked)

    @pytest.mark.parametrize("pool", _HIDDEN)
    def test_a_hidden_case_does_not_carry_its_answer(self, pool: Pool) -> None:
        """Neither the probes nor what is expected on them stands in a question."""
        suite = self.make_suite(3)
        for case in suite.cases(pool, 0, _some(suite, pool)):
            question = canonical(case.question)
            assert case.expected is None or canonical(case.expected) not in question
            assert case.probes is None or canonical(case.probes) not in question

    def test_a_case_survives_the_codec(self) -> None:
        """Cases are plain data."""
        for case in self.make_suite(4).cases(Pool.PRACTICE, 0, 8):
            assert decode(Case, encode(case)) == case

    def test_outputs_of_no_known_shape_score_less_than_right_ones(self) -> None:
        """Things that are no list of outputs at all."""
        suite = self.make_suite(5)
        for case in suite.cases(Pool.JUDGE, 0, 8):
            shapes: tuple[Json, ...] = ("nothing of the kind", [], {})
            for outputs in shapes:
                score = suite.score(case, "any", outputs)
                assert score.value is None or 0.0 <= score.value < 1.0

    def test_nothing_found_scores_the_floor_and_nothing_run_has_no_score(self) -> None:
        """The two are told apart."""
        suite = self.make_suite(6)
        case = suite.cases(Pool.JUDGE, 0, 1)[0]
        assert suite.score(case, None, None).value == 0.0
        assert suite.score(case, "any", None).value is None
        assert suite.score(case, None, None).label != suite.score(case, "any", None).label

    def test_a_practice_batch_is_the_same_whenever_it_is_asked_for(self) -> None:
        """And another number gives another batch."""
        suite = self.make_suite(7)
        batch = canonical(suite.practice_batch(3, 12))
        assert canonical(self.make_suite(7).practice_batch(3, 12)) == batch != canonical(suite.practice_batch(4, 12))

    def test_practice_depends_on_no_hidden_seed(self) -> None:
        """A practice batch shares no id with any pool's cases."""
        suite = self.make_suite(8)
        hidden = {str(case.id) for pool in _HIDDEN for case in suite.cases(pool, 0, _some(suite, pool))}
        assert not [name for name in hidden if name.encode() in canonical(suite.practice_batch(0, 24))]

    def test_it_says_in_one_way_at_most_that_cases_are_not_answered_with_programs(self) -> None:
        """A candidate improves programs, or is one, or neither."""
        suite = self.make_suite(1)
        assert all(suite.episodes(pool) is None or suite.execution(pool) is None for pool in Pool)

    def _of_all_pools(self) -> list[Case]:
        """Cases of every pool, for two seeds where a generator makes them."""
        suites = [self.make_suite(seed) for seed in (1, 2)]
        fixed = suites[0].size(Pool.JUDGE) is not None
        return [case for suite in suites[: 1 if fixed else 2] for pool in Pool for case in suite.cases(pool, 0, _some(suite, pool))]


class ProbedSuiteConformance(SuiteConformance):
    """The same for suites whose expected answer is one output per probe."""

    def test_the_expected_outputs_score_one(self) -> None:
        """Higher is better, and right is the best."""
        suite = self.make_suite(5)
        assert {suite.score(case, "any", case.expected).value for case in suite.cases(Pool.JUDGE, 0, 8)} == {1.0}

    def test_too_few_of_the_expected_outputs_score_less_than_all(self) -> None:
        """An answer that stops half-way is wrong."""
        suite = self.make_suite(5)
        for case in suite.cases(Pool.JUDGE, 0, 8):
            score = suite.score(case, "any", _truncated(case.expected))
            assert score.value is not None and 0.0 <= score.value < 1.0


def _some(suite: Suite, pool: Pool) -> int:
    """How many cases are looked at: some, or all of a short list."""
    size = suite.size(pool)
    return _SOME if size is None else min(_SOME, size)


def _without_id(question: Json) -> Json:
    return {k: v for k, v in question.items() if k != "id"} if isinstance(question, dict) else question


def _truncated(expected: Json) -> Json:
    return expected[:-1] if isinstance(expected, list) else None
