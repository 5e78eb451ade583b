"""Where the agent answers: build, solve, improve, practise, diagnose, propose, learn. Plain data in, plain data out.

Everything it needs stands in its own folder; `build.json` there is the product of its build: the trained parameters. Where it improves
programs, `ask` runs them: see `improve.py`.
"""

import importlib
import json
import random
from pathlib import Path

HERE = Path(__file__).resolve().parent


def own_grammar():
    """The base language and the agent's own library."""
    grammar = {production.name: production for production in part("grammar").base()}
    return part("functions").load((HERE / "library.py").read_text(), grammar)


def own_functions(grammar):
    """Library functions, the latest first: they are made of the earlier ones."""
    return [production for production in grammar.values() if production.function][::-1]


def own_corpus():
    return json.loads((HERE / "corpus.json").read_text())


def own_weights():
    return json.loads((HERE / "build.json").read_text())


def own_policy():
    """The weights of its edit policy for programs."""
    return json.loads((HERE / "weights.json").read_text())


def is_other(message):
    """Whether the message is about a target that is run case by case, not about the agent itself."""
    return bool((message.get("target") or {}).get("case"))


def part(name):
    """One of its modules, read only by the calls that need it: every call, the shortest too, begins by reading this file."""
    return importlib.import_module(name)


def build(message):
    grammar = own_grammar()
    return part("model").train(own_corpus(), grammar, own_functions(grammar), random.Random(message["seed"]))


def solve(message):
    grammar, weights, solve_one = own_grammar(), own_weights(), part("solve").solve
    answers = []
    for question in message["cases"]:
        source, tried = solve_one(question, grammar, weights, message["programs"])
        answers.append({"answer": source, "programs": tried})
    return {"answers": answers}


def improve(message, ask):
    return part("improve").improve(message, ask, own_policy())


def practise(message, ask=None):
    if "problems" in message["batch"]:
        part("pages").PAGES.make_room(message.get("machine"))
        return part("episodes").practise(message, ask, own_policy())
    memory = part("experience").memory_of(message, own_corpus())
    return part("practice").practise(message, memory, own_grammar(), own_weights())


def diagnose(message):
    memory = part("experience").memory_of(message, own_corpus())
    if is_other(message):
        return {"limitations": part("targets").diagnose(message["findings"]), "memory": memory}
    if any("episodes" in finding for finding in message["findings"]):
        memory["programs"] = part("episodes").take_in(message["findings"], memory.get("programs") or part("episodes").fresh())
        return {"limitations": part("gains").diagnose(message["findings"]), "memory": memory}
    grammar = own_grammar()
    return part("diagnose").diagnose(message["findings"], memory, own_corpus(), grammar, own_weights())


def propose(message, ask=None):
    memory = part("experience").memory_of(message, own_corpus())
    if is_other(message):
        return part("targets").propose(message, ask, memory, own_policy())
    if "batch" in message:
        part("pages").PAGES.make_room(message.get("machine"))
        known = memory["programs"] = memory.get("programs") or part("episodes").fresh()
        return part("advance").propose(message, ask, memory, known, own_policy(), HERE)
    return part("propose").propose(message, memory, HERE)


def learn(message):
    memory = part("experience").memory_of(message, own_corpus())
    return {"memory": part("propose").learn(message["verdicts"], memory)}
