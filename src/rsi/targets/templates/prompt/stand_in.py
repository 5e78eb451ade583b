"""A STAND-IN for a language model: rules that follow instruction lines, deterministic and without any network. Protected.

It knows a few instructions by their words, follows the last eight lines only, and does what a later line says where two contradict.
"""

import json
import re

LINES = 8
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
INSTRUCTIONS = (
    ("json", ("json",)),
    ("iso", ("date", "iso")),
    ("written", ("date", "as written")),
    ("number", ("amount", "plain number")),
    ("total", ("amounts", "total")),
    ("untitled", ("name", "without titles")),
    ("urgent", ("urgent", "soon")),
    ("shout", ("capital",)),
    ("explain", ("explain", "step")),
    ("omit", ("leave out",)),
)


def complete(prompt, message):
    """What the stand-in answers to a prompt and a message."""
    orders = _orders(prompt)
    fields = {"name": _name(message, orders), "date": _date(message, orders), "amount": _amount(message, orders)}
    fields["urgent"] = "urgent" in orders and bool(re.search(r"as soon as|by tomorrow|right away", message))
    if "omit" in orders:
        fields.pop("name")
    text = json.dumps(fields) if "json" in orders else ", ".join(map(str, fields.values()))
    text = text.upper() if "shout" in orders else text
    return f"First I read the message. {text}" if "explain" in orders else text


def _orders(prompt):
    """The instructions that are followed; of two about the date, the later one."""
    lines = [line.lower() for line in prompt.splitlines() if line.strip()][-LINES:]
    found = []
    for line in lines:
        found += [name for name, words in INSTRUCTIONS if all(word in line for word in words)]
    dates = [name for name in found if name in ("iso", "written")]
    return {name for name in found if name not in dates[:-1]}


def _name(message, orders):
    name = re.search(r"(?:yours|regards|thanks), (.+)$", message, re.IGNORECASE).group(1).strip()
    return re.sub(r"^(Dr\.|Ms\.|Mr\.|Prof\.) ", "", name) if "untitled" in orders else name


def _date(message, orders):
    day, month, year = re.search(r"(\d{1,2}) (\w+) (\d{4})", message).groups()
    return f"{year}-{MONTHS.index(month) + 1:02}-{int(day):02}" if "iso" in orders else f"{day} {month} {year}"


def _amount(message, orders):
    amounts = re.findall(r"(total of )?(€ ?[\d,]+\.\d\d)", message)
    marked = [amount for total, amount in amounts if total]
    amount = marked[0] if marked and "total" in orders else amounts[0][1]
    return re.sub(r"[€, ]", "", amount) if "number" in orders else amount
