"""The plainest agent that asks a model: one call, one edit, one trial, kept if it scores higher. Speaks both dialects of the peer bench."""

import hashlib
import re

EDIT = re.compile(r"<<<<<<< SEARCH\n(.*?)\n=======\n(.*?)\n>>>>>>> REPLACE", re.DOTALL)
BLOCK = re.compile(r"```[a-z]*\n(.*?)\n```", re.DOTALL)
ASKED = "Improve this program by one small edit. Answer with a SEARCH/REPLACE block.\n\n```python\n{source}\n```"


def propose(message, ask):
    """The best program that a climb over the model's edits has found, as one proposal."""
    path, start = program(message["target"])
    case, before = message["findings"][0]["case"], message["findings"][0]["score"] or 0.0
    source, best, calls = start, before, 0
    for _ in range(message["programs"]):
        calls += 1
        reply = ask({"chat": {"messages": [{"role": "user", "content": ASKED.format(source=source)}]}})
        made = applied(source, said(reply))
        if "chat" not in reply:
            break
        if made is None or made == source:
            continue
        tried = ask({"evaluate": {"files": {path: made}, "cases": [case]}})
        if "results" not in tried:
            break
        score = tried["results"][0]["score"] or 0.0
        if score > best:
            source, best = made, score
    made = [] if source == start else [proposal(path, start, source, best - before, calls)]
    return {"proposals": made, "memory": None, "programs": calls}


def program(target):
    """The path and the text of the file with the block to evolve."""
    return next((path, text) for path, text in sorted(target["files"].items()) if "EVOLVE-BLOCK-START" in text)


def said(reply):
    """What the model answered."""
    return reply["chat"]["choices"][0]["message"]["content"] if "chat" in reply else ""


def applied(source, text):
    """The source with the edit of a reply; None where there is none that fits."""
    edit = EDIT.search(text)
    if edit:
        return source.replace(edit[1], edit[2], 1) if edit[1] in source else None
    block = BLOCK.search(text)
    return block[1] + "\n" if block else None


def proposal(path, before, after, gain, calls):
    """As the kernel takes it."""
    return {
        "surface": "code",
        "limitation": "none",
        "reason": f"Edits of a model, each kept if it scored higher; {calls} calls. On a practice case it gains {gain:+.4f}.",
        "edits": [{"path": path, "before": hashlib.sha256(before.encode()).hexdigest(), "after": after}],
        "prediction": {"p_better": 0.7, "low": 0.0, "high": max(0.01, round(gain, 4))},
    }
