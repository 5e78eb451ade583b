"""How the agent learns: small formulas that turn experience into costs. Every one of them was a first guess.

Surface `training`. Costs are integers in units of 1/COST_SCALE bit; counts are solutions (own ones and dreams).
"""

import math

COST_SCALE = 1.0
HIGHEST_COST = 60


def solution_weight(repeats):
    """How much a program counts that was found for `repeats` tasks."""
    return repeats


def dream_weight():
    """How much one dreamed program counts in the proposal model."""
    return 0.0


def level_weight(size):
    """How much a solution of that many productions counts."""
    return 1.0


def unigram(count, total, choices):
    """Share of a production among those of its kind, wherever they stand."""
    return (count + 1.0) / (total + choices)


def in_context(count, total, prior):
    """Share of a production in one slot of one parent, drawn towards its share anywhere."""
    strength = 1000.0
    return (count + strength * prior) / (total + strength)


def cost(probability):
    """Integer cost of choosing a production of that probability."""
    return max(1, min(HIGHEST_COST, round(-math.log2(probability) * COST_SCALE)))


def lift(with_feature, seen_feature, share):
    """Log2 odds that a feature adds to the use of a production, drawn towards none."""
    strength = 30.0
    return math.log2((with_feature + strength * share) / ((seen_feature + strength) * share))


def tilt(total_lift, features):
    """How much a task's features together change a production's cost, in bits."""
    mixture = 0.05
    return mixture * total_lift


def dreams_wanted(solutions):
    """How many programs are dreamed to train the recogniser, given the number of distinct solutions."""
    return 400


def dream_share(dreams, solutions):
    """Weight of one dream against one solution in the recogniser."""
    return 0.5
