"""Practice at improving: an episode on each problem of a batch, and what became of every edit.

The experience in memory: `problems` {problem: {"families", "kinds", "words": {name: [tried, credit]}}}, and `edits` {"family|kind|change":
{problem: times helped}}: by the name of the problem, so that what one problem taught can be left out where it would be rehearsed on itself.
"""

import random

import accept
import weights
from improve import Asked, episode

HELD = 4
MOST_HELPED = 60
MOST_EDITS = 400
MOST_PROBLEMS = 12
MOST_ROWS = 400
OFTEN = 4


def practise(message, ask, known):
    """One episode on each problem, within an equal share of the budget: findings as plain data."""
    problems = message["batch"]["problems"]
    share = message["programs"] // max(1, len(problems))
    rows, used = [], 0
    for number, question in enumerate(problems):
        asked = Asked(ask, number, share)
        held = held_instances(question, share)
        asked.budget -= 2 * len(held)
        found = episode(question, asked, random.Random(f"{message['seed']} {number}"), known)
        asked.budget += 2 * len(held)
        rows.append(row_of(question, found, asked, held))
        used += asked.used
    solved = sum(row["gain"] > 0 for row in rows)
    return {"findings": {"episodes": rows}, "programs": used, "solved": solved, "tasks": len(problems)}


def held_instances(question, share):
    """The last instances, on which start and end are compared afterwards; few or none where the budget is small."""
    return list(range(question["instances"]))[-min(HELD, share // 20) :] if share >= 20 else []


def row_of(question, found, asked, held):
    """One episode in numbers: what was spent on what, which edits helped, whether the gain holds on other instances."""
    row = {
        "id": question["id"],
        "problem": question["problem"],
        "start": round(found.start, 4),
        "gain": round(found.end - found.start, 4),
        "spent": asked.used,
        "instances": len(found.instances),
        "candidates": len(found.log),
        "stopped": sum(one[0] < len(found.instances) for one in found.log),
        "broken": sum(one[0] for one in found.log if one[1]),
        "silent": sum(one[0] for one in found.log if one[2] and not one[1]),
        "again": found.again,
        "curve": found.curve,
        "held gain": None,
        "families": {},
        "kinds": {},
        "words": {},
        "helped": [],
    }
    for spent, _, _, taken, gain, changes in found.log:
        take_stock(row, spent, taken, gain, changes)
    if held and found.source != question["source"]:
        row["held gain"] = held_gain(question["source"], found.source, asked, held)
    return row


def take_stock(row, spent, taken, gain, changes):
    """One candidate: `families`, `kinds` and `words` {name: [tried, helped, evaluations, gain]}."""
    for change in changes:
        for table, name in ((row["families"], change.family), (row["kinds"], change.kind), (row["words"], change.words)):
            sums = table.setdefault(name, [0, 0, 0, 0.0])
            good = round(gain, 4) if taken else 0.0
            table[name] = [sums[0] + 1, sums[1] + taken, sums[2] + spent, round(sums[3] + good, 4)]
    if taken and gain > 0:
        row["helped"] = [*row["helped"][-MOST_HELPED:], *([one.family, one.kind, one.words] for one in changes)]


def held_gain(before, after, asked, held):
    """The gain on instances that the search did not see; None where they were not to be had."""
    scores = asked.scores([before, after], held)
    if scores is None:
        return None
    old, new = (accept.mean(list(row.values())) for row in scores)
    return round(new - old, 4)


def fresh():
    """The experience of one that has improved nothing yet."""
    return {"episodes": 0, "problems": {}, "edits": {}, "learned at": 0, "named at": 0}


def take_in(findings, experience):
    """Findings of practice into the experience; bounded."""
    for finding in findings:
        for row in finding["episodes"]:
            experience["episodes"] += 1
            table = table_of(experience, row["problem"])
            for part in weights.PARTS:
                for name, (tried, _, _, gain) in row[part].items():
                    add(table[part], name, tried, min(tried, gain / weights.WHOLE))
                forget_rare(table[part])
            for family, kind, words in row["helped"]:
                where = experience["edits"].setdefault(f"{family}|{kind}|{words}", {})
                where[row["problem"]] = where.get(row["problem"], 0) + 1
                while len(where) > MOST_PROBLEMS:
                    del where[min(where, key=lambda name: (where[name], name))]
            forget(experience["edits"])
    return experience


def forget(edits):
    """Drop the edits that helped least often."""
    while len(edits) > MOST_EDITS:
        del edits[min(edits, key=lambda name: (sum(edits[name].values()), name))]


def table_of(experience, problem):
    """What the edits of one problem's programs came to; of too many problems the one is forgotten that was not met for longest."""
    problems = experience["problems"]
    table = problems[problem] = problems.pop(problem, None) or {part: {} for part in weights.PARTS}
    if len(problems) > MOST_PROBLEMS:
        del problems[next(iter(problems))]
    return table


def add(rows, name, tried, credit):
    row = rows.get(name, (0, 0))
    rows[name] = [row[0] + tried, round(row[1] + credit, 3)]


def take_in_edits(edits, experience):
    """What rehearsals showed of single edits, into the experience: (problem, family, kind, words, credit) each."""
    for problem, *one in edits:
        weights.count(table_of(experience, problem), *one)
    for table in experience["problems"].values():
        for part in weights.PARTS:
            forget_rare(table[part])


def forget_rare(table):
    """Drop the rows that were tried least often."""
    while len(table) > MOST_ROWS:
        del table[min(table, key=lambda name: (table[name][0], name))]


def tables(experience, but=None):
    """What the edit policy learns from, all problems but one together; changes in words only if they were tried often enough."""
    sums = {part: {} for part in weights.PARTS}
    for problem, table in experience["problems"].items():
        for part in weights.PARTS if problem != but else ():
            for name, (tried, credit) in table[part].items():
                add(sums[part], name, tried, credit)
    return {**sums, "words": {name: row for name, row in sums["words"].items() if row[0] >= OFTEN}}


def weights_from(experience, but=None):
    return weights.learned(tables(experience, but))
