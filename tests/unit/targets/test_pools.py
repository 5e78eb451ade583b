"""Pools of cases: from a file and from a generator."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rsi.core.errors import UserError
from rsi.core.records import Json, Pool
from rsi.targets.pools import FilePools, GeneratorPools, Row, read_cases, visible

ROWS: list[Row] = [{"id": f"c{n}", "x": n, "y": n * n} for n in range(100)]
FOUR = (Pool.PRACTICE, Pool.CALIBRATION, Pool.JUDGE, Pool.SEALED)


def pools(rows: list[Row], secret: int = 1) -> FilePools:
    return FilePools(rows, ("y",), secret, Path("cases.jsonl"))


def names(found: FilePools, pool: Pool) -> list[str]:
    return [name for name, _ in found.take(pool, 0, found.size(pool))]


def test_a_file_is_split_into_disjoint_pools_by_a_secret() -> None:
    found, same, other = pools(ROWS), pools(list(reversed(ROWS))), pools(ROWS, 2)
    sizes = {pool: found.size(pool) for pool in FOUR}
    assert sizes == {Pool.PRACTICE: 30, Pool.CALIBRATION: 10, Pool.JUDGE: 40, Pool.SEALED: 20}
    assert Counter(name for pool in FOUR for name in names(found, pool)) == Counter(str(row["id"]) for row in ROWS)
    assert all(names(found, pool) == names(same, pool) != names(other, pool) for pool in FOUR)


def test_practice_and_judge_cases_come_round_again_and_sealed_ones_never_do() -> None:
    found = pools(ROWS)
    assert found.take(Pool.JUDGE, 40, 40) == found.take(Pool.JUDGE, 0, 40)
    assert len(found.take(Pool.SEALED, 15, 40)) == 5 and not found.take(Pool.SEALED, 20, 5) and not found.take(Pool.SAFETY, 0, 5)


def test_cases_that_look_the_same_share_a_pool() -> None:
    twins: list[Row] = [*ROWS, *({"id": f"t{n}", "x": n, "y": -1} for n in range(100))]
    found = pools(twins)
    where = {name: pool for pool in FOUR for name in names(found, pool)}
    assert all(where[f"c{n}"] is where[f"t{n}"] for n in range(100))


def test_a_field_can_say_which_pool_a_case_is_of() -> None:
    said = ["practice"] * 30 + ["judge"] * 50 + ["sealed"] * 20
    found = pools([{**row, "pool": pool} for row, pool in zip(ROWS, said, strict=True)])
    assert (found.size(Pool.PRACTICE), found.size(Pool.CALIBRATION), found.size(Pool.JUDGE), found.size(Pool.SEALED)) == (30, 10, 40, 20)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS[:39], "39 different cases are too few"),
        ([{"id": f"c{n}", "x": 1} for n in range(90)], "1 different cases are too few"),
        ([{**row, "pool": "jugde"} for row in ROWS], "unknown pool 'jugde'; did you mean 'judge'?"),
        ([*ROWS[:50], *({**row, "pool": "judge"} for row in ROWS[50:])], "some cases have a field pool and this one has none"),
        ([{**row, "pool": "judge"} for row in ROWS], "0 different cases are of the pool practice"),
        ([{**row, "pool": ("judge", "sealed")[n % 2], "x": 1} for n, row in enumerate(ROWS)], "are in two pools"),
    ],
)
def test_pools_that_nothing_could_be_judged_on_are_refused(rows: list[Row], said: str) -> None:
    with pytest.raises(UserError, match=r"cases\.jsonl") as caught:
        pools(rows)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", ":2: each line is one case as a JSON object"),
        ("{", ":2: not JSON"),
        ('{"x": 1}', ":2: the field 'y' is missing"),
        ('{"y": 1, "id": "a"}', ":2: the id 'a' stands in line 1 already"),
        ('{"y": 1, "family": ""}', ":2: family should be a text"),
        ('{"y": NaN}', ":2: NaN is not plain data"),
    ],
)
def test_a_line_that_is_no_case_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "a", "y": 0}\n' + line + "\n", "utf-8")
    with pytest.raises(UserError) as caught:
        read_cases(path, ("y",))
    assert said in str(caught.value)


def test_a_candidate_sees_neither_hidden_fields_nor_names_of_pools() -> None:
    row: Row = {"id": "a", "pool": "judge", "family": "f", "x": 1, "y": 2}
    assert visible(row, ("y",)) == {"x": 1}


def test_a_generator_is_always_asked_for_the_same_blocks_with_a_seed_that_is_not_the_pools() -> None:
    asked: list[tuple[int, int, int]] = []

    def make(seed: int, start: int, count: int) -> list[Row]:
        asked.append((seed, start, count))
        return [{"n": start + place, "all": count, "y": 0} for place in range(count)]

    found = GeneratorPools(make, {pool: 5 for pool in Pool}, "make.py:cases", ("y",))
    got: list[Json] = [row["n"] for _, row in found.take(Pool.JUDGE, 30, 5)]
    assert got == [30, 31, 32, 33, 34] and [(start, count) for _, start, count in asked] == [(16, 16), (32, 16)]
    found.take(Pool.SEALED, 0, 1)
    assert len({seed for seed, _, _ in asked}) == 2 and 5 not in {seed for seed, _, _ in asked}
    with pytest.raises(UserError, match="make.py:cases: cases have no field 'z'"):
        GeneratorPools(make, {Pool.JUDGE: 1}, "make.py:cases", ("z",)).take(Pool.JUDGE, 0, 1)


def test_rows_of_a_file_keep_its_order(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(row) + "\n\n" for row in ROWS), "utf-8")
    assert read_cases(path, ("y",)) == ROWS
