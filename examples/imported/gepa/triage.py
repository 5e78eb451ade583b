"""Sorts tickets with a list of rules in plain text, one `word -> queue` a line: the text is what GEPA improves, and nothing executes it."""

import random

import gepa.optimize_anything as oa

QUEUES = ("billing", "login", "shipping", "other")
WORDS = {
    "billing": ("invoice", "refund", "charge", "price"),
    "login": ("password", "account", "locked", "code"),
    "shipping": ("parcel", "late", "address", "courier"),
    "other": ("hello", "thanks", "question", "idea"),
}


def _tickets(count, seed):
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        queue = rng.choice(QUEUES)
        words = [*rng.sample(WORDS[queue], 2), rng.choice(WORDS[rng.choice(QUEUES)])]
        rng.shuffle(words)
        made.append({"ticket": " ".join(words), "queue": queue})
    return made


seed_candidate = {"rules": "invoice -> billing\npassword -> login\n"}
objective = "Rules that send each ticket to the right queue (billing, login, shipping or other). One rule a line: word -> queue."
dataset = _tickets(60, 1)
valset = _tickets(200, 2)


def evaluate(candidate, example):
    """1 if the ticket goes to its queue."""
    rules = dict(line.split(" -> ", 1) for line in candidate["rules"].splitlines() if " -> " in line)
    votes = [rules[word].strip() for word in example["ticket"].split() if word in rules]
    chosen = max(sorted(set(votes)), key=votes.count) if votes else "other"
    oa.log(f"{len(votes)} rules matched")
    right = chosen == example["queue"]
    return float(right), {"Input": example["ticket"], "Output": chosen, "Expected": example["queue"]}
