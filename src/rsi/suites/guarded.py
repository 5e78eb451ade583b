"""A suite and beside it a safety suite, as one: the cases of the safety pool come from the other suite, all others from the first."""

from collections.abc import Sequence

from rsi.core.protocols import Episodes, Execution, Score, Suite
from rsi.core.records import Case, Json, Pool

__all__ = ["Guarded"]


class Guarded:
    """What a run is judged on, with the suite on which nothing that it keeps may do harm.

    Args:
        suite: of practice, calibration, judge and sealed cases.
        safety: of the safety cases; both keep to the pools' secret seeds, which are disjoint.
    """

    def __init__(self, suite: Suite, safety: Suite) -> None:
        """Nothing is generated before it is asked for."""
        self._suite = suite
        self._safety = safety

    @property
    def name(self) -> str:
        """Name of what the run is judged on."""
        return self._suite.name

    @property
    def required_tier(self) -> str:
        """The weakest jail that keeps the hidden cases of both hidden."""
        return max(self._suite.required_tier, self._safety.required_tier)

    def size(self, pool: Pool) -> int | None:
        """How many different cases a pool has."""
        return self._of(pool).size(pool)

    def episodes(self, pool: Pool) -> Episodes | None:
        """How programs are improved in cases of a pool."""
        return self._of(pool).episodes(pool)

    def execution(self, pool: Pool) -> Execution | None:
        """How a candidate is run on cases of a pool."""
        return self._of(pool).execution(pool)

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        """Cases of a pool."""
        return self._of(pool).cases(pool, start, count)

    def practice_batch(self, index: int, count: int) -> Json:
        """Practice batch number `index`, of what the run is judged on."""
        return self._suite.practice_batch(index, count)

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """Score an answer, as the suite of the case does."""
        return self._of(case.pool).score(case, answer, outputs)

    def _of(self, pool: Pool) -> Suite:
        return self._safety if pool is Pool.SAFETY else self._suite
