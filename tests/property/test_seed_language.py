"""What holds for every program of the seed agent's language: the search, the written Python and the library agree."""

import ast
import builtins
import functools
import keyword
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.seed.support import Grammar, Program, agent, base, drawn, even_tables, exactly, plain, run, untrained

parts = agent()
grammar, expressions, functions, writer = parts.grammar, parts.expressions, parts.functions, parts.writer
REFUSED = parts.dreams.REFUSED

INTS = st.lists(st.integers(-4, 30), max_size=8).map(tuple)
SEEDS = st.integers(0, 2**32)
OUTPUTS = {"list-of-int": INTS.map(list), "int": st.integers(), "bool": st.booleans(), "list-of-bool": st.lists(st.booleans(), max_size=8)}


@functools.cache
def heights(missing: tuple[str, ...]) -> dict[str, int]:
    """Least height of a program that starts with each production, without some leaves."""
    found: dict[str, int] = {}
    pool = [p for p in base().values() if p.name not in missing]
    for height in range(12):
        ready = {base()[name].result for name in found}
        found.update({p.name: height for p in pool if p.name not in found and all(kind in ready for kind in p.args)})
    return found


@st.composite
def programs(draw: st.DrawFn, kind: str, height: int, missing: tuple[str, ...]) -> Program:
    names = [name for name, least in heights(missing).items() if base()[name].result == kind and least <= height]
    name = draw(st.sampled_from(names))
    return (name, *[draw(programs(argument, height - 1, missing)) for argument in base()[name].args])


KINDS = st.sampled_from("LIBM")
OVER_LISTS = KINDS.flatmap(lambda kind: programs(kind, 5, ("n",)))
OVER_INTS = KINDS.flatmap(lambda kind: programs(kind, 5, ("xs", "x", "i")))


def value_of(program: Program, language: Grammar, argument: object) -> Any:
    """The value that the search has for a program on one input, or "refused"."""
    scope = grammar.Scope([argument], "list-of-int" if isinstance(argument, tuple) else "int")
    try:
        return expressions.value_of(program, language, scope)[0]
    except REFUSED:
        return "refused"


def check(program: Program, language: Grammar, argument: object) -> None:
    """The written function gives what the search has for it, and raises exactly where the search has None."""
    value = value_of(program, language, argument)
    if value == "refused":
        return
    source = writer.function_source(program, language, "xs" if isinstance(argument, tuple) else "n")
    assert agree(source, argument, value), source


def agree(source: str, argument: object, value: object) -> bool:
    try:
        return exactly(run(source, argument), plain(value))
    except REFUSED:
        return value is None


@settings(max_examples=300)
@given(program=OVER_LISTS, argument=INTS)
def test_the_written_function_of_a_list_gives_exactly_what_the_search_has_for_it(program: Program, argument: tuple[int, ...]) -> None:
    check(program, base(), argument)


@given(program=OVER_INTS, argument=st.integers(-5, 40))
def test_the_written_function_of_an_int_gives_exactly_what_the_search_has_for_it(program: Program, argument: int) -> None:
    check(program, base(), argument)


@settings(max_examples=15)
@given(inputs=st.lists(INTS, min_size=1, max_size=5), seed=SEEDS)
def test_every_program_that_a_search_builds_says_in_python_what_the_search_has_for_it(inputs: list[tuple[int, ...]], seed: int) -> None:
    rng = random.Random(seed)
    costs = {slot: {name: rng.randint(1, 9) for name in row} for slot, row in untrained()["costs"].items()}
    for production in base().values():
        if production.symmetric:
            costs[production.name + ".1"] = costs[production.name + ".0"]
    search = parts.search.Enumeration(base(), costs, grammar.Scope(inputs, "list-of-int"), {"L": {"never": [0]}}, list("BILM"))
    search.run(4000)
    built = [entry for levels in search.buckets.values() for bucket in levels.values() for entry in bucket]
    shown = [entry for entry in built if base()[entry[1][0]].result in "LIBM"]
    for value, program, *_ in rng.sample(shown, min(60, len(shown))):
        source = writer.function_source(program, base())
        for argument, expected in zip(inputs, value, strict=True):
            assert agree(source, argument, expected), source


@given(program=OVER_LISTS)
def test_a_program_comes_back_from_text_and_from_lists(program: Program) -> None:
    assert expressions.from_text(expressions.to_text(program)) == program
    assert expressions.from_lists(expressions.to_lists(program)) == program


