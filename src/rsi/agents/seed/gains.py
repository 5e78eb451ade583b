"""Diagnosis of practice at improving: which part of the evaluations brought nothing, and what its gains are worth."""

from collections import Counter

LEAST_TRIED = 5
WASTES = {"broken": "programs that fail on every instance", "silent": "programs that score as their parent does everywhere"}


def diagnose(findings):
    """Limitations with evidence, from the findings of practice."""
    rows = [row for finding in findings for row in finding["episodes"]]
    spent = sum(row["spent"] for row in rows)
    if not spent:
        return []
    return [*no_gain(rows), *unhelpful(rows, spent), *wasted(rows, spent), *thorough(rows), *late(rows), *noisy(rows)]


def limitation(name, kind, text, evidence):
    return {"id": name, "kind": kind, "text": text, "evidence": evidence}


def no_gain(rows):
    """Problems on which no episode found anything."""
    best = {}
    for row in rows:
        best[row["problem"]] = max(best.get(row["problem"], 0.0), row["gain"])
    none = sorted(name for name, gain in best.items() if gain <= 0)
    if not none:
        return []
    text = f"no edit helped on {len(none)} of {len(best)} problems: {', '.join(none)[:200]}"
    return [limitation("no-gain", "not improved", text, {"problems": none, "of": len(best)})]


def unhelpful(rows, spent):
    """Families of edits that took evaluations and never helped."""
    tried, helped, cost = Counter(), Counter(), Counter()
    for row in rows:
        for family, (count, good, evaluations, _) in row["families"].items():
            tried[family] += count
            helped[family] += good
            cost[family] += evaluations
    never = sorted((name for name in tried if tried[name] >= LEAST_TRIED and not helped[name]), key=lambda name: (-cost[name], name))
    if not never:
        return []
    share = sum(cost[name] for name in never) / spent
    text = f"{share:.0%} of its evaluations go to edits of kinds that never helped: {', '.join(never)[:200]}"
    evidence = [{"family": name, "tried": tried[name], "helped": helped[name], "evaluations": cost[name]} for name in sorted(tried)]
    return [limitation("unhelpful-edits", "edit policy", text, evidence)]


def wasted(rows, spent):
    """Evaluations of programs that fail everywhere, and of such as do what their parent does."""
    made = []
    for name, words in WASTES.items():
        share = sum(row[name] for row in rows) / spent
        if share > 0.02:
            evidence = {"evaluations": sum(row[name] for row in rows), "of": spent}
            made.append(limitation(name, "wasted evaluations", f"{share:.0%} of its evaluations go to {words}", evidence))
    return made


def thorough(rows):
    """Evaluations that a candidate gets, however bad it is."""
    candidates, stopped = sum(row["candidates"] for row in rows), sum(row["stopped"] for row in rows)
    if not candidates or stopped > candidates / 2:
        return []
    mean = sum(row["spent"] for row in rows) / candidates
    text = f"a candidate costs {mean:.1f} evaluations on average, and only {stopped / candidates:.0%} are given up before the last"
    return [limitation("thorough", "allocation", text, {"candidates": candidates, "given up early": stopped, "mean": round(mean, 2)})]


def late(rows):
    """How much of the budget follows the last gain."""
    shares = [1 - row["curve"][-1][0] / row["spent"] for row in rows if row["curve"]]
    mean = sum(shares) / len(shares) if shares else 0.0
    if mean < 0.4:
        return []
    text = f"its gains stop after {1 - mean:.0%} of an episode's evaluations"
    return [limitation("early-end", "search", text, {"episodes with a gain": len(shares), "share after the last gain": round(mean, 3)})]


def noisy(rows):
    """How much of the gains on the instances it searched with is lost on others."""
    pairs = [(row["gain"], row["held gain"]) for row in rows if row["held gain"] is not None]
    seen, held = (sum(column) / len(pairs) for column in zip(*pairs)) if pairs else (0.0, 0.0)
    if not pairs or held > 0.8 * seen:
        return []
    text = f"of a gain of {seen:.3f} on the instances it searches with, {held:.3f} is left on others"
    return [limitation("noise", "overfitting", text, {"episodes": len(pairs), "seen": round(seen, 4), "held": round(held, 4)})]
