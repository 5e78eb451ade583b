"""Diagnosis: where the agent fails, where its budget goes, and what it does not yet make use of. Each limitation comes with evidence."""

from collections import Counter

from abstraction import common_pieces
from experience import key_of, merge, remember_open
from expressions import from_lists, is_known, nodes, rewrite, to_text

KINDS_IN_WORDS = {
    "L": "lists",
    "I": "numbers",
    "B": "truth values",
    "M": "lists of truth values",
    "e": "maps over the input",
    "p": "filters over the input",
    "f": "closed maps",
    "q": "closed filters",
    "g": "folds",
}


def diagnose(findings, memory, corpus, grammar, weights):
    """Take practice into the memory and say what limits the agent: {"limitations", "memory"}."""
    for finding in findings:
        take_in(finding, memory)
    limitations = []
    limitations += failures(findings)
    limitations += unlearned(memory["corpus"], corpus)
    limitations += repeated(memory["corpus"], grammar)
    limitations += miscosted(findings, grammar, weights)
    limitations += spending(findings)
    return {"limitations": limitations, "memory": memory}


def take_in(finding, memory):
    """Solutions into the corpus, unsolved tasks into the list of open ones."""
    memory["corpus"] = merge(memory["corpus"], finding["solutions"], finding["batch"], finding["inputs"])
    solved = set()
    still_open = []
    for task in finding["retried"]:
        if task["program"]:
            solved.add(task["id"])
            found = [(task["program"], task["type"], task["outputs"][: task["shown"]], task["family"])]
            memory["corpus"] = merge(memory["corpus"], found, "r" + task["id"], task["inputs"][: task["shown"]])
        else:
            still_open.append({key: value for key, value in task.items() if key != "program"})
    tried = solved | {task["id"] for task in still_open}
    waiting = [task for task in [*memory["open"], *finding["open"]] if task["id"] not in tried]
    memory["open"] = remember_open(waiting, still_open)


def limitation(name, kind, text, evidence):
    return {"id": name, "kind": kind, "text": text, "evidence": evidence}


def failures(findings):
    """What was not found, or found and wrong on the unseen examples, by family."""
    total = {}
    for finding in findings:
        for family, (tasks, solved, fitted) in finding["families"].items():
            row = total.setdefault(family, [0, 0, 0])
            total[family] = [row[0] + tasks, row[1] + solved, row[2] + fitted]
    made = []
    for family, (tasks, solved, fitted) in sorted(total.items()):
        missing = tasks - solved - fitted
        evidence = {"tasks": tasks, "solved": solved, "fitted": fitted, "not found": missing}
        if missing > tasks / 10:
            text = f"{missing} of {tasks} practice tasks of {family} are not found within the budget"
            made.append(limitation(f"not-found-{family}".replace(" ", "-"), "not found", text, evidence))
        if fitted > tasks / 20:
            text = f"{fitted} of {tasks} answers of {family} fit the shown examples and are wrong on unseen ones"
            made.append(limitation(f"fitted-{family}".replace(" ", "-"), "fitted", text, evidence))
    return made


def unlearned(known, corpus):
    """Solutions that the present parameters were not trained on."""
    learned = {key_of(entry["program"]) for entry in corpus["solutions"]}
    fresh = [entry for entry in known["solutions"] if key_of(entry["program"]) not in learned]
    if not fresh:
        return []
    text = f"{len(fresh)} of {len(known['solutions'])} programs that it has found are unknown to its model"
    return [limitation("unlearned", "untrained parameters", text, {"programs": len(known["solutions"]), "unknown": len(fresh)})]


def repeated(known, grammar):
    """Pieces that it builds again and again from single productions."""
    programs = [from_lists(entry["program"]) for entry in known["solutions"]]
    programs = [program for program in programs if is_known(program, grammar)]
    functions = [production for production in grammar.values() if production.function][::-1]
    found = common_pieces([rewrite(program, functions) for program in programs], grammar)[:5]
    if not found:
        return []
    uses, body = found[0]
    text = f"it builds {to_text(body)} anew in {uses} different solutions"
    evidence = [{"piece": to_text(piece), "solutions": count} for count, piece in found]
    return [limitation("repeated", "missing function", text, evidence)]


def miscosted(findings, grammar, weights):
    """Productions that its model holds for less likely than its latest solutions show."""
    seen, paid, least = Counter(), Counter(), Counter()
    functions = [production for production in grammar.values() if production.function][::-1]
    for finding in findings:
        for program, *_ in finding["solutions"]:
            expression = from_lists(program)
            if not is_known(expression, grammar):
                continue
            for node in nodes(rewrite(expression, functions)):
                for j, child in enumerate(node[1:]):
                    row = weights["costs"][f"{node[0]}.{j}"]
                    seen[child[0]] += 1
                    paid[child[0]] += row[child[0]]
                    least[child[0]] += min(row.values())
    excess = sorted(((paid[name] - least[name], name) for name in seen), reverse=True)[:5]
    if not excess or not excess[0][0]:
        return []
    evidence = [{"production": name, "uses": seen[name], "mean cost": round(paid[name] / seen[name], 2)} for _, name in excess]
    text = f"{excess[0][1]} costs {evidence[0]['mean cost']} on average in {seen[excess[0][1]]} uses, more than its use warrants"
    return [limitation("miscosted", "mis-costed productions", text, evidence)]


def spending(findings):
    """Where the programs that it tried went, against what solutions are made of."""
    spent = Counter()
    for finding in findings:
        spent.update(finding["spent"])
    total = sum(spent.values())
    if not total:
        return []
    shares = {KINDS_IN_WORDS[kind]: round(count / total, 3) for kind, count in sorted(spent.items())}
    largest = max(shares, key=shares.get)
    text = f"{shares[largest]:.0%} of the programs it tries in practice are {largest}"
    return [limitation("spending", "budget", text, shares)]
