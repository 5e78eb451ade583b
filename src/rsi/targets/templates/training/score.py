"""Makes the cases and scores predictions. Runs in a process of its own; never in a jail, never beside candidate code."""

import math
import random

EXAMPLES, QUERIES, NOISE = 40, 20, 0.2


def cases(seed, start, count):
    """Cases number `start` … `start + count − 1` of a seed; the same arguments always give the same cases."""
    return [_case(random.Random(f"{seed}/{number}")) for number in range(start, start + count)]


def _case(rng):
    slopes = [rng.gauss(0.0, 0.8) for _ in range(3)]
    bend, bias = rng.gauss(0.0, 0.5), rng.gauss(0.0, 0.5)

    def truth(row):
        return bias + sum(slope * value for slope, value in zip(slopes, row)) + bend * row[0] * row[1]

    rows = [[round(rng.uniform(-1.5, 1.5), 3) for _ in range(3)] for _ in range(EXAMPLES + QUERIES)]
    known = [round(truth(row) + rng.gauss(0.0, NOISE), 3) for row in rows[:EXAMPLES]]
    answers = [round(truth(row), 3) for row in rows[EXAMPLES:]]
    return {"seed": rng.randrange(2**31), "examples": rows[:EXAMPLES], "targets": known, "queries": rows[EXAMPLES:], "answers": answers}


def score(case, output):
    """The mean squared error; None where there is not one finite number for each query."""
    answers = case["answers"]
    if not isinstance(output, list) or len(output) != len(answers) or not all(_is_number(value) for value in output):
        return {"score": None, "label": "no predictions", "feedback": f"a list of {len(answers)} finite numbers was expected"}
    loss = sum(min(1e6, abs(value - answer)) ** 2 for value, answer in zip(output, answers)) / len(answers)
    mean = sum(answers) / len(answers)
    spread = sum((answer - mean) ** 2 for answer in answers) / len(answers)
    return {"score": loss, "label": "fitted", "feedback": f"squared error {loss:.3f}; always saying the mean would give {spread:.3f}"}


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
