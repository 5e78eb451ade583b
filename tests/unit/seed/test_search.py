"""The seed agent's search: exact budgets, cheapest first, never an answer that disagrees with what was shown."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.seed.support import Program, agent, base, exactly, run, untrained

parts = agent()
INPUTS = [[3, 1, 4], [1, 5, 9, 2], [6], [5, 3, 5, 8], [2, 7, 1, 8, 2], [0, 4], [9, 9, 2, 1], [5], [1, 2], [2, 4, 6], [7, 0], [5, 1]]
UNSEEN = [[8, 3, 1, 1], [2], [7, 6, 5], [1, 2, 3, 4, 5, 6], [0, 0, 3]]
NEVER = {"L": {"never": [0]}}

LEVEL_1: dict[str, tuple[str, Callable[[list[int]], object]]] = {
    "the list": ("list-of-int", lambda xs: xs),
    "sorted": ("list-of-int", sorted),
    "backwards": ("list-of-int", lambda xs: xs[::-1]),
    "without the first": ("list-of-int", lambda xs: xs[1:]),
    "without the last": ("list-of-int", lambda xs: xs[:-1]),
    "the first two": ("list-of-int", lambda xs: xs[:2]),
    "each plus one": ("list-of-int", lambda xs: [x + 1 for x in xs]),
    "each twice as large": ("list-of-int", lambda xs: [2 * x for x in xs]),
    "positions": ("list-of-int", lambda xs: list(range(len(xs)))),
    "the large ones": ("list-of-int", lambda xs: [x for x in xs if x > 3]),
    "no repeats": ("list-of-int", lambda xs: list(dict.fromkeys(xs))),
    "running sums": ("list-of-int", lambda xs: list(itertools.accumulate(xs))),
    "twice": ("list-of-int", lambda xs: xs + xs),
    "with a one behind": ("list-of-int", lambda xs: [*xs, 1]),
    "the first alone": ("list-of-int", lambda xs: [xs[0]]),
    "length": ("int", len),
    "sum": ("int", sum),
    "largest": ("int", max),
    "last": ("int", lambda xs: xs[-1]),
    "number of odd ones": ("int", lambda xs: sum(x % 2 for x in xs)),
    "has a five": ("bool", lambda xs: 5 in xs),
    "longer than two": ("bool", lambda xs: len(xs) > 2),
    "is sorted": ("bool", lambda xs: xs == sorted(xs)),
    "which are large": ("list-of-bool", lambda xs: [x > 3 for x in xs]),
}


def question(kind: str, inputs: list[Any], outputs: list[Any], argument: str = "list-of-int") -> dict[str, Any]:
    examples = [{"i": i, "o": o} for i, o in zip(inputs, outputs, strict=True)]
    return {"id": "q", "type": {"input": argument, "output": kind}, "examples": examples}


def enumeration(targets: dict[str, Any] | None = None, costs: Any = None, roots: str = "BILM", inputs: Any = INPUTS) -> Any:
    scope = parts.grammar.Scope(inputs, "list-of-int")
    return parts.search.Enumeration(base(), costs or untrained()["costs"], scope, targets or NEVER, list(roots))


def uneven(seed: int) -> dict[str, dict[str, int]]:
    """Costs as different as those of a trained model."""
    rng = random.Random(seed)
    costs = {slot: {name: rng.randint(1, 12) for name in row} for slot, row in untrained()["costs"].items()}
    return costs | {p.name + ".1": costs[p.name + ".0"] for p in base().values() if p.symmetric}


def built(search: Any) -> list[tuple[Any, Program]]:
    entries = [entry for levels in search.buckets.values() for bucket in levels.values() for entry in bucket]
    return [(value, program) for value, program, *_ in entries]


@pytest.mark.parametrize("budget", [0, 1, 2, 7, 100, 1234, 20_000])
def test_a_search_tries_exactly_as_many_programs_as_it_may(budget: int) -> None:
    for costs in (None, uneven(1), uneven(2)):
        search = enumeration(costs=costs)
        search.run(budget)
        assert search.tried == budget == sum(search.spent.values())


def test_a_search_gives_the_same_again_and_a_longer_one_begins_with_it() -> None:
    _, first, again, longer = enumeration().run(1), enumeration(), enumeration(), enumeration()
    for search, budget in ((first, 3000), (again, 3000), (longer, 6000)):
        search.run(budget)
    assert built(first) == built(again) and len(built(first)) > 500
    assert {program for _, program in built(first)} < {program for _, program in built(longer)}


def level_of(program: Program, search: Any) -> int:
    """Least cost of a whole program that contains this one."""
    level: int = search.outside[program[0]]
    for node in parts.expressions.nodes(program):
        level += sum(search.costs[f"{node[0]}.{j}"][child[0]] for j, child in enumerate(node[1:]))
    return level


@pytest.mark.parametrize("seed", range(4))
def test_programs_are_found_cheapest_first(seed: int) -> None:
    costs = uneven(seed)
    search = enumeration(costs=costs)
    search.run(4000)
    values: dict[str, dict[Any, list[int]]] = {kind: {} for kind in "BILM"}
    for number, (value, program) in enumerate(built(search)):
        kind = base()[program[0]].result
        if kind in values:
            values[kind][value] = [number]
    second = enumeration(values, costs=costs)
    found = [level_of(program, second) for _, program in second.run(4000)]
    assert len(found) > 200 and found == sorted(found) and found[0] < found[-1]


FEW = (
    "xs",
    "fx",
    "f1",
    "I0",
    "I2",
    "len",
    "tail",
    "concat",
    "take",
    "map",
    "filter",
    "scan",
    "gx",
    "ga",
    "g+",
    "f+",
    "q<",
    "B<",
    "ifL",
    "Iif",
)


def every_program(language: dict[str, Any], kind: str, size: int) -> list[Program]:
    """All programs of a kind with exactly so many productions."""
    found: list[Program] = []
    for production in language.values():
        if production.result == kind and len(production.args) < size:
            for split in splits(size - 1, len(production.args)):
                choices = [every_program(language, part, count) for part, count in zip(production.args, split, strict=True)]
                found += [(production.name, *children) for children in itertools.product(*choices)]
    return found


def splits(total: int, parts_: int) -> list[tuple[int, ...]]:
    """All ways to share `total` among so many, at least one each."""
    if parts_ == 0:
        return [()] if total == 0 else []
    return [(first, *rest) for first in range(1, total + 1) for rest in splits(total - first, parts_ - 1)]


@pytest.mark.parametrize("seed", range(3))
def test_no_behaviour_of_a_cheap_program_is_missed(seed: int) -> None:
    """Where a choice costs the same in every place, a search has every value of the programs as cheap as those it is through with."""
    few = {name: base()[name] for name in FEW}
    rng = random.Random(seed)
    prices = {name: rng.choice((1, 2, 4)) if few[name].args else 3 for name in FEW}
    slots = parts.model.slot_names(few)
    costs = {slot: {p.name: prices[p.name] for p in few.values() if p.result == kind} for slot, kind in slots.items()}
    inputs = [[2, 1, 3], [0, 4], [5, 1, 1, 2]]
    search = parts.search.Enumeration(few, costs, parts.grammar.Scope(inputs, "list-of-int"), NEVER, ["L", "I", "B"])
    search.run(60_000)
    done = max(level_of(program, search) for _, program in built(search)) - 1
    checked = 0
    for kind, size in itertools.product("LIB", range(1, 7)):
        for program in every_program(few, kind, size):
            value = value_of(program, few, inputs)
            if value is not None and sum(prices[node[0]] for node in parts.expressions.nodes(program)) <= done:
                assert value in search.seen[kind], parts.expressions.to_text(program)
                checked += 1
    assert checked > 500


def value_of(program: Program, language: dict[str, Any], inputs: Any) -> Any:
    try:
        return parts.expressions.value_of(program, language, parts.grammar.Scope(inputs, "list-of-int"))
    except parts.dreams.REFUSED:
        return None


def test_no_two_programs_of_a_kind_behave_alike() -> None:
    search = enumeration(costs=uneven(5))
    search.run(5000)
    seen = [(base()[program[0]].result, value) for value, program in built(search)]
    assert len(seen) == len(set(seen)) > 500


def test_one_search_serves_many_tasks_and_ends_when_all_are_found() -> None:
    lists = tuple(map(tuple, INPUTS))
    targets = {"L": {lists: [0, 1], tuple(xs[::-1] for xs in lists): [2]}, "I": {tuple(map(len, INPUTS)): [3]}}
    search = enumeration(targets)
    assert sorted(number for number, _ in search.run(10**6)) == [0, 1, 2, 3]
    assert search.tried < 10_000


def test_a_search_that_has_tried_everything_ends_before_its_budget() -> None:
    few = {name: base()[name] for name in ("xs", "tail", "reverse", "sort")}
    scope = parts.grammar.Scope([[2, 1], [3]], "list-of-int")
    costs = {"root.L": dict.fromkeys(few, 2), **{f"{name}.0": dict.fromkeys(few, 2) for name in ("tail", "reverse", "sort")}}
    search = parts.search.Enumeration(few, costs, scope, NEVER, ["L"])
    assert search.run(10**6) == [] and 4 < search.tried < 100


@pytest.mark.parametrize("name", LEVEL_1)
def test_simple_functions_are_found_without_any_training_and_are_right_on_unseen_inputs(name: str) -> None:
    kind, function = LEVEL_1[name]
    source, tried = parts.solve.solve(question(kind, INPUTS, [function(xs) for xs in INPUTS]), base(), untrained(), 60_000)
    assert source is not None and 0 < tried <= 60_000
    assert all(exactly(run(source, list(xs)), function(xs)) for xs in UNSEEN), source


@pytest.mark.parametrize(
    "kind, function", [("list-of-int", lambda n: list(range(n))), ("int", lambda n: 2 * n + 1), ("bool", lambda n: n > 4)]
)
def test_functions_of_an_int_are_found_too(kind: str, function: Callable[[int], object]) -> None:
    inputs = [0, 3, 5, 8, 2]
    source, _ = parts.solve.solve(question(kind, inputs, [function(n) for n in inputs], "int"), base(), untrained(), 60_000)
    assert source is not None and "def f(n):" in source and exactly(run(source, 7), function(7))


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_answered_that_disagrees_with_an_example(seed: int) -> None:
    rng = random.Random(seed)
    inputs = [[rng.randrange(9) for _ in range(rng.randrange(4))] for _ in range(3)]
    kind = rng.choice(["int", "bool", "list-of-int"])
    draw = {"int": lambda: rng.randrange(3), "bool": lambda: rng.random() < 0.5, "list-of-int": lambda: [rng.randrange(2)]}[kind]
    outputs = [draw() for _ in inputs]
    source, tried = parts.solve.solve(question(kind, inputs, outputs), base(), untrained(), 5000)
    assert tried <= 5000
    assert source is None or all(exactly(run(source, list(i)), o) for i, o in zip(inputs, outputs, strict=True))


def test_contradicting_examples_have_no_answer() -> None:
    assert parts.solve.solve(question("int", [[1], [1]], [1, 2]), base(), untrained(), 500) == (None, 500)


def test_truth_values_and_numbers_are_not_taken_for_one_another() -> None:
    source, _ = parts.solve.solve(question("int", [[1], [5], []], [1, 1, 0]), base(), untrained(), 20_000)
    assert source is not None and type(run(source, [2])) is int
    source, _ = parts.solve.solve(question("bool", [[1], [5], []], [True, True, False]), base(), untrained(), 20_000)
    assert source is not None and type(run(source, [2])) is bool


@pytest.mark.parametrize("body", ["xs[9]", "1 // 0", "xs * 10**15", "f(xs)", "[True]", "xs + None", "tuple(xs)"])
def test_an_answer_that_fails_or_gives_something_else_does_not_agree(body: str) -> None:
    assert not parts.solve.agrees(f"def f(xs):\n    return {body}\n", [[1]], [[1]])
    assert parts.solve.agrees("def f(xs):\n    return [xs.pop()]\n", [[1], [1]], [[1], [1]])
