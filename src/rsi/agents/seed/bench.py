"""Trials of a target on practice cases: what was asked once is not asked again, and nothing is asked beyond the budget.

`ask({"evaluate": {"files", "cases"}})` runs the target with some of its files replaced. Scores are in [0, 1], higher is better; a
failure counts as nothing.
"""

import hashlib
import json

HELD = 6
SAME = 1e-9


class Bench:
    """The practice cases of a message and the trials that are left.

    `seen` are the cases to search with, `held` those that a finding must hold on; where there is only one kind of case they are the same.
    """

    def __init__(self, message, ask):
        self.files = {path: text for path, text in message["target"]["files"].items() if isinstance(text, str)}
        self.ask = ask
        self.left = int(message["programs"]) if ask is not None else 0
        self.used = 0
        self.known = {}
        self.noisy = False
        findings = {one["case"]: one for one in message["findings"] if isinstance(one, dict) and isinstance(one.get("case"), int)}
        self.base = {case: one["score"] or 0.0 for case, one in findings.items()}
        self.cases = self._different(findings)
        few = min(HELD, len(self.cases) // 2)
        self.seen, self.held = self.cases[: len(self.cases) - few], self.cases[len(self.cases) - few :] or self.cases

    def _different(self, findings):
        """The cases without those that are another over again: same input and same score."""
        found, inputs = {}, {}
        for case, one in sorted(findings.items()):
            given = json.dumps(one.get("input"), sort_keys=True)
            score = self.base[case]
            if any(abs(score - other) > SAME for other in inputs.setdefault(given, [])):
                self.noisy = True
            inputs[given].append(score)
            found.setdefault((given, round(score, 9)), case)
        return sorted(findings) if self.noisy else sorted(found.values())

    def probe(self):
        """Run the target as it is once more: whether it scores as before. Costs one trial."""
        if self.left > 1 and self.cases and not self.noisy:
            again = self.fresh({}, self.cases[:1])
            self.noisy = again is not None and abs(again[0] - self.base[self.cases[0]]) > SAME

    def scores(self, changed, cases):
        """Scores of the target with these files replaced, or None where they cannot be had any more."""
        changed = {path: text for path, text in changed.items() if self.files.get(path) != text}
        if not changed:
            return [self.base[case] for case in cases]
        known = self.known.setdefault(digest(changed), {})
        missing = [case for case in dict.fromkeys(cases) if case not in known]
        if missing:
            found = self.fresh(changed, missing)
            if found is None:
                return None
            known.update(zip(missing, found))
        return [known[case] for case in cases]

    def fresh(self, changed, cases):
        """New trials, whatever is known."""
        if len(cases) > self.left:
            return None
        reply = self.ask({"evaluate": {"files": changed, "cases": list(cases)}})
        if "results" not in reply:
            self.left = 0
            return None
        self.used += len(cases)
        self.left = min(self.left - len(cases), reply["left"])
        return [one["score"] or 0.0 for one in reply["results"]]

    def mean(self, changed, cases):
        """The mean score, or None."""
        found = self.scores(changed, cases)
        return None if found is None else sum(found) / len(found)

    def compared(self, changed):
        """Scores of the target and with the change, on the held cases; noisy ones are run anew. None where that cannot be paid."""
        cases = [case for case in self.held if case in self.base]
        if not self.noisy:
            after = self.scores(changed, cases)
            return None if after is None else ([self.base[case] for case in cases], after)
        many = min(len(cases), self.left // 2)
        if not many:
            return None
        before, after = self.fresh({}, cases[:many]), self.fresh(changed, cases[:many])
        return None if before is None or after is None else (before, after)

    def cost_of_comparison(self):
        return len(self.held) * (2 if self.noisy else 1)

    def within(self, share):
        """A part of what is left, to be spent by one craft."""
        return Part(self, int(self.left * share))


class Part:
    """A share of the trials."""

    def __init__(self, bench, budget):
        self.bench, self.end = bench, max(0, bench.left - budget)

    @property
    def left(self):
        return max(0, self.bench.left - self.end)

    def mean(self, changed, cases):
        return self.bench.mean(changed, cases) if len(cases) <= self.left else None

    def answers(self, path):
        """An `ask` for an episode of `improve` on one file: an instance is the number of a seen case."""

        def ask(message):
            cases = [self.bench.seen[k] for k in message["instances"]]
            rows = []
            for source in message["sources"]:
                rows.append(self.bench.scores({path: source}, cases) if len(cases) <= self.left else None)
            return {"error": "more is asked than is left", "left": self.left} if None in rows else {"scores": rows, "left": self.left}

        return ask


def digest(files):
    return hashlib.sha256("\0".join(f"{path}\0{text}" for path, text in sorted(files.items())).encode("utf-8", "surrogatepass")).hexdigest()