@functools.cache
def library(seed: int) -> tuple[str, Grammar, dict[str, Any]]:
    """Five functions made of pieces of drawn programs, later ones of earlier ones: (source, grammar, tables to draw with)."""
    rng = random.Random(seed)
    source, language = functions.HEAD, base()
    tables = even_tables(language)
    for number in range(5):
        body, kinds, result = piece(rng, language, tables, scoped=number % 2 == 0)
        name = functions.invent_name(body, language)
        source += "\n\n" + functions.function_text(name, result, kinds, body, language, "A piece.")
        language = functions.load(source, base())
        tables = even_tables(language)
    return source, language, tables


def piece(rng: random.Random, language: Grammar, tables: dict[str, Any], *, scoped: bool) -> Any:
    while True:
        found = sorted(parts.abstraction.pieces(drawn(language, tables, rng, least=4), language))
        if scoped:
            found = [made for made in found if expressions.uses_scope(made[0])]
        if found:
            return rng.choice(found)


LIBRARIES = st.integers(0, 40)


@given(number=LIBRARIES)
def test_a_library_is_python_with_names_of_its_own(number: int) -> None:
    source, language, _ = library(number)
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the library that the agent wrote
    made = [name for name in language if name not in base()]
    taken = {"xs", "ys", "zs", "x", "y", "z", "a", "i", "k", "m", "n", "f", "change", "then", "test", "also", "flag", "other", "marks"}
    assert len(made) == 5 and all(name.isidentifier() and callable(names[name]) for name in made)
    assert not {*made} & {*dir(builtins), *keyword.kwlist, *taken, "reduce", "accumulate", "prod"}
    assert all(names[name].__doc__.startswith("A piece.") and "body:" in names[name].__doc__ for name in made)


@given(number=LIBRARIES)
def test_a_library_is_read_back_as_it_was_written(number: int) -> None:
    source, language, _ = library(number)
    for again in (functions.load(source, base()), functions.load(source, language)):
        assert list(again) == list(language)
        for name, production in again.items():
            if production.function:
                known = language[name]
                assert (production.body, production.args, production.result) == (known.body, known.args, known.result)
                assert production.function == known.function and ast.parse(production.function)


@settings(max_examples=150)
@given(number=LIBRARIES, seed=SEEDS, argument=INTS)
def test_a_program_with_library_functions_means_the_same_written_run_and_expanded(
    number: int, seed: int, argument: tuple[int, ...]
) -> None:
    _, language, tables = library(number)
    rng = random.Random(seed)
    for _ in range(8):
        program = drawn(language, tables, rng)
        check(program, language, argument)
        expanded = expressions.expand(program, language)
        assert value_of(program, language, argument) in ("refused", value_of(expanded, language, argument))


@settings(max_examples=150)
@given(number=LIBRARIES, seed=SEEDS, argument=INTS)
def test_a_program_rewritten_with_the_library_means_the_same_and_is_no_longer(number: int, seed: int, argument: tuple[int, ...]) -> None:
    _, language, tables = library(number)
    latest_first = [production for production in language.values() if production.function][::-1]
    rng = random.Random(seed)
    for _ in range(8):
        program = expressions.expand(drawn(language, tables, rng), language)
        short = expressions.rewrite(program, latest_first)
        assert expressions.size(short) <= expressions.size(program) + 1
        value = value_of(program, language, argument)
        assert value_of(short, language, argument) in ("refused", value)
        assert value_of(expressions.expand(short, language), language, argument) == value
        check(short, language, argument)


@given(number=LIBRARIES, seed=SEEDS, argument=INTS)
def test_a_comprehension_of_the_library_runs_over_the_list_that_it_is_given(number: int, seed: int, argument: tuple[int, ...]) -> None:
    _, language, tables = library(number)
    rng = random.Random(seed)
    for function in [p for p in language.values() if p.function and p.scoped and p.args == ("L",)]:
        other = drawn(language, tables, rng)
        while language[other[0]].result != "L":
            other = drawn(language, tables, rng)
        given_list = value_of(other, language, argument)
        if given_list != "refused":
            there = value_of((function.name, ("xs",)), language, given_list)
            assert value_of((function.name, other), language, argument) == there


@given(
    kind=st.sampled_from(sorted(OUTPUTS)),
    rows=st.lists(st.tuples(INTS.map(list), st.integers(0, 2**16)), max_size=6),
    data=st.data(),
)
def test_features_are_texts_for_every_well_typed_task(kind: str, rows: list[tuple[list[int], int]], data: st.DataObject) -> None:
    outputs = [data.draw(OUTPUTS[kind]) for _ in rows]
    found = parts.features.features("list-of-int", kind, [row for row, _ in rows], outputs)
    assert found and all(isinstance(text, str) for text in found) and len(set(found)) == len(found)
    assert parts.features.features("int", kind, [number for _, number in rows], outputs)
    frozen = [tuple(out) if isinstance(out, list) else out for out in outputs]
    assert parts.features.features("list-of-int", kind, [tuple(row) for row, _ in rows], frozen) == found
