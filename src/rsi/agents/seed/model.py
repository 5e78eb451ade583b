"""The agent's parameters: costs of productions in context, and a recogniser of which productions a task's features call for.

Both are the product of a build from the corpus (own solutions) and the library; the formulas are in `learning.py`.
"""

from collections import Counter

import learning
from dreams import dream
from expressions import from_lists, is_known, nodes, rewrite
from features import features


def distinct(corpus, grammar, functions):
    """{program: tasks that it solved} over the corpus, rewritten with the present library."""
    found = {}
    for solution in corpus["solutions"]:
        expression = from_lists(solution["program"])
        if is_known(expression, grammar):
            found.setdefault(rewrite(expression, functions), []).append(solution)
    return found


def repeats(solved):
    """For how many tasks a program was found."""
    return sum(solution["repeats"] for solution in solved)


def slot_names(grammar):
    """Kind of every slot: `root.L`, `take.1` …"""
    slots = {}
    for production in grammar.values():
        if production.result in "LIBM":
            slots["root." + production.result] = production.result
        for j, kind in enumerate(production.args):
            slots[f"{production.name}.{j}"] = kind
    return slots


def count(programs, grammar):
    """Weighted counts of productions by slot, from [(program, weight)]."""
    counts = {slot: Counter() for slot in slot_names(grammar)}
    for program, weight in programs:
        counts["root." + grammar[program[0]].result][program[0]] += weight
        for node in nodes(program):
            production = grammar[node[0]]
            for j, child in enumerate(node[1:]):
                slot = f"{node[0]}.{0 if production.symmetric else j}"
                counts[slot][child[0]] += weight
    return counts


def costs_from(counts, grammar):
    """Integer cost of each production in each slot."""
    slots = slot_names(grammar)
    by_kind = {}
    for production in grammar.values():
        by_kind.setdefault(production.result, []).append(production.name)
    overall = {kind: Counter() for kind in by_kind}
    for slot, kind in slots.items():
        overall[kind].update(counts[slot])
    shares = {
        kind: {name: learning.unigram(overall[kind][name], sum(overall[kind].values()), len(names)) for name in names}
        for kind, names in by_kind.items()
    }
    costs = {}
    for slot, kind in slots.items():
        parent, _, j = slot.rpartition(".")
        if parent in grammar and grammar[parent].symmetric and j == "1":
            continue
        seen = counts[slot]
        total = sum(seen.values())
        costs[slot] = {name: learning.cost(learning.in_context(seen[name], total, shares[kind][name])) for name in by_kind[kind]}
    for production in grammar.values():
        if production.symmetric:
            costs[production.name + ".1"] = costs[production.name + ".0"]
    return costs


def lifts_from(examples):
    """Recogniser: {feature: {production: log2 odds}} from [(features, productions used, weight)]."""
    total = 0.0
    used = Counter()
    seen = Counter()
    together = {}
    for found, names, weight in examples:
        total += weight
        for name in names:
            used[name] += weight
        for feature in found:
            seen[feature] += weight
            row = together.setdefault(feature, Counter())
            for name in names:
                row[name] += weight
    lifts = {}
    for feature, row in together.items():
        made = {}
        for name, uses in used.items():
            value = learning.lift(row[name], seen[feature], uses / total)
            if abs(value) > 0.1:
                made[name] = round(value, 2)
        lifts[feature] = made
    return lifts


def names_in(program):
    """The productions of a program, in an order that does not depend on the process."""
    return sorted({node[0] for node in nodes(program)})


def train(corpus, grammar, functions, rng):
    """The build: {"costs", "lifts"} as plain data."""
    programs = distinct(corpus, grammar, functions)
    weighted = []
    for program, solved in programs.items():
        size = sum(1 for _ in nodes(program))
        weighted.append((program, learning.solution_weight(repeats(solved)) * learning.level_weight(size)))
    costs = costs_from(count(weighted, grammar), grammar)
    dreamed = dream(grammar, costs, learning.dreams_wanted(len(programs)), corpus["inputs"], rng) if programs else []
    if programs and learning.dream_weight() > 0:
        weighted += [(program, learning.dream_weight()) for program, *_ in dreamed]
        costs = costs_from(count(weighted, grammar), grammar)
    examples = []
    share = learning.dream_share(len(dreamed), len(programs))
    for program, kind, inputs, outputs in dreamed:
        examples.append((features("list-of-int", kind, inputs, outputs), names_in(program), share))
    for program, solved in programs.items():
        names = names_in(program)
        seen = [task for solution in solved for task in solution["seen"]]
        for batch, kind, outputs in seen:
            found = features("list-of-int", kind, corpus["inputs"][batch], outputs)
            examples.append((found, names, learning.solution_weight(repeats(solved)) / len(seen)))
    return {"costs": costs, "lifts": lifts_from(examples) if examples else {}}


def costs_for(weights, found):
    """Costs for one task: the model's, tilted by what the task's features call for."""
    rows = [weights["lifts"][feature] for feature in found if feature in weights["lifts"]]
    if not rows:
        return weights["costs"]
    total = Counter()
    for row in rows:
        for name, value in row.items():
            total[name] += value
    shift = {name: round(learning.COST_SCALE * learning.tilt(value, len(rows))) for name, value in total.items()}
    shift = {name: value for name, value in shift.items() if value}
    if not shift:
        return weights["costs"]
    top = learning.HIGHEST_COST
    made = {}
    done = {}
    for slot, costs in weights["costs"].items():
        key = id(costs)
        if key not in done:
            done[key] = {name: max(1, min(top, value - shift[name])) if name in shift else value for name, value in costs.items()}
        made[slot] = done[key]
    return made
