"""What holds for list functions of every seed, pool and number."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rsi.core.records import Pool
from rsi.suites import ListFunctions, commitment, secret_seeds
from rsi.suites.scoring import same_values

seeds = st.integers(min_value=0, max_value=2**63)
indices = st.integers(min_value=0, max_value=10**9)
plain = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9), lambda inner: st.lists(inner, max_size=4))


def kind_of(value: object) -> str:
    if isinstance(value, list):
        return "list-of-bool" if value and all(type(x) is bool for x in value) else "list-of-int"
    return type(value).__name__


@given(seed=seeds, pool=st.sampled_from(Pool), index=indices)
def test_a_case_has_the_declared_types_on_shown_and_unseen_inputs(seed: int, pool: Pool, index: int) -> None:
    (case,) = ListFunctions(secret_seeds(seed)).cases(pool, index, 1)
    declared = case.question["type"]["output"]
    outputs = [example["o"] for example in case.question["examples"]] + case.expected
    assert {kind_of(out) for out in outputs if out != []} == {declared}
    assert all(type(x) is int for i in case.probes for x in i)


@given(seed=seeds, pool=st.sampled_from(Pool), index=indices)
def test_a_case_asks_for_something(seed: int, pool: Pool, index: int) -> None:
    (case,) = ListFunctions(secret_seeds(seed)).cases(pool, index, 1)
    shown = case.question["examples"]
    inputs = [example["i"] for example in shown]
    assert len(shown) == len(case.probes) == len(case.expected) == 10
    assert len({repr(i) for i in inputs + case.probes}) == 20
    for pairs in ([(e["i"], e["o"]) for e in shown], list(zip(case.probes, case.expected, strict=True))):
        assert len({repr(o) for _, o in pairs}) > 1
        assert any(not same_values(i, o) for i, o in pairs)


@given(seed=seeds, index=st.integers(0, 10**6))
def test_the_source_behind_a_case_gives_what_is_expected(seed: int, index: int) -> None:
    suite = ListFunctions(secret_seeds(seed))
    (case,) = suite.cases(Pool.SEALED, index, 1)
    names: dict = {}
    exec(suite.reference(Pool.SEALED, index), names)  # noqa: S102
    assert same_values([names["f"](list(xs)) for xs in case.probes], case.expected)


@given(seed=seeds, index=st.integers(0, 10**6), count=st.integers(1, 60))
def test_the_tasks_of_a_batch_differ_and_take_the_levels_in_turn(seed: int, index: int, count: int) -> None:
    batch = ListFunctions(secret_seeds(seed)).practice_batch(index, count)
    inputs, tasks = batch["inputs"], batch["tasks"]
    assert len(inputs) == 16 and batch["shown"] == 10 and all(1 <= len(xs) <= 10 for xs in inputs)
    assert len({repr(task["outputs"]) for task in tasks}) == len({task["id"] for task in tasks}) == len(tasks) == count
    assert all(len(task["outputs"]) == 16 for task in tasks)
    sizes = Counter(task["family"] for task in tasks)
    assert max(sizes.values()) - min(sizes.get(f"level {n}", 0) for n in (1, 2, 3, 4)) <= 1 + count // 10


@given(seed=seeds)
def test_pools_and_runs_have_seeds_of_their_own_that_fit_their_commitment(seed: int) -> None:
    own, next_ones = secret_seeds(seed), secret_seeds(seed + 1)
    assert len({*own.values(), *next_ones.values(), *secret_seeds(seed, salt="x").values()}) == 3 * len(Pool)
    assert secret_seeds(seed) == own
    assert len({commitment(value) for value in own.values()}) == len(Pool)
    assert all(len(commitment(value)) == 64 and value < 10**39 for value in own.values())


@given(value=plain)
def test_a_value_is_the_same_as_itself_and_as_nothing_that_is_written_differently(value: object) -> None:
    assert same_values(value, value)
    assert not same_values(value, [value])
    assert same_values(value, 1) is (type(value) is int and value == 1)
