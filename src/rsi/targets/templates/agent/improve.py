"""How the agent improves itself: it looks for words of failed questions that call no tool yet, and tries what they might call."""

import hashlib
import json
import random
import re
from collections import Counter

import tools

WORDS, TRIED, SHOWN = 6, 24, 6


def diagnose(message):
    """One limitation: the questions that it fails on."""
    failed = _failed(message.get("findings") or [])
    text = f"{len(failed)} practice questions are answered wrongly"
    limitations = [{"id": "wrong", "kind": "routes", "text": text, "evidence": None}] if failed else []
    return {"limitations": limitations, "memory": message.get("memory")}


def propose(message, ask):
    """The best changes of routes.json among those that were tried on failed practice questions; each trial costs one program."""
    with open("routes.json", encoding="utf-8") as file:
        before = file.read()
    failed = _failed(message.get("findings") or [])
    rng = random.Random(message["seed"])
    ideas = list(_ideas(json.loads(before), failed))
    rng.shuffle(ideas)
    found, used = [], 0
    for routes, reason in ideas[:TRIED]:
        after = json.dumps(routes, indent=2, sort_keys=True) + "\n"
        gain, cost = _gain(ask, after, [finding["case"] for finding in failed[:SHOWN]], message["programs"] - used)
        used += cost
        found.append((gain, after, reason))
    found.sort(key=lambda one: -one[0])
    proposals = [_proposal(before, *one) for one in found[: message["count"]]]
    return {"proposals": proposals, "memory": message.get("memory"), "programs": used}


def _failed(findings):
    return [finding for finding in findings if not finding.get("score")]


def _ideas(routes, failed):
    """One more tool in a row, and each frequent unknown word with each tool."""
    yield {**routes, "steps": routes["steps"] + 1}, "allow one more tool for a question"
    seen = Counter(word for one in failed for word in re.findall(r"[a-z]{3,}", one["input"]["question"].lower()))
    unknown = [word for word, _ in seen.most_common() if word not in routes["words"]][:WORDS]
    for word in unknown:
        for tool in (*tools.FILTERS, *tools.ENDS):
            yield {**routes, "words": {**routes["words"], word: tool}}, f"let the word {word} call {tool}"


def _gain(ask, after, cases, left):
    """How many of the failed questions it would answer rightly, and what finding out did cost."""
    if ask is None or not cases or len(cases) > left:
        return 0.0, 0
    reply = ask({"evaluate": {"files": {"routes.json": after}, "cases": cases}})
    results = reply.get("results") or []
    return sum(result.get("score") or 0.0 for result in results) / len(cases), len(results)


def _proposal(before, gain, after, reason):
    return {
        "surface": "parameters",
        "limitation": "wrong",
        "reason": reason,
        "edits": [{"path": "routes.json", "before": hashlib.sha256(before.encode()).hexdigest(), "after": after}],
        "prediction": {"p_better": 0.8 if gain else 0.1, "low": 0.0, "high": max(0.02, min(0.5, gain / 2))},
        "tag": reason,
    }
