"""The cases of a target in pools: from a file, split by a secret seed or by a field; or from a generator, as many as are asked for.

Covers: lines that are no case, ids that recur, cases that look the same to a candidate (they share a pool, so that none gives another
away), pools that are too small to judge on.
Does not cover: a generator that gives one question in two pools (`rsi check` looks for that), and ids or families that say too much (no
candidate sees them).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rsi.config import nearest
from rsi.core.codec import canonical, loads
from rsi.core.errors import MessageError, UserError
from rsi.core.records import Json, Pool
from rsi.suites.seeds import number_of

__all__ = ["FilePools", "GeneratorPools", "Pools", "Row", "read_cases", "visible"]

Row = Mapping[str, Json]
"""A case as its file or generator gives it."""
_OURS = ("id", "pool", "family")
"""Fields that are no part of what a candidate sees."""
_SHARES = {Pool.PRACTICE: 0.3, Pool.CALIBRATION: 0.1, Pool.JUDGE: 0.4, Pool.SEALED: 0.2}
_FEWEST = {Pool.PRACTICE: 4, Pool.CALIBRATION: 4, Pool.JUDGE: 16, Pool.SEALED: 8}
_FEWEST_CASES = 40
_FROM_JUDGE = 0.2
_CHUNK, _MOST_CHUNKS = 16, 512
_MOST_BYTES = 256_000_000
_MOST_LINE = 8_000_000


class Pools(Protocol):
    """Where the cases of each pool come from."""

    def size(self, pool: Pool) -> int | None:
        """How many different cases a pool has; None where as many as are asked for."""

    def take(self, pool: Pool, start: int, count: int) -> Sequence[tuple[str, Row]]:
        """Cases `start` … `start + count − 1` of a pool with their names; fewer where it has no more."""


def visible(row: Row, hidden: Sequence[str]) -> dict[str, Json]:
    """What a candidate sees of a case."""
    return {name: value for name, value in row.items() if name not in _OURS and name not in hidden}


def read_cases(path: Path, hidden: Sequence[str]) -> list[Row]:
    """The cases of a file, in its order.

    Raises:
        UserError: a line is no case, or lacks a field that is hidden; names the line.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if len(raw) > _MOST_BYTES:
        raise UserError(f"{path} has {len(raw)} bytes; at most {_MOST_BYTES} are read, so take a generator")
    rows: list[Row] = []
    names: dict[str, int] = {}
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip():
            row = _row(line, hidden, f"{path}:{number}")
            name = row.get("id")
            if isinstance(name, str) and names.setdefault(name, number) != number:
                raise UserError(f"{path}:{number}: the id {name!r} stands in line {names[name]} already; give each case its own, or none")
            rows.append(row)
    return rows


def _row(line: bytes, hidden: Sequence[str], at: str) -> Row:
    try:
        row = loads(line, max_bytes=_MOST_LINE)
    except MessageError as error:
        raise UserError(f"{at}: {error}; each line is one case as a JSON object") from None
    if not isinstance(row, dict):
        raise UserError(f"{at}: each line is one case as a JSON object, and this is none")
    for field in ("id", "family"):
        name = row.get(field)
        if field in row and not (isinstance(name, str) and name.strip() and name.isprintable() and len(name) <= 80):
            raise UserError(f"{at}: {field} should be a text of 1 to 80 printable characters")
    lacking = next((name for name in hidden if name not in row), None)
    if lacking is not None:
        raise UserError(f"{at}: the field {lacking!r} is missing, which cases.hidden names; add it, or take it out there")
    return row


