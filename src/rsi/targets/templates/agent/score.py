"""Makes questions and scores answers. Runs in a process of its own; never in a jail, never beside candidate code."""

import random

ENDS = {
    "add": (("sum", "total"), sum),
    "count": (("count", "amount"), len),
    "largest": (("largest", "biggest", "highest"), lambda numbers: max(numbers, default=0)),
    "smallest": (("smallest", "least", "lowest"), lambda numbers: min(numbers, default=0)),
    "spread": (("range",), lambda numbers: max(numbers, default=0) - min(numbers, default=0)),
}
FILTERS = {
    "even": lambda numbers: [number for number in numbers if number % 2 == 0],
    "odd": lambda numbers: [number for number in numbers if number % 2],
    "different": lambda numbers: list(dict.fromkeys(numbers)),
}


def cases(seed, start, count):
    """Cases number `start` … `start + count − 1` of a seed; the same arguments always give the same cases."""
    return [_case(random.Random(f"{seed}/{number}")) for number in range(start, start + count)]


def _case(rng):
    numbers = [rng.randint(1, 60) for _ in range(rng.randint(8, 14))]
    words, end = ENDS[rng.choice(sorted(ENDS))]
    adjective = rng.choice(("", "", "", *sorted(FILTERS)))
    chosen = FILTERS[adjective](numbers) if adjective else numbers
    question = f"What is the {rng.choice(words)} of the {adjective + ' ' if adjective else ''}numbers?"
    return {"question": question, "numbers": numbers, "answer": end(chosen), "family": adjective or "plain"}


def score(case, output):
    """1 for the right number, else 0."""
    if output == case["answer"] and type(output) is int:
        return {"score": 1, "label": "right", "feedback": "right"}
    return {"score": 0, "label": "wrong", "feedback": f"{case['question']} The answer is {case['answer']}, not {str(output)[:40]}"}
