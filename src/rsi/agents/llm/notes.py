"""What is kept from one call to the next: notes, what became of changes, and what failed last. All of it is bounded.

Notes and reasons come from a model's output, and failures from programs: they are marked as tainted and shown as material that was found,
never as instructions.
"""

import re

MOST_NOTES = 24
LONGEST_NOTE = 400
MOST_TRIED = 40
MOST_FINDINGS = 40
LONGEST_TEXT = 2000


def memory_of(message):
    """The memory of a message, whatever stands in it; what has not the right shape is forgotten."""
    given = message.get("memory")
    given = given if isinstance(given, dict) else {}
    memory = {name: rows(given.get(name)) for name in ("notes", "tried", "findings")}
    return {**memory, "calls": given["calls"] if type(given.get("calls")) is int else 0}


def rows(value):
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def plain(text, longest):
    """Text of others without what could steer a terminal or a reader, and not longer than that."""
    text = re.sub(r"[^\n\t\x20-\x7e\u00a0-\ud7ff\ue000-\uffff]", " ", str(text)).strip()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def add_note(memory, text):
    """Keep a note; the oldest goes when there are too many. The same note is kept once."""
    note = {"text": plain(text, LONGEST_NOTE), "tainted": True, "call": memory["calls"]}
    others = [other for other in memory["notes"] if other.get("text") != note["text"]]
    memory["notes"] = [*others, note][-MOST_NOTES:]


def learn(memory, verdicts):
    """What became of earlier proposals; what was accepted and later removed has both words."""
    for verdict in verdicts:
        row = {"reason": plain(verdict.get("tag", ""), 200), "surface": verdict.get("surface", ""), "verdict": verdict["verdict"]}
        memory["tried"] = [*memory["tried"], {**row, "tainted": True}][-MOST_TRIED:]
    return memory


def take_in(memory, findings):
    """Keep the findings of this call, the worst first, for calls that bring none along."""
    memory["findings"] = [
        {name: plain(value, LONGEST_TEXT) if isinstance(value, str) else value for name, value in finding.items()}
        for finding in sorted(findings, key=score_of)[:MOST_FINDINGS]
    ]


def score_of(finding):
    score = finding.get("score")
    return float(score) if isinstance(score, (int, float)) else 0.0
