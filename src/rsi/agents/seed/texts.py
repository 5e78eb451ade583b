"""Small changes to a text that is no program: lines and sentences left out, said twice, put elsewhere, or taken from another text."""

import ast
import re

SENTENCE = re.compile(r"[^.!?\n]+[.!?]+(?=\s|$)")
LONG = 60
MOST_PARTS = 4000
LONGEST = 400
BORROWED = 0.5
ENDS = ('"""', "'''", "\\")
BORROW = "a line taken from another text"


def parts(path, text):
    """[(start, end)] of what may be rewritten: the whole of a text, the long texts inside of a program."""
    if not path.endswith(".py"):
        return [(0, len(text))]
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    lines = text.splitlines(keepends=True)
    starts = [sum(len(line.encode()) for line in lines[:k]) for k in range(len(lines) + 1)]
    raw = text.encode()
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) >= LONG and id(node) not in silent:
            start = len(raw[: starts[node.lineno - 1] + node.col_offset].decode())
            end = len(raw[: starts[node.end_lineno - 1] + node.end_col_offset].decode())
            if text[start : start + 3] in ('"""', "'''") and text[end - 3 : end] == text[start : start + 3]:
                found.append((start + 3, end - 3))
    return sorted(found)


def drawn(path, text, rng, lines=()):
    """(a text with one change, what was done), or (None, "") where nothing can be changed; `lines` are those of other texts."""
    places = parts(path, text)
    if not places:
        return None, ""
    start, end = rng.choice(places)
    if lines and rng.random() < BORROWED:
        kind, changed = BORROW, take_line(text[start:end], rng, lines)
    else:
        kind = rng.choice(list(KINDS))
        changed = KINDS[kind](text[start:end], rng)
    if changed is None or changed == text[start:end] or not changed.strip():
        return None, ""
    return text[:start] + changed + text[end:], kind


def _lines(text):
    return text.split("\n")


def _full(lines):
    return [k for k, line in enumerate(lines[:MOST_PARTS]) if line.strip()]


def drop_line(text, rng):
    lines = _lines(text)
    full = _full(lines)
    if len(full) < 2:
        return None
    del lines[rng.choice(full)]
    return "\n".join(lines)


def drop_sentence(text, rng):
    found = list(SENTENCE.finditer(text))[:MOST_PARTS]
    if len(found) < 2:
        return None
    one = rng.choice(found)
    return text[: one.start()].rstrip(" ") + text[one.end() :]


def lines_of(texts):
    """The lines of texts that another one could take: each once, none that would end a string of a program."""
    found = (line.strip() for text in texts for line in text.splitlines()[:MOST_PARTS])
    return [line for line in dict.fromkeys(found) if 0 < len(line) <= LONGEST and not any(mark in line for mark in ENDS)]


def take_line(text, rng, others):
    """A line of another text goes behind one of its own."""
    lines = _lines(text)
    new = [line for line in others if line not in {mine.strip() for mine in lines}]
    full = _full(lines)
    if not new or not full:
        return None
    lines.insert(rng.choice(full) + 1, rng.choice(new))
    return "\n".join(lines)


def repeat_line(text, rng):
    """Say a line once more at the end."""
    lines = _lines(text)
    full = _full(lines)
    if not full:
        return None
    last = full[-1]
    return "\n".join([*lines[: last + 1], lines[rng.choice(full)], *lines[last + 1 :]])


def swap_lines(text, rng):
    """A line and the next one change places."""
    lines = _lines(text)
    full = _full(lines)
    if len(full) < 2:
        return None
    k = rng.randrange(len(full) - 1)
    a, b = full[k], full[k + 1]
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def move_line(text, rng):
    """A line goes to the beginning or to the end: what stands there is heeded most."""
    lines = _lines(text)
    full = _full(lines)
    if len(full) < 2:
        return None
    line = lines.pop(rng.choice(full))
    full = _full(lines)
    lines.insert(full[0] if rng.random() < 0.5 else full[-1] + 1, line)
    return "\n".join(lines)


KINDS = {
    "a line left out": drop_line,
    "a sentence left out": drop_sentence,
    "a line said again at the end": repeat_line,
    "two lines swapped": swap_lines,
    "a line moved to an end": move_line,
}
