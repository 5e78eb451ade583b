"""Makes messages and scores forms. Runs in a process of its own; never in a jail, never beside candidate code."""

import random

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
NAMES = ("Ada Brandt", "Ivo Keller", "Mara Lind", "Noor Haas", "Tom Ferri", "Lea Stone", "Jan Moor", "Sia Vogt")
TITLES = ("", "", "Dr. ", "Ms. ", "Mr. ", "Prof. ")
HURRY = ("Please answer as soon as you can.", "We need it by tomorrow.", "Please act right away.")
CALM = ("There is no hurry.", "Take your time.", "Let us know.")


def cases(seed, start, count):
    """Cases number `start` … `start + count − 1` of a seed; the same arguments always give the same cases."""
    return [_case(random.Random(f"{seed}/{number}")) for number in range(start, start + count)]


def _case(rng):
    name, title, is_urgent = rng.choice(NAMES), rng.choice(TITLES), rng.random() < 0.4
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2019, 2026)
    parts = [rng.randint(100, 900_000) / 100 for _ in range(rng.choice((1, 1, 2)))]
    money = " and ".join(f"€ {part:,.2f}" for part in parts)
    total = round(sum(parts), 2)
    whole = f", a total of € {total:,.2f}" if len(parts) > 1 else ""
    hurry = rng.choice(HURRY if is_urgent else CALM)
    message = f"Order {rng.randint(1000, 9999)} of {day} {MONTHS[month - 1]} {year} comes to {money}{whole}. {hurry} Regards, {title}{name}"
    expected = {"name": name, "date": f"{year}-{month:02}-{day:02}", "amount": f"{total:.2f}", "urgent": is_urgent}
    return {"message": message, "expected": expected}


def score(case, output):
    """The share of fields that are right."""
    expected = case["expected"]
    found = output if isinstance(output, dict) else {}
    wrong = [field for field, value in expected.items() if type(found.get(field)) is not type(value) or found[field] != value]
    feedback = "; ".join(f"{field} is {found.get(field)!r}, not {expected[field]!r}" for field in wrong) or "all is right"
    return {"score": 1 - len(wrong) / len(expected), "label": "right" if not wrong else "partly right", "feedback": feedback}
