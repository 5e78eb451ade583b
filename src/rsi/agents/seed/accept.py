"""Which program to go on from: whether a candidate keeps up while it is run, and whether it takes its parent's place.

Scores are in [0, 1], higher is better; None where the program failed on an instance.
"""

LAG = 0.1
LEAST_GAIN = 0.0


def keeps_up(scores, parents):
    """Whether a candidate is worth more evaluations, by its scores so far and its parent's on the same instances."""
    return worth(scores) >= worth(parents) - LAG


def better(scores, parents):
    """Whether it takes its parent's place, by its scores and its parent's on all instances."""
    return worth(scores) > worth(parents) + LEAST_GAIN


def worth(scores):
    return mean(scores)


def mean(scores):
    return sum(map(filled, scores)) / len(scores) if scores else 0.0


def median(scores):
    ranked = sorted(map(filled, scores))
    return ranked[len(ranked) // 2] if ranked else 0.0


def filled(score):
    """A failure counts as nothing."""
    return 0.0 if score is None else score
