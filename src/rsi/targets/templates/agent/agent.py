"""An agent that answers questions with tools, and improves itself (improve.py)."""

import json
import re

import improve
import tools


def answer(case):
    """What it answers to one question: a number, or that it does not know, where no tool is called for."""
    with open("routes.json", encoding="utf-8") as file:
        routes = json.load(file)
    numbers = case["numbers"]
    called = [routes["words"][word] for word in re.findall(r"[a-z]+", case["question"].lower()) if word in routes["words"]]
    filters = [name for name in dict.fromkeys(called) if name in tools.FILTERS]
    ends = [name for name in called if name in tools.ENDS]
    if not ends:
        return "I do not know"
    for name in filters[: routes["steps"] - 1]:
        numbers = tools.FILTERS[name](numbers)
    return tools.ENDS[ends[0]](numbers)


def diagnose(message):
    """What it does badly, from its failures on practice cases."""
    return improve.diagnose(message)


def propose(message, ask=None):
    """Changes to itself that may help."""
    return improve.propose(message, ask)
