"""Reads the examples of a case. Protected, and hashed into the log of a run: no change may touch it."""

import random


def examples(case):
    """Inputs and what is known of them."""
    return [tuple(row) for row in case["examples"]], list(case["targets"])


def queries(case):
    """Inputs that are to be predicted."""
    return [tuple(row) for row in case["queries"]]


def generator(case):
    """All random choices of a training come from here, so that a case comes out the same every time."""
    return random.Random(case["seed"])