class FilePools:
    """A fixed list of cases. Practice and judge cases come round again when all were had, the others do not.

    Args:
        rows: all cases.
        hidden: fields that a candidate never sees.
        secret: decides which case is in which pool, where no field `pool` says so.
        path: the file, for messages.
    """

    def __init__(self, rows: Sequence[Row], hidden: Sequence[str], secret: int, path: Path) -> None:
        """Split the cases.

        Raises:
            UserError: there are too few, or some say which pool they are of and others do not.
        """
        groups = _groups(rows, hidden, secret)
        self._pools = _by_field(groups, path) if any("pool" in row for row in rows) else _by_share(groups, path)

    def size(self, pool: Pool) -> int:
        """How many cases a pool has."""
        return len(self._pools.get(pool, ()))

    def take(self, pool: Pool, start: int, count: int) -> Sequence[tuple[str, Row]]:
        """Cases of a pool."""
        rows = self._pools.get(pool, ())
        if rows and pool in (Pool.PRACTICE, Pool.JUDGE):
            return [rows[index % len(rows)] for index in range(start, start + count)]
        return rows[start : start + count]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Cases that look the same to a candidate, with their names."""

    rows: tuple[tuple[str, Row], ...]


def _groups(rows: Sequence[Row], hidden: Sequence[str], secret: int) -> list[_Group]:
    """Cases by what can be seen of them, in an order that only the secret tells."""
    found: dict[bytes, list[tuple[str, Row]]] = {}
    for number, row in enumerate(rows, 1):
        name = row.get("id")
        found.setdefault(canonical(visible(row, hidden)), []).append((name if isinstance(name, str) else f"case {number}", row))
    order = sorted(found, key=lambda seen: number_of("split", secret, seen.hex()))
    return [_Group(rows=tuple(found[seen])) for seen in order]


def _by_share(groups: Sequence[_Group], path: Path) -> dict[Pool, tuple[tuple[str, Row], ...]]:
    if len(groups) < _FEWEST_CASES:
        raise UserError(
            f"{path}: {len(groups)} different cases are too few to practise, judge and certify on; {_FEWEST_CASES} are the least: "
            "add some, or take a generator"
        )
    pools: dict[Pool, tuple[tuple[str, Row], ...]] = {}
    at = 0
    for pool, share in _SHARES.items():
        until = at + int(share * len(groups))
        pools[pool] = _flat(groups[at:until])
        at = until
    return {**pools, Pool.JUDGE: (*pools[Pool.JUDGE], *_flat(groups[at:]))}


def _by_field(groups: Sequence[_Group], path: Path) -> dict[Pool, tuple[tuple[str, Row], ...]]:
    known = [pool.value for pool in Pool]
    pools: dict[Pool, list[_Group]] = {pool: [] for pool in Pool}
    for group in groups:
        said = {str(row.get("pool", "")) for _, row in group.rows}
        name, value = group.rows[0][0], said.pop()
        if said:
            raise UserError(f"{path}: {name!r} and another case look the same to a candidate and are in two pools; put them into one")
        if value not in known:
            advice = "some cases have a field pool and this one has none" if not value else f"unknown pool {value!r}{nearest(value, known)}"
            raise UserError(f"{path}: {name!r}: {advice}")
        pools[Pool(value)].append(group)
    if not pools[Pool.CALIBRATION]:
        cut = int(_FROM_JUDGE * len(pools[Pool.JUDGE]))
        pools[Pool.CALIBRATION], pools[Pool.JUDGE] = pools[Pool.JUDGE][:cut], pools[Pool.JUDGE][cut:]
    for pool, least in _FEWEST.items():
        if len(pools[pool]) < least:
            raise UserError(f"{path}: {len(pools[pool])} different cases are of the pool {pool.value}; {least} are the least, so add some")
    return {pool: _flat(members) for pool, members in pools.items()}


def _flat(groups: Iterable[_Group]) -> tuple[tuple[str, Row], ...]:
    return tuple(row for group in groups for row in group.rows)


class GeneratorPools:
    """Cases that a generator makes, as many as are asked for. Each pool has a seed of its own, which tells nothing of the pool's secret.

    It is always asked for the same blocks, so that a generator whose cases depend on one another gives the same ones every time.

    Args:
        make: the generator: (seed, start, count).
        seeds: the secret seed of each pool.
        who: the generator's name, for messages.
        hidden: fields that each case must have.
    """

    def __init__(self, make: Callable[[int, int, int], Sequence[Row]], seeds: Mapping[Pool, int], who: str, hidden: Sequence[str]) -> None:
        """Nothing is made yet."""
        self._make, self._who, self._hidden = make, who, tuple(hidden)
        self._seeds = {pool: number_of("target cases", pool.value, seed) >> 193 for pool, seed in seeds.items()}
        self._made: dict[tuple[Pool, int], Sequence[tuple[str, Row]]] = {}

    def size(self, pool: Pool) -> None:
        """As many as are asked for."""
        return None

    def take(self, pool: Pool, start: int, count: int) -> Sequence[tuple[str, Row]]:
        """Cases of a pool."""
        return [row for row in self._some(pool, start, count)]

    def _some(self, pool: Pool, start: int, count: int) -> Iterator[tuple[str, Row]]:
        for index in range(start, start + count):
            yield self._chunk(pool, index // _CHUNK)[index % _CHUNK]

    def _chunk(self, pool: Pool, number: int) -> Sequence[tuple[str, Row]]:
        if (pool, number) not in self._made:
            seed, first = self._seeds[pool], number * _CHUNK
            rows = self._make(seed, first, _CHUNK)
            lacking = next((name for row in rows for name in self._hidden if name not in row), None)
            if lacking is not None:
                raise UserError(f"{self._who}: cases have no field {lacking!r}, which cases.hidden names; add it, or take it out there")
            if len(self._made) >= _MOST_CHUNKS:
                del self._made[next(iter(self._made))]
            self._made[pool, number] = [(_named(pool, seed, first + place), row) for place, row in enumerate(rows)]
        return self._made[pool, number]


def _named(pool: Pool, seed: int, index: int) -> str:
    return f"{number_of('target case', pool.value, seed, index) >> 192:016x}"
