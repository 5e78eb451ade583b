"""Solving: from examples to a Python function that agrees with all that were shown."""

from features import features
from grammar import Scope
from model import costs_for
from search import Enumeration
from writer import function_source

KINDS = {"list-of-int": "L", "int": "I", "bool": "B", "list-of-bool": "M"}


def frozen(value):
    return tuple(value) if isinstance(value, list) else value


def argument(input_type):
    return "n" if input_type == "int" else "xs"


def solve(question, grammar, weights, budget):
    """(source or None, programs tried) for one question {"type", "examples"}."""
    input_type, output_type = question["type"]["input"], question["type"]["output"]
    if output_type not in KINDS or input_type not in ("list-of-int", "int"):
        return None, 0
    inputs = [example["i"] for example in question["examples"]]
    outputs = [example["o"] for example in question["examples"]]
    costs = costs_for(weights, features(input_type, output_type, inputs, outputs))
    kind = KINDS[output_type]
    wanted = {kind: {tuple(map(frozen, outputs)): [0]}}
    search = Enumeration(grammar, costs, Scope(inputs, input_type), wanted, [kind])
    for _, expression in search.run(budget):
        source = function_source(expression, grammar, argument(input_type))
        if agrees(source, inputs, outputs):
            return source, search.tried
    return None, search.tried


def agrees(source, inputs, outputs):
    """Whether the written function really gives the outputs, types included."""
    names = {}
    exec(source, names)
    try:
        return all(same(names["f"](frozen_copy(i)), o) for i, o in zip(inputs, outputs))
    except (TypeError, ZeroDivisionError, OverflowError, ValueError, IndexError, RecursionError, MemoryError):
        return False


def frozen_copy(value):
    return list(value) if isinstance(value, list) else value


def same(left, right):
    if type(left) is not type(right) or left != right:
        return False
    return not isinstance(left, list) or list(map(type, left)) == list(map(type, right))


def solve_batch(batch, grammar, weights, budget):
    """One enumeration for many tasks on the same inputs: ([(task number, program, right on the unseen)], programs tried, by kind)."""
    shown = batch["shown"]
    inputs = batch["inputs"][:shown]
    targets = {}
    for number, task in enumerate(batch["tasks"]):
        by_value = targets.setdefault(KINDS[task["type"]["output"]], {})
        by_value.setdefault(tuple(map(frozen, task["outputs"][:shown])), []).append(number)
    search = Enumeration(grammar, weights["costs"], Scope(inputs, "list-of-int"), targets, sorted(targets))
    found = []
    for number, expression in search.run(budget):
        source = function_source(expression, grammar)
        outputs = batch["tasks"][number]["outputs"]
        if agrees(source, inputs, outputs[:shown]):
            found.append((number, expression, agrees(source, batch["inputs"][shown:], outputs[shown:])))
    return found, search.tried, search.spent
