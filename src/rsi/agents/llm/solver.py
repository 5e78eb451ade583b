"""Answering a case of a suite: the model writes a program, it is run on the examples, and what was wrong goes back to the model."""

import json

import context
import flow
import tools
from blocks import Unreadable, actions
from rsi_model import Model

LONGEST = 20_000


class Attempt:
    """The programs that were tried for one case."""

    def __init__(self, examples, programs):
        self.examples, self.left = examples, programs
        self.tried = 0
        self.best = (-1, None)
        self.why = "no program was written"

    def act(self, text):
        """Try the program of a reply."""
        source, why = program_in(text)
        if source is None:
            return self.left < 1, flow.correction(why), False
        right, said = tools.check(source, self.examples)
        self.tried += 1
        self.left -= 1
        self.why = said
        if right > self.best[0]:
            self.best = right, source
        return right == len(self.examples) or self.left < 1, context.filled("wrong.md", result=said), True

    @property
    def answer(self):
        return self.best[1]


def program_in(text):
    """The last block of a reply that is a program, else (None, why there is none)."""
    try:
        found = [action.body for action in actions(text) if "def f" in action.body]
    except Unreadable as error:
        return None, str(error)
    if not found:
        return None, "there is no fenced block with a function `f` in it"
    return (found[-1], None) if len(found[-1]) <= LONGEST else (None, f"the program is longer than {LONGEST} characters")


def solve_one(question, programs, ask):
    """The `Attempt` at one question {"type", "examples"}."""
    attempt = Attempt(question["examples"], programs)
    if programs > 0:
        why = flow.converse(Model(ask), opening(question), attempt.act, flow.ATTEMPTS, flow.RETRIES)
        if why and attempt.tried == 0:
            attempt.why = why
    return attempt


def opening(question):
    """The first two messages about a question."""
    examples = "\n".join(f"f({json.dumps(example['i'])}) == {json.dumps(example['o'])}" for example in question["examples"])
    task = context.filled("solve.md", input=question["type"]["input"], output=question["type"]["output"], examples=examples)
    return [{"role": "system", "content": context.filled("solver.md", rules=context.prompt("rules.md"))}, {"role": "user", "content": task}]


def practise(batch, programs, cases, ask):
    """Findings on the first tasks of a batch, whose unseen outputs tell whether an answer is right: (findings, programs)."""
    findings, used, shown = [], 0, batch["shown"]
    for number, task in enumerate(batch["tasks"][:cases]):
        if used >= programs:
            break
        pairs = [{"i": given, "o": wanted} for given, wanted in zip(batch["inputs"], task["outputs"])]
        attempt = solve_one({"type": task["type"], "examples": pairs[:shown]}, programs - used, ask)
        used += attempt.tried
        findings.append(finding(number, task, pairs, attempt, shown))
    return findings, used


def finding(number, task, pairs, attempt, shown):
    unseen = pairs[shown:]
    right, said = (0, attempt.why) if attempt.answer is None else tools.check(attempt.answer, unseen)
    score = float(attempt.answer is not None and right == len(unseen))
    label = "solved" if score else ("not found" if attempt.answer is None else "fitted" if attempt.best[0] == shown else "wrong")
    return {
        "case": number,
        "id": task["id"],
        "input": {"type": task["type"], "examples": pairs[:3]},
        "output": attempt.answer,
        "score": score,
        "label": label,
        "feedback": attempt.why if label in ("wrong", "not found") else said,
    }
