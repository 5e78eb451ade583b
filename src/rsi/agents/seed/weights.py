"""The edit policy for programs: how likely each family of edits, kind of line and change in words is tried, learned from what helped.

`weights.json`: {"families": {family: weight}, "kinds": {kind of line: weight}, "words": {change: weight}}; what is not there has weight 1,
so that an empty file means uniform. A table of experience: {"families": {family: [tried, credit]}, "kinds": {…}, "words": {…}}.
"""

import builtins
import functools
import keyword
import re

STRENGTH = 20.0
SMALLEST, LARGEST = 0.1, 10.0
PARTS = ("families", "kinds", "words")
SEEN = 0.0
WHOLE = 0.1
KEPT_WORDS = {*keyword.kwlist, *dir(builtins)}
STARTS = (
    ("if ", "if"), ("elif ", "if"), ("while ", "while"), ("for ", "for"), ("return", "return"), ("def ", "def"), ("else", "else"),
)


def of(weights, family, kind):
    """The weight of an edit."""
    return weights.get("families", {}).get(family, 1.0) * weights.get("kinds", {}).get(kind, 1.0)


def of_words(weights, words):
    """The weight of a change in words among those that a place allows."""
    return weights.get("words", {}).get(words, 1.0)


def seen(experience, part, name):
    """What this episode says of a family, a kind of line or a change: a factor that `SEEN` tells how far to trust; 0: not at all."""
    row = experience.get(part, {}).get(name) if SEEN > 0 else None
    if row is None:
        return 1.0
    tried, credit = experience["all"]
    share = (credit + 1) / (tried + 2)
    return max(SMALLEST, (1 / SEEN + row[1] / share) / (1 / SEEN + row[0]))


def kind_of(source, site):
    """The kind of line that a site stands in: if, while, for, return, def, constant, or step."""
    start = source.rfind("\n", 0, site.start) + 1
    return _kind(source[start : start + 40])


@functools.lru_cache(4096)
def _kind(line):
    text = line.lstrip()
    for word, kind in STARTS:
        if text.startswith(word):
            return kind
    return "constant" if text == line and text[:1].isupper() else "step"


def credit(gain):
    """What a gain counts for, from 0 to 1."""
    return round(min(1.0, max(0.0, gain) / WHOLE), 3)


def learned(experience):
    """Weights from a table of experience: how much more than others a family or a kind of edit brought, drawn towards 1."""
    return {part: {name: _weight(row, rows) for name, row in sorted(rows.items())} for part, rows in experience.items()}


def _weight(row, rows):
    tried, credits = sum(row[0] for row in rows.values()), sum(row[1] for row in rows.values())
    share = max(credits, 1) / max(tried, 1)
    weight = (row[1] + STRENGTH * share) / (row[0] + STRENGTH) / share
    return round(max(SMALLEST, min(LARGEST, weight)), 3)


def count(table, family, kind, words, amount):
    """One more edit of a family in a kind of line, and the credit that it gets."""
    for part, name in zip(PARTS, (family, kind, words)):
        row = table.setdefault(part, {}).setdefault(name, [0, 0])
        row[0] += 1
        row[1] = round(row[1] + amount, 3)


@functools.lru_cache(4096)
def in_words(old, new):
    """A change without the names and sizes that are peculiar to its program: `< → <=`, `× 0.5`, `_ → _ + # * _`."""
    try:
        before, after = float(old), float(new)
    except ValueError:
        return f"{_bare(old)} → {_bare(new)}"[:80]
    if after == -before:
        return "sign"
    for factor in (2, 0.5, 1.25, 0.8):
        if before and abs(after / before - factor) < 1e-4:
            return f"× {factor}"
    return f"{after - before:+g}" if abs(after - before) == 1 else f"to {after:g}"


@functools.lru_cache(4096)
def _bare(text):
    text = re.sub(r"[A-Za-z_]\w*", lambda found: found[0] if found[0] in KEPT_WORDS else "_", " ".join(text.split()))
    return re.sub(r"\b\d[\d.]*(?:e-?\d+)?\b", "#", text)
