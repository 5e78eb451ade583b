"""Reading a model's reply: fenced blocks are actions, all else is thought.

A fence of n backticks (three or more) is closed by a line of n or more: text that holds fences itself goes into a longer one.
"""

import re

OPENING = re.compile(r"^ {0,3}(`{3,})[ \t]*([^`]*)$")
BARE = re.compile(r"^(<{7,})[ \t]*SEARCH[ \t]*$.*?^>{7,}[ \t]*REPLACE[ \t]*$", re.DOTALL | re.MULTILINE)
THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)


class Unreadable(Exception):
    """The reply cannot be taken apart; the text says where and why."""


class Action:
    """One block: its first word, what follows on that line, and its lines."""

    def __init__(self, name, argument, body):
        self.name, self.argument, self.body = name, argument, body


def actions(text):
    """The blocks of a reply in their order."""
    found = []
    lines = THOUGHT.sub("", text).split("\n")
    number = 0
    while number < len(lines):
        opening = OPENING.match(lines[number].rstrip())
        number += 1
        if opening is None:
            continue
        end = closing(lines, number, len(opening[1]))
        name, _, argument = opening[2].strip().partition(" ")
        if end is None:
            what = f"the block `{name}`" if name else "the block"
            raise Unreadable(f"{what} that begins in line {number} of your reply is never closed: it was cut off, or its fence is missing")
        found.append(Action(name.lower(), argument.strip(), "\n".join(lines[number:end])))
        number = end + 1
    return found


def bare(text):
    """A reply whose edits stand in no action, as models of other tools write them: (the SEARCH/REPLACE blocks, the words around them)."""
    text = THOUGHT.sub("", text)
    return "\n".join(match[0] for match in BARE.finditer(text)), BARE.sub("", text)


def closing(lines, start, length):
    """The line that closes a fence of that length, or None."""
    for number in range(start, len(lines)):
        mark = lines[number].strip()
        if len(mark) >= length and not mark.strip("`"):
            return number
    return None


def fenced(text, name=""):
    """The text in a fence that is long enough for it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{name}\n{text}\n{fence}"


def fields(text, names):
    """`name: value` lines as {name: value}; a value goes on until the next known name."""
    found, current = {}, None
    for line in text.split("\n"):
        name, colon, rest = line.partition(":")
        key = name.strip().strip("\"'*`-").lower()
        if colon and key in names:
            current = key
            found[current] = rest.strip()
        elif current is not None:
            found[current] = f"{found[current]}\n{line}".strip()
    return found
