"""What the agent remembers: solutions, tasks still open, and what became of its proposals.

The corpus has one entry per program: {"program", "repeats", "seen": [[batch, type, outputs]…], "family", "tried"}; `inputs` has the
shown inputs of each batch that is still referred to.
"""

import json

from curriculum import keeps_open, promise
from policy import start

SEEN = 2
LARGEST = 900_000


def memory_of(message, corpus=None):
    """The memory that the kernel kept, or a fresh one that knows what the agent was trained on."""
    memory = message.get("memory")
    if not memory:
        corpus = corpus or {"inputs": {}, "solutions": []}
        memory = {"corpus": corpus, "open": [], "policy": start(), "history": [], "pending": {}, "stats": {}}
    return memory


def key_of(program):
    return json.dumps(program, separators=(",", ":"))


def merge(corpus, found, batch_key, inputs):
    """A corpus with solutions added: [(program, type, outputs, family)]; the same program again only counts."""
    solutions = {key_of(entry["program"]): dict(entry) for entry in corpus["solutions"]}
    for program, kind, outputs, family in found:
        entry = solutions.setdefault(key_of(program), {"program": program, "repeats": 0, "seen": [], "family": family})
        entry["repeats"] += 1
        if len(entry["seen"]) < SEEN:
            entry["seen"] = [*entry["seen"], [batch_key, kind, outputs]]
    return tidy({"inputs": {**corpus["inputs"], batch_key: inputs}, "solutions": list(solutions.values())})


def tidy(corpus):
    """Without inputs that nothing refers to, and small enough for one file: what was found once and long ago goes first."""
    solutions = corpus["solutions"]
    while True:
        used = {batch for entry in solutions for batch, _, _ in entry["seen"]}
        made = {"inputs": {batch: rows for batch, rows in corpus["inputs"].items() if batch in used}, "solutions": solutions}
        if len(json.dumps(made)) < LARGEST:
            return made
        ranked = sorted(range(len(solutions)), key=lambda k: (solutions[k]["repeats"], k))
        gone = set(ranked[: len(ranked) // 10 + 1])
        solutions = [entry for k, entry in enumerate(solutions) if k not in gone]


def remember_open(tasks, more):
    """Unsolved tasks worth trying again: the most promising ones are kept."""
    every = {json.dumps([task["inputs"], task["outputs"]]): task for task in [*tasks, *more]}
    ranked = sorted(every.values(), key=lambda task: (-promise(task["failures"], task["level"]), task["id"]))
    return ranked[: keeps_open()]


def text_of(corpus):
    """The corpus as a file: one line per solution, so that a diff can be read."""
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in corpus["solutions"])
    inputs = ",\n".join(f"{json.dumps(key)}:{json.dumps(rows, separators=(',', ':'))}" for key, rows in corpus["inputs"].items())
    return f'{{"inputs":{{\n{inputs}\n}},"solutions":[\n{lines}\n]}}\n'
