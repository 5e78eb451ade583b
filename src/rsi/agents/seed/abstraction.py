"""Mining: which pieces of the agent's own solutions deserve a name.

A piece is a connected part of a program with up to three holes. It is worth what it saves: every use replaces the costs of its
productions by one call (compression, compare Ellis et al. 2021, DreamCoder; Bowers et al. 2023, Stitch).
"""

from collections import defaultdict

import learning
from expressions import nodes, rewrite, size
from functions import function_text, invent_name, load
from writer import SCOPED

MOST_HOLES = 3
LARGEST_PIECE = 9
MOST_PIECES = 400


def worth(uses, saved, length, holes):
    """Value of a piece: uses in different programs, bits saved at each, its length and holes."""
    return (uses - 1) * saved


def enough(uses):
    """Whether a piece was found often enough to be more than an accident."""
    return uses >= 3


def how_many(programs):
    """How many functions may be added at once."""
    return programs // 60


def pieces(program, grammar):
    """All pieces of a program that could be a function: {(body, kinds of its parameters, result)}."""
    found = set()
    for node in nodes(program):
        kind = grammar[node[0]].result
        if kind in "LIBMfq" and len(node) > 1:
            for form in _forms(node, grammar, kind)[:MOST_PIECES]:
                made = _close(form, grammar, kind)
                if made is not None:
                    found.add((*made, kind))
    return found


def _forms(node, grammar, root):
    """A node with every choice of holes below it, as (tree with ("?", kind) leaves)."""
    choices = [[]]
    for child, kind in zip(node[1:], grammar[node[0]].args):
        options = _forms(child, grammar, root) if len(child) > 1 else [child]
        if kind in ("LIBfq" if root not in "fq" else "fq"):
            options = [("?", kind), *options]
        choices = [[*chosen, option] for chosen in choices for option in options][:MOST_PIECES]
    return [form for form in ((node[0], *chosen) for chosen in choices) if _holes(form) <= MOST_HOLES and size(form) <= LARGEST_PIECE]


def _holes(form):
    if form[0] == "?":
        return 1
    return sum(_holes(child) for child in form[1:] if isinstance(child, tuple))


def _close(form, grammar, root):
    """Number the holes; the input list, or the variable of a lambda, becomes a parameter too. (body, kinds) or None."""
    scoped = any(name in SCOPED for name in _names(form))
    shared = "fx" if root in "fq" else "xs"
    kinds = []
    first = [None]
    if scoped or shared in _names(form):
        kinds.append("f" if root in "fq" else "L")
        first[0] = "$0"

    def number(node):
        if node[0] == "?":
            kinds.append(node[1])
            return (f"${len(kinds) - 1}",)
        if node[0] == shared:
            return (first[0],)
        return (node[0], *[number(child) for child in node[1:]])

    body = number(form)
    inner = [name for name in _names(body) if not name.startswith("$")]
    if len(inner) < 2 or "n" in inner or len(kinds) > MOST_HOLES or not kinds:
        return None
    return body, tuple(kinds)


def _names(form):
    if form[0] == "?":
        return []
    return [form[0]] + [name for child in form[1:] for name in _names(child)]


def bits(body, grammar, costs):
    """Cost of a body's own productions (its root in the cheapest slot), in units of the model's costs."""
    total = 0
    for node in nodes(body):
        if node[0].startswith("$"):
            continue
        for j, child in enumerate(node[1:]):
            if not child[0].startswith("$"):
                total += costs[f"{node[0]}.{j}"][child[0]]
    return total


def counted(programs, grammar, known=None):
    """{(body, kinds, result): in how many programs}; `known` keeps the pieces of programs that were looked at before."""
    known = {} if known is None else known
    uses = defaultdict(int)
    for program in programs:
        if program not in known:
            known[program] = pieces(program, grammar)
        for piece in known[program]:
            uses[piece] += 1
    return uses


def common_pieces(programs, grammar):
    """[(programs, body)] of pieces that recur often enough, those that would shorten most first."""
    ranked = [(count * (size(body) - 1), count, body) for (body, *_), count in counted(programs, grammar).items() if enough(count)]
    return [(count, body) for _, count, body in sorted(ranked, reverse=True)]


def mine(programs, grammar, costs, source):
    """A library source with the best new functions added, and notes on them: (source, [(name, uses, text)])."""
    added = []
    known = {}
    for _ in range(how_many(len(programs))):
        uses = counted(programs, grammar, known)
        best, value = None, 0
        for (body, kinds, result), count in uses.items():
            if enough(count):
                saved = bits(body, grammar, costs)
                score = worth(count, saved, size(body), len(kinds))
                if (score, body) > (value, best[0] if best else ()):
                    best, value = (body, kinds, result, count), score
        if best is None:
            break
        body, kinds, result, count = best
        name = invent_name(body, grammar)
        text = function_text(name, result, kinds, body, grammar, f"Found in {count} different solutions.")
        source = source.rstrip("\n") + "\n\n\n" + text
        grammar = load(source, {key: value for key, value in grammar.items() if not value.function})
        costs = _with(costs, grammar, name)
        functions = [production for production in grammar.values() if production.function][::-1]
        programs = list(dict.fromkeys(rewrite(program, functions) for program in programs))
        added.append((name, count, text))
    return source, added


def _with(costs, grammar, name):
    """Costs that know a new function: as cheap as an average choice in its slots."""
    production = grammar[name]
    made = {}
    for slot, row in costs.items():
        first = next(iter(row), None)
        same = first is not None and grammar[first].result == production.result
        made[slot] = {**row, name: round(4 * learning.COST_SCALE)} if same else row
    for j, kind in enumerate(production.args):
        made[f"{name}.{j}"] = {p.name: round(4 * learning.COST_SCALE) for p in grammar.values() if p.result == kind}
    return made
