"""A target's cases and their scoring as a suite: what the race, the certificate and step 0 of a run need to know of it.

A case that is run costs one program. Scores of the metric are clipped and turned so that they are in [0, 1] and higher is better.

Covers: hidden fields (they stay in `Case.expected`), outputs of another type than the target promises.
Does not cover: a scorer that can be talked into a score by an output; it is the user's own.
"""

from collections.abc import Callable, Mapping

from rsi.core.codec import loads
from rsi.core.protocols import Execution, Score
from rsi.core.records import Case, CaseId, Json, Pool
from rsi.suites.seeds import number_of
from rsi.targets.load import Target, execution_of
from rsi.targets.pools import FilePools, GeneratorPools, Pools, Row, read_cases, visible
from rsi.targets.scorer import Scorer
from rsi.targets.spec import GivenCases

__all__ = ["TargetSuite"]

_SCORED = "scored"
_MOST_ROW = 1_000_000


class TargetSuite:
    """The cases of a target under the secret seeds of a run.

    Args:
        target: whose cases they are.
        seeds: the secret seed of every pool.
        scorer: its process; shared by all suites of the target, and closed by whoever made it.
    """

    def __init__(self, target: Target, seeds: Mapping[Pool, int], scorer: Scorer) -> None:
        """Read the cases, if they are in a file; a generator is asked when the first case is.

        Raises:
            UserError: the file is no list of cases, or there are too few; names the line.
        """
        self._target, self._scorer = target, scorer
        self._hidden = target.spec.cases.hidden
        self._execution = execution_of(target)
        self._pools = _pools(target, seeds, scorer)

    @property
    def name(self) -> str:
        """The target's name."""
        return self._target.name

    @property
    def required_tier(self) -> str:
        """What the target asks for."""
        return self._target.spec.tier

    def episodes(self, pool: Pool) -> None:
        """No program is improved here."""
        return None

    def execution(self, pool: Pool) -> Execution:
        """The candidate is the program."""
        return self._execution

    def size(self, pool: Pool) -> int | None:
        """How many different cases a pool has."""
        return self._pools.size(pool)

    def cases(self, pool: Pool, start: int, count: int) -> list[Case]:
        """Cases of a pool; practice and judge cases of a file come round again, the other pools end."""
        return [self._case(pool, name, row) for name, row in self._pools.take(pool, start, count)]

    def _case(self, pool: Pool, name: str, row: Row) -> Case:
        return Case(
            id=CaseId(name),
            family=str(row.get("family", self._target.name)),
            pool=pool,
            question=visible(row, self._hidden),
            expected=[row[field] for field in self._hidden] if self._hidden else None,
        )

    def practice_batch(self, index: int, count: int) -> Json:
        """Practice cases as an agent may see them: without their hidden fields."""
        return {"cases": [{"id": case.id, "input": case.question} for case in self.cases(Pool.PRACTICE, index * count, count)]}

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """What the scorer says of an output, in [0, 1].

        Raises:
            InfrastructureError: the scorer failed; names file and line.
        """
        if answer is None:
            return Score(value=0.0, label="not found")
        if outputs is None:
            return Score(value=None, label="no answer")
        wanted = self._target.spec.case.output
        if not _TYPES[wanted](outputs):
            return Score(value=0.0, label=f"no {wanted}", feedback=f"an output should be of the type {wanted}")
        given = self._scorer.score(self._whole(case), outputs)
        if given.value is None:
            return Score(value=None, label=given.label or "no valid answer", feedback=given.feedback)
        return Score(value=self._target.spec.score.scaled(given.value), label=given.label or _SCORED, feedback=given.feedback)

    def _whole(self, case: Case) -> Json:
        """The case as its scorer sees it."""
        assert isinstance(case.question, dict)
        hidden = case.expected if isinstance(case.expected, list) else []
        return {"id": case.id, **case.question, **dict(zip(self._hidden, hidden, strict=True))}


def _pools(target: Target, seeds: Mapping[Pool, int], scorer: Scorer) -> Pools:
    wanted = target.spec.cases
    secret = number_of("target", seeds[Pool.SEALED])
    if isinstance(wanted, GivenCases) and wanted.rows:
        return FilePools([_row(text) for text in wanted.rows], wanted.hidden, secret, target.folder)
    if wanted.generator:
        return GeneratorPools(scorer.cases, seeds, wanted.generator, wanted.hidden)
    path = target.folder / wanted.file
    return FilePools(read_cases(path, wanted.hidden), wanted.hidden, secret, path)


def _row(text: str) -> Row:
    row = loads(text.encode(), max_bytes=_MOST_ROW)
    assert isinstance(row, dict)
    return row


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[Json], bool]] = {
    "any": lambda value: True,
    "number": _is_number,
    "text": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "boolean": lambda value: isinstance(value, bool),
}
