"""The seed agent's training: what it has solved becomes cheaper, and nothing in a corpus can break a build."""

import json
import random
from typing import Any

import pytest

from tests.unit.seed.support import Program, agent, base, untrained

parts = agent()
INPUTS = [[3, 1, 4], [1, 5], [9, 2, 6, 5], [3]]
TEXTS = ["(sort xs)", "(tail (sort xs))", "(head (sort xs))", "(take (sort xs) I2)", "(reverse (sort xs))", "(concat (sort xs) xs)"]


def entry(program: Program, repeats: int = 3) -> dict[str, Any]:
    kind = base()[program[0]].result if program[0] in base() else "L"
    outputs = [len(xs) for xs in INPUTS] if kind == "I" else [sorted(xs) for xs in INPUTS]
    seen = ["b", "int" if kind == "I" else "list-of-int", outputs]
    return {"program": parts.expressions.to_lists(program), "repeats": repeats, "seen": [seen], "family": "level 1"}


def corpus(*programs: Program) -> dict[str, Any]:
    return {"inputs": {"b": INPUTS}, "solutions": [entry(program) for program in programs]}


def train(known: dict[str, Any], seed: int = 1) -> dict[str, Any]:
    weights: dict[str, Any] = parts.model.train(known, base(), [], random.Random(seed))
    return weights


def bits(program: Program, weights: dict[str, Any]) -> float:
    """What a search has to pay for a program."""
    total = weights["costs"]["root." + base()[program[0]].result][program[0]]
    for node in parts.expressions.nodes(program):
        total += sum(weights["costs"][f"{node[0]}.{j}"][child[0]] for j, child in enumerate(node[1:]))
    return float(total / parts.learning.COST_SCALE)


LEARNED = [parts.expressions.from_text(text) for text in TEXTS]


def test_what_was_learned_costs_less_than_before_and_something_else_costs_more() -> None:
    weights = train(corpus(*LEARNED * 20))
    before, after = ([bits(program, made) for program in LEARNED] for made in (untrained(), weights))
    assert sum(after) < sum(before) - len(LEARNED)
    other = parts.expressions.from_text("(repeat (unique xs) I5)")
    assert bits(other, weights) > bits(other, untrained())


def test_a_trained_model_finds_a_learned_program_after_fewer_tries() -> None:
    examples = [{"i": xs, "o": sorted(xs)[1:][::-1]} for xs in INPUTS]
    question = {"id": "q", "type": {"input": "list-of-int", "output": "list-of-int"}, "examples": examples}
    weights = train(corpus(*LEARNED * 20, parts.expressions.from_text("(reverse (tail (sort xs)))")))
    (late, many), (early, few) = (parts.solve.solve(question, base(), made, 50_000) for made in (untrained(), weights))
    assert late and early and few < many


def test_a_build_from_nothing_has_a_cost_for_every_choice_and_no_opinion_on_features() -> None:
    weights = untrained()
    assert weights["lifts"] == {}
    for slot, kind in parts.model.slot_names(base()).items():
        row = weights["costs"][slot]
        assert set(row) == {p.name for p in base().values() if p.result == kind}
        assert all(type(cost) is int and cost >= 1 for cost in row.values()) and len(set(row.values())) == 1


def test_costs_are_positive_integers_and_symmetric_slots_cost_the_same() -> None:
    costs = train(corpus(*LEARNED * 20))["costs"]
    assert all(type(cost) is int and 1 <= cost <= parts.learning.HIGHEST_COST for row in costs.values() for cost in row.values())
    for production in base().values():
        if production.symmetric:
            assert costs[production.name + ".0"] == costs[production.name + ".1"]


def test_weights_are_plain_data_and_the_same_for_the_same_corpus_and_seed() -> None:
    first, again = train(corpus(*LEARNED)), train(corpus(*LEARNED))
    assert json.dumps(first) == json.dumps(again) == json.dumps(json.loads(json.dumps(first)))


@pytest.mark.parametrize("program", [["gone", ["xs"]], ["sort"], ["sort", ["xs"], ["xs"]], ["take", ["xs"], ["gone"]]])
def test_solutions_with_functions_that_are_not_in_the_library_are_passed_over(program: Any) -> None:
    known = corpus(*LEARNED)
    strange = {**known, "solutions": [*known["solutions"], {**known["solutions"][0], "program": program}]}
    assert train(strange) == train(known)
    assert train({**known, "solutions": [{**known["solutions"][0], "program": program}]}) == untrained()


def test_a_task_without_known_features_has_the_costs_of_the_model() -> None:
    weights = train(corpus(*LEARNED * 20))
    assert weights["lifts"]
    assert parts.model.costs_for(weights, ["no such feature"]) == weights["costs"] == parts.model.costs_for(weights, [])


def test_an_opinion_on_a_production_that_is_gone_changes_nothing() -> None:
    weights = train(corpus(*LEARNED * 20))
    feature = next(iter(weights["lifts"]))
    found = parts.model.costs_for(weights, [feature])
    weights["lifts"][feature]["gone"] = 99.0
    assert parts.model.costs_for(weights, [feature]) == found


def test_features_tilt_costs_towards_what_they_call_for() -> None:
    weights = untrained()
    told = {**weights, "lifts": {"sorted": {"sort": 90.0, "reverse": -90.0}}}
    costs, row = parts.model.costs_for(told, ["sorted", "no repeats"])["root.L"], weights["costs"]["root.L"]
    assert costs["sort"] < row["sort"] and costs["reverse"] > row["reverse"] and costs["tail"] == row["tail"]
    assert all(1 <= cost <= parts.learning.HIGHEST_COST for cost in costs.values())


def test_dreams_run_and_say_what_their_programs_give() -> None:
    rng = random.Random(4)
    dreamed = parts.dreams.dream(base(), untrained()["costs"], 50, {"b": INPUTS}, rng)
    assert 5 < len(dreamed) <= 50
    for program, kind, inputs, outputs in dreamed:
        scope = parts.grammar.Scope(inputs, "list-of-int")
        assert parts.expressions.value_of(program, base(), scope) == outputs and len(set(outputs)) > 1
        assert kind == parts.dreams.TYPES[base()[program[0]].result]
    assert parts.dreams.dream(base(), untrained()["costs"], 50, {}, rng) == []
