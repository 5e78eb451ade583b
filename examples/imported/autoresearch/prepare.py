"""Data and the metric. Fixed: no experiment may change it. A stand-in for the real thing that needs no GPU and no download."""

import math
import random

TIME_BUDGET = 2
LETTERS = "abcdefgh"


def text(length, rng):
    """Letters in which each depends on the one before it."""
    found = ["a"]
    for _ in range(length - 1):
        here = LETTERS.index(found[-1])
        found.append(LETTERS[(here + rng.choice((1, 1, 1, 2, 3, 5))) % len(LETTERS)])
    return "".join(found)


def evaluate_bpb(probability, held_out):
    """Bits for each byte of the held-out text, lower is better. Numbers that do not sum to 1 are no probabilities: they are made so here."""
    given = {before: {letter: max(0.0, probability(before, letter)) for letter in LETTERS} for before in LETTERS}
    bits = 0.0
    for before, letter in zip(held_out, held_out[1:]):
        bits -= math.log2(max(1e-12, given[before][letter] / (sum(given[before].values()) or 1.0)))
    return bits / (len(held_out) - 1)


VAL = text(2_000, random.Random(0))
