"""Practice: gather solutions of tasks that the agent may see in full."""

import random

from curriculum import promise, retry_budget, shared_share
from expressions import expand, to_lists
from features import features
from grammar import Scope
from model import costs_for
from search import Enumeration
from solve import KINDS, agrees, frozen, solve_batch
from writer import function_source


def practise(message, memory, grammar, weights):
    """One batch with one shared enumeration, then open tasks one by one with what is left of the budget."""
    batch, budget = message["batch"], message["programs"]
    shown = batch["shown"]
    found, tried, spent = solve_batch(batch, grammar, weights, int(budget * shared_share()))
    right = [number for number, _, is_right in found if is_right]
    solutions = [solution(batch["tasks"][n], program, grammar, shown) for n, program, is_right in found if is_right]
    key = "b" + str(batch["tasks"][0]["id"]) if batch["tasks"] else "b"
    unsolved = [
        open_task(task, batch) for number, task in enumerate(batch["tasks"]) if number not in {n for n, _, _ in found}
    ]
    again, retried = retry(memory["open"] + unsolved, grammar, weights, budget - tried, random.Random(message["seed"]))
    findings = {
        "batch": key,
        "inputs": batch["inputs"][:shown],
        "solutions": solutions,
        "retried": again,
        "open": unsolved,
        "families": tally(batch["tasks"], right, [n for n, _, is_right in found if not is_right]),
        "spent": spent,
        "tried": tried + retried,
    }
    solved = len(right) + sum(1 for task in again if task["program"])
    return {"findings": findings, "programs": tried + retried, "solved": solved, "tasks": len(batch["tasks"])}


def solution(task, program, grammar, shown):
    return [to_lists(expand(program, grammar)), task["type"]["output"], task["outputs"][:shown], task["family"]]


def open_task(task, batch):
    digits = "".join(letter for letter in task["family"] if letter.isdigit())
    return {
        "id": task["id"],
        "type": task["type"]["output"],
        "family": task["family"],
        "level": int(digits or 0),
        "inputs": batch["inputs"],
        "outputs": task["outputs"],
        "shown": batch["shown"],
        "failures": 0,
    }


def tally(tasks, right, fitted):
    """{family: [tasks, solved, fitted only]}"""
    made = {}
    for number, task in enumerate(tasks):
        row = made.setdefault(task["family"], [0, 0, 0])
        row[0] += 1
        row[1] += number in right
        row[2] += number in fitted
    return made


def retry(tasks, grammar, weights, budget, rng):
    """Open tasks one by one, each with costs for its own features: ([{"id", "program" or None…}], programs tried)."""
    ranked = [(-promise(task["failures"], task["level"]), rng.random(), task) for task in tasks]
    order = [task for _, _, task in sorted(ranked, key=lambda row: row[:2])]
    results = []
    used = 0
    for task in order:
        allowed = retry_budget(task["failures"])
        if used + allowed > budget:
            break
        program, tried = solve_alone(task, grammar, weights, allowed)
        used += tried
        results.append({**task, "program": program, "failures": task["failures"] + 1})
    return results, used


def solve_alone(task, grammar, weights, budget):
    shown = task["shown"]
    inputs, outputs = task["inputs"][:shown], task["outputs"][:shown]
    costs = costs_for(weights, features("list-of-int", task["type"], inputs, outputs))
    kind = KINDS[task["type"]]
    search = Enumeration(grammar, costs, Scope(inputs, "list-of-int"), {kind: {tuple(map(frozen, outputs)): [0]}}, [kind])
    for _, expression in search.run(budget):
        if agrees(function_source(expression, grammar), task["inputs"], task["outputs"]):
            return to_lists(expand(expression, grammar)), search.tried
    return None, search.tried
