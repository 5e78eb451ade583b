"""Judge cases in seasons: each season has a secret seed of its own, which may be revealed while the next ones stay secret."""

from collections.abc import Callable, Mapping, Sequence

from rsi.core.protocols import Episodes, Execution, Score, Suite
from rsi.core.records import Case, Json, Pool
from rsi.suites.seeds import season_seed

__all__ = ["Seasonal"]


class Seasonal:
    """A suite whose judge cases come in seasons of so many: case `i` belongs to season `i // length`.

    Args:
        make: the suite over some secret seeds.
        seeds: of every pool; each season's follows from that of the judge's pool.
        length: cases per season.
    """

    def __init__(self, make: Callable[[Mapping[Pool, int]], Suite], seeds: Mapping[Pool, int], length: int) -> None:
        """No season is made before a case of it is asked for."""
        self._make = make
        self._seeds = dict(seeds)
        self._length = length
        self._whole = make(self._seeds)
        self._season: tuple[int, Suite] | None = None

    @property
    def name(self) -> str:
        """Name, as in configuration."""
        return self._whole.name

    @property
    def required_tier(self) -> str:
        """The weakest jail that keeps its hidden cases hidden."""
        return self._whole.required_tier

    def episodes(self, pool: Pool) -> Episodes | None:
        """How programs are improved in cases of a pool."""
        return self._whole.episodes(pool)

    def execution(self, pool: Pool) -> Execution | None:
        """How a candidate is run on cases of a pool."""
        return self._whole.execution(pool)

    def size(self, pool: Pool) -> int | None:
        """How many different cases a pool has."""
        return self._whole.size(pool)

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        """Cases of a pool; a block of the judge's may reach over the end of a season."""
        if pool is not Pool.JUDGE:
            return self._whole.cases(pool, start, count)
        found: list[Case] = []
        while len(found) < count:
            first = start + len(found)
            season = first // self._length
            part = min(count - len(found), (season + 1) * self._length - first)
            cases = self._of(season).cases(pool, first, part)
            found.extend(cases)
            if len(cases) < part:
                break
        return found

    def _of(self, season: int) -> Suite:
        if self._season is None or self._season[0] != season:
            seed = season_seed(self._seeds[Pool.JUDGE], season)
            self._season = season, self._make({**self._seeds, Pool.JUDGE: seed})
        return self._season[1]

    def practice_batch(self, index: int, count: int) -> Json:
        """Practice batch number `index`."""
        return self._whole.practice_batch(index, count)

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """Score an answer, as the suite does."""
        return self._whole.score(case, answer, outputs)
