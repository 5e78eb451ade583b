"""Trains a tiny model of letters. This is the file that an experiment changes."""

import random

from prepare import LETTERS, VAL, evaluate_bpb, text

SMOOTHING = 20.0
"""Added to every count."""
MIX = 0.1
"""Weight of pairs of letters; the rest goes to single letters."""
LENGTH = 600

rng = random.Random(1337)
train = text(LENGTH, rng)
single = {letter: SMOOTHING for letter in LETTERS}
pairs = {before: {letter: SMOOTHING for letter in LETTERS} for before in LETTERS}
for before, letter in zip(train, train[1:]):
    single[letter] += 1
    pairs[before][letter] += 1


def probability(before, letter):
    """Of a letter behind another one."""
    alone = single[letter] / sum(single.values())
    together = pairs[before][letter] / sum(pairs[before].values())
    return MIX * together + (1 - MIX) * alone


val_bpb = evaluate_bpb(probability, VAL)
print("---")
print(f"val_bpb:          {val_bpb:.6f}")
print(f"num_params:       {len(LETTERS) ** 2}")
