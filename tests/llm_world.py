"""A world in which a language-model agent can truly improve itself: a scripted model that helps more, the better it is asked.

As a solver, the model knows the functions of level 1 of the list-function suite. Cases fall into four kinds, by a hash of their
examples: it is right at once; only if the prompt tells it to look at the types; only once it has been shown every wrong example
of its first try; only at its third try. So the agent's prompt, one of its tools and its control flow each stand between it and a
fifth of the cases.

As an improver, the model changes the first of the three that the agent who asks it has not changed yet; it sees that in what it is sent.
"""

import hashlib
import json
import random
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from rsi.core.records import Json
from rsi.suites.list_functions.compose import draw_composition
from tests.llm_agent import block, change

KINDS = ("at once", "at once", "types", "all wrong examples", "third try")
ADVICE = "- Look at the types first: what goes in, what comes out."
OLD_TOOL = '    return right, f"{right} of {len(examples)} examples are right; wrong is {shown(*wrong[0])}"'
NEW_TOOL = OLD_TOOL.replace("wrong is {shown(*wrong[0])}", "wrong are {every}")
NEW_TOOL = f'    every = "; ".join(shown(*one) for one in wrong)\n{NEW_TOOL}'


@cache
def known() -> tuple[tuple[str, Any], ...]:
    """The functions of level 1, the simple ones first: (source of its value, what computes it)."""
    rng = random.Random(0)
    found: dict[str, Any] = {}
    for _ in range(4000):
        function = draw_composition(rng, 1).function
        found.setdefault(function.text, function.run)
    return tuple(sorted(found.items(), key=lambda item: len(item[0])))


def kind_of(examples: Mapping[str, Any]) -> str:
    """What the model needs to be right on a case."""
    return KINDS[hashlib.sha256(json.dumps(examples, sort_keys=True).encode()).digest()[0] % len(KINDS)]


def says(body: Mapping[str, Json]) -> str:
    """What the model says to a request."""
    messages: Any = body["messages"]
    is_solver = messages[0]["content"].startswith("You write small Python functions")
    return solver(messages) if is_solver else improver(messages)


def solver(messages: list[dict[str, str]]) -> str:
    """A program for the examples, right if the agent gave the model what it needs."""
    examples = {given: json.loads(wanted) for given, wanted in re.findall(r"^f\((.*)\) == (.*)$", messages[1]["content"], re.MULTILINE)}
    tries, kind = sum(message["role"] == "assistant" for message in messages), kind_of(examples)
    is_helped = {
        "at once": True,
        "types": ADVICE in messages[0]["content"],
        "all wrong examples": tries > 0 and "wrong are" in messages[-1]["content"],
        "third try": tries >= 2,
    }[kind]
    source = "from math import prod\n\n\ndef f(xs):\n    return " + (right(examples) if is_helped else f"[{tries}, 77]")
    return f"I think that this is it.\n{block('python', source)}"


def right(examples: Mapping[str, Any]) -> str:
    """The first known function that agrees with all examples."""
    for text, run in known():
        try:
            if all(run(json.loads(given)) == wanted for given, wanted in examples.items()):
                return str(text)
        except (ArithmeticError, ValueError, IndexError):
            continue
    return "[]"


def improver(messages: list[dict[str, str]]) -> str:
    """The next change of the agent that asks, made with its tools."""
    if len(messages) == 2:
        if ADVICE not in messages[0]["content"]:
            return rules()
        return "Let me see what the model is told of a wrong program, and how often it may try.\n" + "\n".join(
            (block("search", "wrong[0]"), block("search", "ATTEMPTS ="))
        )
    found = messages[3]["content"]
    if "tools.py" in found:
        return edit("tools.py", OLD_TOOL, NEW_TOOL, "Only one wrong example is shown: show all of them.")
    if "flow.py:" in found and "ATTEMPTS = 2" in found:
        return edit("flow.py", "ATTEMPTS = 2", "ATTEMPTS = 3", "A second try often fails where a third succeeds.")
    return block("stop", "nothing is left to change")


def rules() -> str:
    return edit("prompts/rules.md", "# Rules", f"# Rules\n{ADVICE}", "The model is never told to look at the types.")


def edit(path: str, old: str, new: str, reason: str) -> str:
    return block(f"edit {path}", change(old, new)) + "\n" + block("finish", f"reason: {reason}\np_better: 0.8\nlow: 0.02\nhigh: 0.3")
