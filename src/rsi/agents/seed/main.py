"""Where the agent answers: build, solve, improve, practise, diagnose, propose, learn. Plain data in, plain data out.

Everything it needs stands in its own folder; `build.json` there is the product of its build: the trained parameters. Where it improves
programs, `ask` runs them: see `improve.py`.
"""

import json
import random
from pathlib import Path

import advance
import diagnose as diagnosis
import episodes
import experience
import gains
import improve as improving
import practice
import propose as proposing
from functions import load
from grammar import base
from model import train
from pages import PAGES
from solve import solve as solve_one

HERE = Path(__file__).resolve().parent


def own_grammar():
    """The base language and the agent's own library."""
    grammar = {production.name: production for production in base()}
    return load((HERE / "library.py").read_text(), grammar)


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


def build(message):
    grammar = own_grammar()
    return train(own_corpus(), grammar, own_functions(grammar), random.Random(message["seed"]))


def solve(message):
    grammar, weights = own_grammar(), own_weights()
    answers = []
    for question in message["cases"]:
        source, tried = solve_one(question, grammar, weights, message["programs"])
        answers.append({"answer": source, "programs": tried})
    return {"answers": answers}


def improve(message, ask):
    return improving.improve(message, ask, own_policy())


def practise(message, ask=None):
    if "problems" in message["batch"]:
        PAGES.make_room(message.get("machine"))
        return episodes.practise(message, ask, own_policy())
    memory = experience.memory_of(message, own_corpus())
    return practice.practise(message, memory, own_grammar(), own_weights())


def diagnose(message):
    memory = experience.memory_of(message, own_corpus())
    if any("episodes" in finding for finding in message["findings"]):
        memory["programs"] = episodes.take_in(message["findings"], memory.get("programs") or episodes.fresh())
        return {"limitations": gains.diagnose(message["findings"]), "memory": memory}
    grammar = own_grammar()
    return diagnosis.diagnose(message["findings"], memory, own_corpus(), grammar, own_weights())


def propose(message, ask=None):
    memory = experience.memory_of(message, own_corpus())
    if "batch" in message:
        PAGES.make_room(message.get("machine"))
        known = memory["programs"] = memory.get("programs") or episodes.fresh()
        return advance.propose(message, ask, memory, known, HERE)
    return proposing.propose(message, memory, HERE)


def learn(message):
    memory = experience.memory_of(message, own_corpus())
    return {"memory": proposing.learn(message["verdicts"], memory)}
