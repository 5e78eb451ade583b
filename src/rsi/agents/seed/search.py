"""The enumerator: builds programs from the cheapest up, keeps one per behaviour, and stops when its budget is spent.

Bottom-up enumeration with costs by parent context and observational equivalence (compare Odena et al. 2021, BUSTLE; Barke et
al. 2020, Probe). The *level* of an expression is the least total cost of a whole program that contains it: its own cost plus the
cheapest way to get from the root to it. Levels are visited in order, so nothing is built that could only be part of a more
expensive program.
"""

from grammar import Memo
from writer import NAMES, library_functions, write

REFUSED = (TypeError, ZeroDivisionError, OverflowError, ValueError, IndexError)
CALLABLE = {"f": "x", "q": "x", "g": "a, x"}
INFINITE = 10**9


class Enumeration:
    """One search over one scope: `run(budget)` tries programs and reports those that hit a target."""

    def __init__(self, grammar, costs, scope, targets, roots):
        self.grammar = grammar
        self.costs = costs
        self.scope = scope
        self.targets = targets
        self.roots = roots
        self.tried = 0
        self.spent = {}
        self.hits = []
        self.wanted = sum(len(owners) for by_value in targets.values() for owners in by_value.values())
        self.useful = self._reachable()
        self.outside = self._outside()
        self.by_result = {}
        for production in self.useful:
            self.by_result.setdefault(production.result, []).append(production)
        self.buckets = {p.name: {} for p in self.useful}
        self.slots = {}
        self.seen = {kind: set() for kind in "LIBMefpqg"}
        self.names = dict(NAMES)

    def _reachable(self):
        """Productions that can be built from this input and can be part of a wanted program."""
        alive = set()
        pool = [p for p in self.grammar.values() if p.args or self.scope.leaf(p) is not None]
        while True:
            more = [p for p in pool if p.result not in alive and all(a in alive for a in p.args)]
            if not more:
                break
            alive.update(p.result for p in more)
        pool = [p for p in pool if all(a in alive for a in p.args)]
        needed = {kind for kind in self.roots if kind in alive}
        while True:
            more = {a for p in pool if p.result in needed for a in p.args} - needed
            if not more:
                return [p for p in pool if p.result in needed]
            needed |= more

    def _outside(self):
        """Least cost of the rest of a program around each production."""
        by_result = {}
        for p in self.useful:
            by_result.setdefault(p.result, []).append(p)
        cheapest = self.cheapest = self._cheapest(by_result)
        outside = {p.name: INFINITE for p in self.useful}
        for kind in self.roots:
            slot = self.costs["root." + kind]
            for p in by_result.get(kind, ()):
                outside[p.name] = min(outside[p.name], slot[p.name])
        changed = True
        while changed:
            changed = False
            for parent in self.useful:
                if outside[parent.name] >= INFINITE or not parent.args:
                    continue
                slots = [f"{parent.name}.{j}" for j in range(len(parent.args))]
                least = [cheapest[slot] for slot in slots]
                whole = outside[parent.name] + sum(least)
                for j, kind in enumerate(parent.args):
                    costs = self.costs[slots[j]]
                    rest = whole - least[j]
                    for child in by_result[kind]:
                        cost = rest + costs[child.name]
                        if cost < outside[child.name]:
                            outside[child.name] = cost
                            changed = True
        return outside

    def _cheapest(self, by_result):
        """Least cost of filling each slot, its expression included."""
        inner = {p.name: (0 if not p.args else INFINITE) for p in self.useful}
        cheapest = {}
        changed = True
        while changed:
            changed = False
            for parent in self.useful:
                total = 0
                for j, kind in enumerate(parent.args):
                    slot = f"{parent.name}.{j}"
                    costs = self.costs[slot]
                    cheapest[slot] = min(costs[c.name] + inner[c.name] for c in by_result[kind])
                    total += cheapest[slot]
                if total < inner[parent.name]:
                    inner[parent.name] = total
                    changed = True
        return cheapest

    def run(self, budget):
        """Try at most `budget` programs in all; returns [(task, expression)] in the order of discovery."""
        level = 0
        top = max((o for o in self.outside.values() if o < INFINITE), default=0)
        empty = 0
        while self.tried < budget and self.wanted and empty <= top + 64:
            before = self.tried
            order = sorted((level - self.outside[p.name], k) for k, p in enumerate(self.useful) if self.outside[p.name] <= level)
            for inner, k in order:
                self._grow(self.useful[k], inner, budget)
                if self.tried >= budget or not self.wanted:
                    break
            empty = empty + 1 if self.tried == before else 0
            level += 1
        return self.hits

    def _grow(self, production, inner, budget):
        """All expressions of one production whose own cost is `inner`."""
        made = []
        before = self.tried
        count = len(production.args)
        if count == 0:
            if inner == 0:
                self._leaf(production, made)
        elif count == 1:
            self._unary(production, inner, made, budget)
        elif count == 2:
            self._binary(production, inner, made, budget)
        else:
            self._many(production, inner, made, budget)
        kind = production.result
        self.spent[kind] = self.spent.get(kind, 0) + self.tried - before
        if made:
            if production.result in CALLABLE:
                made = [self._callable(production.result, value, expression) for value, expression, _ in made]
            self.buckets[production.name][inner] = made
            self._check(production.result, made)

    def _check(self, kind, made):
        targets = self.targets.get(kind)
        if not targets:
            return
        for value, expression, _ in made:
            if value in targets:
                for task in targets[value]:
                    self.hits.append((task, expression))
                    self.wanted -= 1

    def _leaf(self, production, made):
        value = self.scope.leaf(production)
        self.tried += 1
        if value not in self.seen[production.result]:
            self.seen[production.result].add(value)
            made.append((value, (production.name,), None))

    def _slot(self, production, j, cost):
        """Buckets of expressions that fill argument j at a cost, the production's own cost in this slot included.

        What is found is kept: ask only when the other arguments can be paid too, since only then all of them have been built.
        """
        key = (production.name, j, cost)
        found = self.slots.get(key)
        if found is None:
            costs = self.costs[f"{production.name}.{j}"]
            found = []
            for child in self.by_result[production.args[j]]:
                bucket = self.buckets[child.name].get(cost - costs[child.name])
                if bucket:
                    found.append(bucket)
            self.slots[key] = found
        return found

    def _unary(self, production, inner, made, budget):
        name, op, seen = production.name, production.op, self.seen[production.result]
        cross = self._crossing(production)
        for bucket in self._slot(production, 0, inner):
            room = budget - self.tried
            if len(bucket) > room:
                bucket = bucket[:room]
            self.tried += len(bucket)
            for a in bucket:
                try:
                    value = tuple(map(op, a[0])) if op else cross(a)
                except REFUSED:
                    continue
                if value not in seen:
                    seen.add(value)
                    made.append((value, (name, a[1]), None))

    def _binary(self, production, inner, made, budget):
        name, op, seen = production.name, production.op, self.seen[production.result]
        symmetric = production.symmetric
        cross = self._crossing(production)
        least, most = self.cheapest[name + ".0"], inner - self.cheapest[name + ".1"]
        for left_cost in range(least, most + 1):
            right_cost = inner - left_cost
            if symmetric and left_cost > right_cost:
                break
            lefts = self._slot(production, 0, left_cost)
            if not lefts:
                continue
            rights = self._slot(production, 1, right_cost)
            if not rights:
                continue
            for left in lefts:
                for a in left:
                    av, ae = a[0], a[1]
                    for right in rights:
                        room = budget - self.tried
                        if len(right) > room:
                            right = right[:room]
                        self.tried += len(right)
                        for b in right:
                            try:
                                value = tuple(map(op, av, b[0])) if op else cross(a, b)
                            except REFUSED:
                                continue
                            if value not in seen:
                                seen.add(value)
                                made.append((value, (name, ae, b[1]), None))
                    if self.tried >= budget:
                        return

    def _many(self, production, inner, made, budget):
        name, op, seen = production.name, production.op, self.seen[production.result]
        cross = self._crossing(production)
        for choice in self._choices(production, inner, 0):
            for a in self._tuples(choice):
                if self.tried >= budget:
                    return
                self.tried += 1
                try:
                    value = tuple(map(op, *[e[0] for e in a])) if op else cross(*a)
                except REFUSED:
                    continue
                if value not in seen:
                    seen.add(value)
                    made.append((value, (name, *[e[1] for e in a]), None))

    def _crossing(self, production):
        """How a production that does not work item by item makes its value."""
        if production.function:
            apply, scope = production.apply, self.scope
            return lambda *entries: apply(scope, *entries)
        return getattr(self.scope, production.cross) if production.cross else None

    def _choices(self, production, inner, j):
        """Lists of buckets, one per argument, whose costs sum to `inner`; a slot is asked only for what the others leave it."""
        if j == len(production.args) - 1:
            return [(bucket,) for bucket in self._slot(production, j, inner)]
        found = []
        most = inner - sum(self.cheapest[f"{production.name}.{k}"] for k in range(j + 1, len(production.args)))
        for cost in range(self.cheapest[f"{production.name}.{j}"], most + 1):
            buckets = self._slot(production, j, cost)
            if buckets:
                rest = self._choices(production, inner - cost, j + 1)
                found += [(bucket, *others) for bucket in buckets for others in rest]
        return found

    def _tuples(self, buckets):
        if len(buckets) == 1:
            for entry in buckets[0]:
                yield (entry,)
            return
        for entry in buckets[0]:
            for rest in self._tuples(buckets[1:]):
                yield (entry, *rest)

    def _callable(self, kind, value, expression):
        """An entry whose third part can be called on numbers that are not probes."""
        if kind == "g":
            return (value, expression, self._lazy(kind, expression))
        memo = Memo(zip(self.scope.probes, value))
        memo.compute = self._lazy(kind, expression)
        return (value, expression, memo)

    def _lazy(self, kind, expression):
        """The lambda of an expression, compiled when it is first called."""
        compiled = []

        def call(*numbers):
            if not compiled:
                for name in library_functions(expression, self.grammar):
                    if name not in self.names:
                        exec(self.grammar[name].function, self.names)
                compiled.append(eval(f"lambda {CALLABLE[kind]}: bounded({write(expression, self.grammar)})", self.names))
            return compiled[0](*numbers)

        return call
