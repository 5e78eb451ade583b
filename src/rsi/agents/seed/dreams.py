"""Dreams: programs drawn from the agent's own model and run on inputs it has seen, to learn from tasks nobody set."""

from expressions import staged
from grammar import Scope
from learning import COST_SCALE

TYPES = {"L": "list-of-int", "I": "int", "B": "bool", "M": "list-of-bool"}
REFUSED = (TypeError, ZeroDivisionError, OverflowError, ValueError, IndexError)
SHOWN = 10


def dream(grammar, costs, wanted, inputs, rng):
    """[(program, output type, inputs, outputs)] of up to `wanted` programs that run and say something."""
    batches = sorted(inputs)
    if not batches:
        return []
    scopes = {batch: Scope(inputs[batch][:SHOWN], "list-of-int") for batch in batches[:8]}
    tables = {slot: _table(row, grammar, COST_SCALE) for slot, row in costs.items()}
    made = []
    for _ in range(wanted * 3):
        if len(made) >= wanted:
            break
        kind = rng.choice("LLLLIIBM")
        program = _draw(grammar, tables, "root." + kind, 0, rng)
        if program is None or len(program) == 1:
            continue
        batch = rng.choice(batches[:8])
        try:
            value = staged(program, grammar)(scopes[batch], ())[0]
        except REFUSED:
            continue
        if len(set(value)) > 1 and value != scopes[batch].lists and None not in value:
            made.append((program, TYPES[kind], inputs[batch][:SHOWN], value))
    return made


def _table(row, grammar, scale):
    names = [name for name in row if name != "n"]
    weights = [2.0 ** (-row[name] / scale) for name in names]
    leaves = [weight if not grammar[name].args else 0.0 for name, weight in zip(names, weights)]
    return names, weights, leaves


def _draw(grammar, tables, slot, depth, rng):
    """A program drawn from the top down; None where it grew too deep."""
    names, weights, leaves = tables[slot]
    if depth > 6:
        if not any(leaves):
            return None
        weights = leaves
    name = rng.choices(names, weights)[0]
    children = []
    for j in range(len(grammar[name].args)):
        child = _draw(grammar, tables, f"{name}.{j}", depth + 1, rng)
        if child is None:
            return None
        children.append(child)
    return (name, *children)
