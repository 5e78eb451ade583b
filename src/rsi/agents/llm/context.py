"""What the model is shown: the target, its failures, what was tried and what is left, in a prompt of bounded size.

Sizes are in tokens, estimated at three characters each: too many rather than too few.
"""

import json
import math
import re
import tomllib
from pathlib import Path

import edits
import notes
from blocks import fenced

HERE = Path(__file__).resolve().parent
PROMPT_TOKENS = 24_000
CONVERSATION_TOKENS = 48_000
SHARES = {"files": 0.5, "failures": 0.22, "history": 0.16, "notes": 0.06, "limitations": 0.06}
KINDS = (".py", ".md", ".toml", ".json", ".txt")


def tokens(text):
    return math.ceil(len(text) / 3)


def clipped(text, most):
    """Head and tail of a text that would take more tokens than `most`."""
    if tokens(text) <= most:
        return text
    half = max(1, most * 3 // 2 - 30)
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def clean(text):
    """What can be said again as it is: a reply may hold halves of characters, which no message may."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def prompt(name):
    return (HERE / "prompts" / name).read_text(encoding="utf-8").strip()


def filled(name, /, **parts):
    """A prompt with its {{words}} filled in."""
    return re.sub(r"\{\{(\w+)\}\}", lambda word: str(parts.get(word[1], word[0])), prompt(name))


def fitting(messages):
    """The messages that fit: the first two and the latest ones as they are, what lies between them shortened, the oldest first."""
    sizes = [tokens(message["content"]) for message in messages]
    shown = list(messages)
    for number in range(2, len(messages) - 2):
        if sum(sizes) <= CONVERSATION_TOKENS:
            break
        short = clipped(messages[number]["content"], 100)
        shown[number] = {**messages[number], "content": short}
        sizes[number] = tokens(short)
    return shown


def target_of(message):
    """What is to be improved: the message's target, else this agent's own tree."""
    target = message.get("target")
    if isinstance(target, dict):
        is_me = target["files"].get("main.py") == (HERE / "main.py").read_text(encoding="utf-8")
        return {**target, "brief": f"{prompt('brief.md')}\n{target.get('brief', '')}"} if is_me else target
    files = {path: text for path, text in own_files()}
    manifest = tomllib.loads(files["rsi-agent.toml"])
    return {
        "name": manifest["name"],
        "kind": "agent",
        "brief": prompt("brief.md"),
        "metric": {"name": "score", "direction": "max", "low": 0.0, "high": 1.0},
        "surfaces": manifest["surfaces"],
        "protected": list(edits.NEVER),
        "files": files,
    }


def own_files():
    for path in sorted(HERE.rglob("*")):
        inside = path.relative_to(HERE)
        if path.is_file() and path.suffix in KINDS and not any(part.startswith((".", "__")) for part in inside.parts):
            yield inside.as_posix(), path.read_bytes().decode("utf-8")


def opening(message, work, made):
    """The first two messages of a session."""
    target = work.target
    room = min(PROMPT_TOKENS, affordable(message))
    parts = {
        "name": target.get("name", "the target"),
        "brief": notes.plain(target.get("brief", ""), 4000),
        "metric": json.dumps(target.get("metric") or {}),
        "surfaces": surfaces(target),
        "files": files(target, int(room * SHARES["files"])),
        "failures": failures(work.findings, int(room * SHARES["failures"])),
        "limitations": clipped(listed(f"{item['id']}: {item['text']}" for item in work.limitations), int(room * SHARES["limitations"])),
        "history": history(message, work.memory, made, int(room * SHARES["history"])),
        "notes": clipped(listed(item["text"] for item in work.memory["notes"]), int(room * SHARES["notes"])),
        "budget": budget(message),
    }
    system = filled("system.md", tools=work.usage(), rules=prompt("rules.md"))
    return [{"role": "system", "content": system}, {"role": "user", "content": filled("propose.md", **parts)}]


def affordable(message):
    """Tokens that a prompt may take of what is left: a tenth, and never so few that nothing could be shown."""
    left = (budget_of(message).get("model") or {}).get("tokens_left")
    return PROMPT_TOKENS if not isinstance(left, (int, float)) else max(2000, int(left / 10))


def budget_of(message):
    return message["budget"] if isinstance(message.get("budget"), dict) else {}


def budget(message):
    """What is left, in words."""
    left = budget_of(message)
    words = [f"{left['programs_left']} programs (a practice case costs one)"] if "programs_left" in left else []
    model = left.get("model") or {}
    words += [f"{value} {name.removesuffix('_left')} of the model" for name, value in sorted(model.items()) if value is not None]
    return ", ".join(words) or "not told"


def listed(items):
    return "\n".join(f"- {item}" for item in items) or "none"


def surfaces(target):
    lines = [f"- {name}: {' '.join(globs)}" for name, globs in target["surfaces"].items()]
    protected = target.get("protected") or []
    return "\n".join([*lines, *([f"- never: {' '.join(protected)}"] if protected else [])])


def files(target, most):
    """The target's files: those that may be edited in full, the small ones first, as far as there is room; of the rest an outline."""
    globs = [glob for patterns in target["surfaces"].values() for glob in patterns]
    order = sorted(target["files"].items(), key=lambda item: (not edits.matches(item[0], globs), len(item[1]), item[0]))
    shown, left = [], most
    for path, text in order:
        whole = f"### {path}\n{fenced(text)}"
        outline = f"### {path} ({len(text.splitlines())} lines, not shown; `read` shows it)\n{names(path, text)}"
        part = whole if tokens(whole) <= left else outline
        if tokens(part) > left:
            part = f"### {path} (not shown)"
        shown.append(part)
        left -= tokens(part)
    omitted = [f"### {path} (no text)" for path in target.get("omitted") or []]
    return "\n".join([*shown, *omitted])


def names(path, text):
    """What a file defines, on one line."""
    try:
        return f"defines {', '.join(edits.outline(text)[:60])}" if path.endswith(".py") else ""
    except edits.Rejected:
        return "no valid Python"


def failures(findings, most):
    """Cases of practice, the worst first, each with its evidence."""
    if not findings:
        return "no practice cases came with this call"
    mean = sum(map(notes.score_of, findings)) / len(findings)
    head = f"{len(findings)} practice cases, mean score {mean:.3f} (0 is worst, 1 is best)."
    lines, left = [head], most - tokens(head)
    for finding in sorted(findings, key=notes.score_of):
        text = evidence(finding, max(60, left // 6))
        if notes.score_of(finding) >= 1 or tokens(text) > left:
            break
        lines.append(text)
        left -= tokens(text)
    return "\n".join(lines)


def evidence(finding, most):
    head = f"- case {finding.get('case')}: score {notes.score_of(finding):.3f}, {finding.get('label') or finding.get('outcome')}"
    parts = [
        f"  {name}: {clipped(value if isinstance(value, str) else json.dumps(value), max(20, most // 4))}"
        for name in ("input", "output", "feedback", "error")
        if (value := finding.get(name)) not in (None, "")
    ]
    return notes.plain("\n".join([head, *parts]), most * 4)


def history(message, memory, made, most):
    """What was tried before, the newest first, with what became of it and why; then what this call has proposed so far."""
    told = message.get("history") if isinstance(message.get("history"), list) else None
    rows = [attempt(row) for row in reversed(told if told is not None else memory["tried"])]
    rows = [f"- just proposed ({found['surface']}): {found['reason'][:300]}" for found, _ in made] + rows
    kept, left = [], most
    for row in rows:
        row = clipped(row, max(40, most // 3))
        if tokens(row) > left:
            break
        kept.append(row)
        left -= tokens(row)
    return "\n".join(kept) or "nothing yet"


def attempt(row):
    """One earlier proposal."""
    why = f" because: {notes.plain(row['why'], 300)}" if row.get("why") else ""
    text = f"- {row.get('verdict', 'open')} ({row.get('surface', '')}): {notes.plain(row.get('reason', ''), 300)}{why}"
    diff = notes.plain(row.get("diff") or "", 1500)
    return f"{text}\n{fenced(diff)}" if diff else text
