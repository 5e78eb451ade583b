"""Rehearsal: how would the agent do if some of its files were different? Played on its own recorded tasks before anything is proposed.

The measure is surprise: train a copy on half of the corpus and ask how many bits its model needs for each program of the other half
(fewer is better; a search tries about 2^bits programs before it gets there).
"""

import hashlib
import math
import random

import variant

NAMES = ("learning", "model", "functions", "grammar", "features", "expressions", "dreams")


class Copy:
    """A copy of the agent with given files, and what it makes of a corpus."""

    def __init__(self, files, library, passes=None):
        self.parts = variant.load(files, NAMES, passes)
        self.grammar = variant.attempt(self._grammar, library)
        self.functions = [production for production in self.grammar.values() if production.function][::-1]

    def _grammar(self, library):
        return self.parts.functions.load(library, {production.name: production for production in self.parts.grammar.base()})

    def train(self, corpus, seed):
        return variant.attempt(self.parts.model.train, corpus, self.grammar, self.functions, random.Random(seed))

    def surprise(self, weights, corpus, held):
        """Bits for each held-out solution, given the features of its task."""
        return [variant.attempt(self._bits, weights, corpus, entry) for entry in held]

    def _bits(self, weights, corpus, entry):
        batch, kind, outputs = entry["seen"][0]
        found = self.parts.features.features("list-of-int", kind, corpus["inputs"][batch], outputs)
        costs = self.parts.model.costs_for(weights, found)
        program = self.parts.expressions.rewrite(self.parts.expressions.from_lists(entry["program"]), self.functions)
        total = self._share(costs["root." + self.grammar[program[0]].result], program[0])
        for node in self.parts.expressions.nodes(program):
            for j, child in enumerate(node[1:]):
                total += self._share(costs[f"{node[0]}.{j}"], child[0])
        return total

    def _share(self, row, name):
        """Bits of one choice, after making the shares of all choices sum to one: a copy that makes everything cheap gains nothing."""
        scale = self.parts.learning.COST_SCALE
        return row[name] / scale + math.log2(sum(2.0 ** (-cost / scale) for cost in row.values()))


def halves(corpus):
    """A corpus in two: what a copy learns from, and what it is asked about."""
    train, held = [], []
    for entry in corpus["solutions"]:
        digest = hashlib.sha256(str(entry["program"]).encode()).digest()[0]
        (held if digest % 2 else train).append(entry)
    return {"inputs": corpus["inputs"], "solutions": train}, held


def difference(before, after):
    """Mean saving (before − after) and its standard error."""
    gaps = [b - a for b, a in zip(before, after)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / max(1, len(gaps) - 1)
    return mean, math.sqrt(variance / len(gaps))
