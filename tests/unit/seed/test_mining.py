"""The seed agent names what keeps recurring in its solutions, writes it into its library and then makes use of it."""

import builtins
import keyword
import random
from typing import Any

import pytest

from tests.seed_agent import SEED, modules
from tests.unit.seed.support import NAMES, Program

LIBRARY = (SEED / "library.py").read_text()
PIECES = {
    "a closed map": "(map (f+ (f* fx fx) f3) {})",
    "a comprehension over the input": "(concat (filteri (p< x (e* i e2))) {})",
    "a fold": "(single (fold (g- (g* ga gx) gx) I2 {}))",
}
AROUND = ("(reverse {})", "(tail {})", "(sort {})", "(take {} I2)", "(concat {} xs)", "(unique {})", "(drop {} I1)", "(init {})")
INSIDE = ("xs", "(reverse xs)", "(tail xs)", "(sort xs)", "(take xs I3)", "(unique xs)")


@pytest.fixture
def agent() -> Any:
    """Modules of its own, told to add up to two functions: how many is a matter of tuning."""
    parts = modules(*NAMES)
    parts.abstraction.how_many = lambda programs: 2
    return parts


def planted(agent: Any, name: str) -> list[Program]:
    """Programs that share a piece and little else."""
    texts = [around.format(PIECES[name].format(inside)) for around in AROUND for inside in INSIDE]
    return [agent.expressions.from_text(text) for text in texts]


def mined(agent: Any, programs: list[Program]) -> tuple[str, list[Any], dict[str, Any]]:
    grammar = {p.name: p for p in agent.grammar.base()}
    weights = agent.model.train({"inputs": {}, "solutions": []}, grammar, [], random.Random(0))
    source, added = agent.abstraction.mine(programs, grammar, weights["costs"], LIBRARY)
    return source, added, agent.functions.load(source, grammar)


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_that_recurs_becomes_a_function_that_shortens_its_programs(agent: Any, name: str) -> None:
    programs = planted(agent, name)
    source, added, grammar = mined(agent, programs)
    assert 1 <= len(added) <= 2 and source.startswith(LIBRARY.rstrip("\n"))
    latest_first = [p for p in grammar.values() if p.function][::-1]
    sizes = [(agent.expressions.size(agent.expressions.rewrite(p, latest_first)), agent.expressions.size(p)) for p in programs]
    assert all(after < before for after, before in sizes)
    first = added[0][0]
    core = [node[0] for node in agent.expressions.nodes(agent.expressions.from_text(PIECES[name].format("xs")))]
    assert len([node for node in agent.expressions.nodes(grammar[first].body) if node[0] in core]) >= 3


@pytest.mark.parametrize("name", PIECES)
def test_a_mined_function_is_documented_python_with_a_name_of_its_own(agent: Any, name: str) -> None:
    source, added, grammar = mined(agent, planted(agent, name))
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the library that the agent wrote
    for function, uses, text in added:
        assert function.isidentifier() and not keyword.iskeyword(function) and not hasattr(builtins, function)
        assert text in source and source.count(f"def {function}(") == 1 and len(text) < 2000
        assert str(uses) in names[function].__doc__ and "body: (" in names[function].__doc__
        assert grammar[function].function and function not in {p.name for p in agent.grammar.base()}
    assert len({function for function, *_ in added}) == len(added)


@pytest.mark.parametrize("name", PIECES)
def test_with_its_library_the_agent_solves_what_was_out_of_reach(agent: Any, name: str) -> None:
    programs = planted(agent, name)
    source, added, grammar = mined(agent, programs)
    plain = {p.name: p for p in agent.grammar.base()}
    inputs = [[3, 1, 4], [1, 5], [9, 2, 6, 5], [3], [2, 2, 7]]
    twice = PIECES[name].format("(reverse xs)"), PIECES[name].format("(tail xs)")
    wanted = agent.expressions.from_text("(concat {} {})".format(*twice))
    outputs = agent.expressions.value_of(wanted, plain, agent.grammar.Scope(inputs, "list-of-int"))
    examples = [{"i": i, "o": list(o)} for i, o in zip(inputs, outputs, strict=True)]
    question = {"id": "q", "type": {"input": "list-of-int", "output": "list-of-int"}, "examples": examples}
    solutions = [{"program": agent.expressions.to_lists(p), "repeats": 1, "seen": [], "family": "level 2"} for p in programs]
    known = {"inputs": {}, "solutions": solutions}
    latest_first = [p for p in grammar.values() if p.function][::-1]
    without = agent.model.train({"inputs": {}, "solutions": []}, plain, [], random.Random(0))
    trained = agent.model.train(known, grammar, latest_first, random.Random(0))
    assert agent.solve.solve(question, plain, without, 30_000)[0] is None
    answer, _ = agent.solve.solve(question, grammar, trained, 30_000)
    assert answer is not None and any(f"def {function}(" in answer for function, *_ in added)
    assert agent.solve.agrees(answer, inputs, [list(o) for o in outputs])


def test_mining_again_adds_to_what_is_there_and_never_takes_a_name_twice(agent: Any) -> None:
    base = {p.name: p for p in agent.grammar.base()}
    source, names = LIBRARY, []
    for piece in PIECES:
        grammar = agent.functions.load(source, base)
        latest_first = [p for p in grammar.values() if p.function][::-1]
        weights = agent.model.train({"inputs": {}, "solutions": []}, grammar, latest_first, random.Random(0))
        programs = [agent.expressions.rewrite(p, latest_first) for p in planted(agent, piece)]
        longer, added = agent.abstraction.mine(programs, grammar, weights["costs"], source)
        assert longer.startswith(source.rstrip("\n")) and added
        source, names = longer, [*names, *[name for name, *_ in added]]
    assert len(set(names)) == len(names)
    assert [p.name for p in agent.functions.load(source, base).values() if p.function] == names


def test_a_name_that_is_taken_gets_a_number(agent: Any) -> None:
    grammar = {p.name: p for p in agent.grammar.base()}
    body = agent.expressions.from_text("(tail (sort $0))")
    name = agent.functions.invent_name(body, grammar)
    taken = {**grammar, name: grammar["tail"]}
    again = agent.functions.invent_name(body, taken)
    assert again != name and again.isidentifier() and again not in taken


def test_nothing_is_mined_where_nothing_recurs(agent: Any) -> None:
    programs = [agent.expressions.from_text(text) for text in ("(sort xs)", "(len xs)", "(take xs I2)", "(sum (tail xs))", "xs")]
    assert mined(agent, programs)[:2] == (LIBRARY, [])
    assert mined(agent, [])[:2] == (LIBRARY, [])


def test_pieces_are_closed_and_connected(agent: Any) -> None:
    grammar = {p.name: p for p in agent.grammar.base()}
    for name in PIECES:
        for program in planted(agent, name):
            for body, kinds, result in agent.abstraction.pieces(program, grammar):
                leaves = {node[0] for node in agent.expressions.nodes(body) if node[0].startswith("$")}
                whole_input = {"$0"} if agent.expressions.uses_scope(body) else set()
                assert leaves | whole_input == {f"${k}" for k in range(len(kinds))} and grammar[body[0]].result == result
                assert "xs" not in {node[0] for node in agent.expressions.nodes(body)}
