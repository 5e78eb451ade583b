"""Makes the cases and scores what comes back. Runs in a process of its own; never in a jail, never beside candidate code."""

import random

CAPACITY = 100
ITEMS = 120


def cases(seed, start, count):
    """Cases number `start` … `start + count − 1` of a seed; the same arguments always give the same cases."""
    return [_case(random.Random(f"{seed}/{number}")) for number in range(start, start + count)]


def _case(rng):
    """Items of three kinds: large ones, medium ones that go in pairs, and small ones that fill gaps."""
    kinds = ((50, 70), (25, 48), (5, 22))
    items = [rng.randint(*kinds[rng.randrange(3)]) for _ in range(ITEMS)]
    return {"items": items, "least": -(-sum(items) // CAPACITY)}


def score(case, output):
    """The least number of bins divided by the bins used; None where the packing is none."""
    items = case["items"]
    if not isinstance(output, list) or len(output) != len(items) or not all(type(place) is int for place in output):
        return {"score": None, "label": "no packing", "feedback": "one bin number for each item was expected"}
    filled = {}
    for item, place in zip(items, output, strict=True):
        filled[place] = filled.get(place, 0) + item
    over = [place for place, size in filled.items() if size > CAPACITY]
    if over:
        return {"score": None, "label": "overfull", "feedback": f"{len(over)} bins hold more than {CAPACITY}"}
    wasted = len(filled) * CAPACITY - sum(items)
    feedback = f"{len(filled)} bins used, {case['least']} are the least; {wasted} of room is wasted"
    return {"score": case["least"] / len(filled), "label": "packed", "feedback": feedback}
