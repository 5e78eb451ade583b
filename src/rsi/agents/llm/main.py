"""Where the agent answers: solve, practise, diagnose, propose, learn. Plain data in, plain data out; a model answers through `ask`.

The same code improves a foreign target and this agent itself: who is improved stands in the message's `target`, else it is its own tree.
Whatever goes wrong with the model ends as no answer or no proposal, with the reason in `why`.
"""

import collections

import context
import flow
import notes
import solver
import tools
from rsi_model import Model

PRACTISED = 12
KINDS_OF_FAILURE = 8


def solve(message, ask=None):
    attempts = [solver.solve_one(question, message["programs"], ask) for question in message["cases"]]
    return {"answers": [{"answer": attempt.answer, "programs": attempt.tried} for attempt in attempts]}


def practise(message, ask=None):
    findings, used = solver.practise(message["batch"], message["programs"], PRACTISED, ask)
    solved = sum(finding["score"] >= 1 for finding in findings)
    return {"findings": findings, "programs": used, "solved": solved, "tasks": len(findings)}


def cases_in(findings):
    """Findings one by one, as a kernel gives them (a list of cases) or as batches of practice do (a list of such lists)."""
    flat = [case for item in findings or [] for case in (item if isinstance(item, list) else [item])]
    return [case for case in flat if isinstance(case, dict) and ("score" in case or "error" in case)]


def diagnose(message, ask=None):
    """Kinds of failures, the most frequent first, each with cases that show it; costs no call of the model."""
    memory = notes.memory_of(message)
    memory["calls"] += 1
    cases = cases_in(message["findings"])
    notes.take_in(memory, cases)
    kinds = collections.defaultdict(list)
    for case in cases:
        if notes.score_of(case) < 1:
            kinds[notes.plain(case.get("label") or case.get("outcome") or "failed", 60)].append(case)
    ranked = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))[:KINDS_OF_FAILURE]
    limitations = [
        {
            "id": f"cases-{label.replace(' ', '-')}",
            "kind": "failures",
            "text": f"{len(failed)} of {len(cases)} practice cases end as: {label}",
            "evidence": [notes.plain(case.get("feedback") or case.get("error") or case.get("id"), 300) for case in failed[:3]],
        }
        for label, failed in ranked
    ]
    return {"limitations": limitations, "memory": memory}


def propose(message, ask=None):
    """Up to `count` proposals; where there are fewer, `why` says why."""
    memory, model = notes.memory_of(message), Model(ask)
    target, shell = context.target_of(message), bool(context.budget_of(message).get("shell"))
    has_cases = "findings" in message
    findings = cases_in(message["findings"]) if has_cases else memory["findings"]
    spent = []

    def work():
        spent.append(tools.Work(target, findings, message["limitations"], memory, ask, has_cases, shell))
        return spent[-1]

    made, reasons = flow.proposals(message, model, work, lambda work, made: context.opening(message, work, made))
    used = min(message["programs"], sum(work.programs for work in spent))
    why = f"no proposal, because {reasons[-1]}" if reasons else None
    return {"proposals": [found for found, _ in made], "memory": memory, "programs": used, "calls": model.calls, "why": why}


def learn(message, ask=None):
    return {"memory": notes.learn(notes.memory_of(message), message["verdicts"])}
