"""A small agent without a model: it tries other values for the numbers of a program, and other lines for a text of rules.

Numbers are those of lines like `RATE = 0.5`. Rules are lines `word -> answer`, made of what feedback says of failures: {"Input", "Expected"}.
Whatever gains on practice cases is proposed, the best first.
"""

import hashlib
import json
import random
import re

NUMBER = re.compile(r"^([A-Z_]+ = )(-?\d+\.\d+)$", re.MULTILINE)
FACTORS = (9.0, 3.0, 1.5, 0.7, 0.3, 0.1)
TRIES, CASES = 10, 4


def diagnose(message):
    """One limitation: what it was given may be wrong."""
    return {"limitations": [{"id": "values", "kind": "values", "text": "its values may be wrong"}], "memory": message["memory"]}


def propose(message, ask):
    """What gained on practice cases."""
    rng = random.Random(message["seed"])
    target, findings = message["target"], message["findings"]
    editable = {path: text for path, text in target["files"].items() if any(path in globs for globs in target["surfaces"].values())}
    ideas = [idea for path, text in sorted(editable.items()) for idea in (*_numbers(path, text, rng), *_rules(path, text, findings))]
    rng.shuffle(ideas)
    cases = list(range(min(CASES, len(findings))))
    now = sum(findings[case]["score"] or 0.0 for case in cases)
    found = []
    for path, after, reason in ideas[:TRIES]:
        answer = ask({"evaluate": {"files": {path: after}, "cases": cases}})
        if "results" not in answer:
            break
        gain = sum(result["score"] or 0.0 for result in answer["results"]) - now
        if gain >= 0:
            found.append((gain, path, after, reason))
    found.sort(key=lambda one: -one[0])
    made = [_proposal(target, editable, *one) for one in found[: message["count"]]]
    return {"proposals": made, "memory": message["memory"], "programs": 0}


def _numbers(path, text, rng):
    for match in NUMBER.finditer(text):
        for factor in FACTORS:
            value = round((float(match[2]) or 0.1) * factor * rng.uniform(0.8, 1.2), 4)
            yield path, text[: match.start(2)] + str(value) + text[match.end(2) :], f"{match[1]}{value} instead of {match[2]}"


def _rules(path, text, findings):
    known = {line.split(" -> ")[0] for line in text.splitlines() if " -> " in line}
    if not known:
        return
    seen = {}
    for finding in findings:
        said = _said(finding["feedback"])
        for word in str(said.get("Input", "")).split():
            seen.setdefault(word, []).append(str(said.get("Expected")))
    learned = {word: max(sorted(set(some)), key=some.count) for word, some in seen.items() if word not in known}
    if learned:
        yield path, text + "".join(f"{word} -> {answer}\n" for word, answer in sorted(learned.items())), f"rules for {len(learned)} words"


def _said(feedback):
    try:
        found = json.loads(str(feedback).partition("\n")[0])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _proposal(target, files, gain, path, after, reason):
    surface = next(name for name, globs in target["surfaces"].items() if path in globs)
    edit = {"path": path, "before": hashlib.sha256(files[path].encode()).hexdigest(), "after": after}
    prediction = {"p_better": 0.7, "low": 0.0, "high": 0.4}
    return {"surface": surface, "limitation": "values", "reason": reason, "edits": [edit], "prediction": prediction}
