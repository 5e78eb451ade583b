"""What all methods share: programs are changed by the seed agent's own edits, and run on instances until the evaluations are spent.

Only the way of searching differs between the methods, so that a comparison is about nothing else.
"""

import difflib
import math

from edits import sites

CANDIDATES = 60
FEWEST = 2
FINALISTS = 3
TRIES = 30
TWICE = 0.25
MOST_KEPT = 64


class Spent(Exception):
    """There are no evaluations left for what was asked."""


class Program:
    """A source and its scores so far: {instance: score}."""

    def __init__(self, source, scores):
        self.source = source
        self.scores = scores

    def on(self, instances):
        return math.fsum(self.scores[i] for i in instances) / len(instances)


class Desk:
    """The evaluations of one problem. Every method measures with it and hands in what `finish` gives."""

    def __init__(self, ask, problem, question, budget, rng):
        self.ask, self.problem, self.rng = ask, problem, rng
        self.left, self.used, self.budget = budget, 0, budget
        every = list(range(question["instances"]))
        rng.shuffle(every)
        few = max(FEWEST, min(len(every), budget // CANDIDATES))
        self.chosen, self.others = every[:few], every[few:]
        self.reserve = min(FINALISTS * len(self.others), budget // 8)
        self.seen = set()
        self.options = {}
        self.programs = []
        self.start = self.measure(question["source"], None)

    @property
    def progress(self):
        """Share of the evaluations that are used, in [0, 1]."""
        return min(1.0, self.used / max(1, self.budget - self.reserve))

    def measure(self, source, rival, tolerance=0.0):
        """A program after its run on the chosen instances; None where it fell behind its rival on the way.

        Raises Spent where only the reserve is left. `tolerance`: by how much it may be worse than its rival.
        """
        self.seen.add(source)
        program = Program(source, {})
        done = 0
        for upto in (1, 1 + len(self.chosen) // 3, len(self.chosen)):
            part = self.chosen[done:upto]
            if part:
                program.scores.update(self._scores(source, part, self.reserve))
                done = upto
                run = self.chosen[:done]
                if rival is not None and program.on(run) < rival.on(run) - tolerance:
                    return None
        self.programs.append(program)
        return program

    def value(self, program):
        return program.on(self.chosen)

    def _scores(self, source, instances, reserve):
        if self.left - reserve < len(instances):
            raise Spent
        reply = self.ask({"problem": self.problem, "source": source, "instances": instances})
        if "scores" not in reply:
            self.left = 0
            raise Spent
        self.used += len(instances)
        self.left = min(self.left - len(instances), reply["left"])
        return {i: 0.0 if score is None else score for i, score in zip(instances, reply["scores"])}

    def finish(self):
        """The best program: the best few meet again on instances that nothing was chosen by."""
        ranked = sorted(self.programs, key=self.value, reverse=True)[:FINALISTS]
        more = self.others[: self.left // len(ranked)] if len(ranked) > 1 else []
        if not more:
            return ranked[0].source
        for program in ranked:
            program.scores.update(self._scores(program.source, more, 0))
        return max(ranked, key=lambda program: program.on([*self.chosen, *more])).source

    def fresh(self, make):
        """A source that was not measured yet, as `make()` draws them; None where none is found."""
        for _ in range(TRIES):
            source = make()
            if source is not None and source not in self.seen:
                return source
        return None

    def edited(self, source, count=None):
        """The source with `count` edits (one, at times two), each drawn from all that are possible with the same chance."""
        for _ in range(count or (2 if self.rng.random() < TWICE else 1)):
            options = self.possible(source)
            if not options:
                return None
            site, option = self.rng.choice(options)
            source = source[: site.start] + option + source[site.end :]
            if not parses(source):
                return None
        return source

    def possible(self, source):
        if source not in self.options:
            if len(self.options) >= MOST_KEPT:
                self.options.clear()
            self.options[source] = [(site, option) for site in sites(source) for option in site.options]
        return self.options[source]

    def crossed(self, one, other):
        """A child of two sources: wherever they differ, the lines of either."""
        a, b = one.splitlines(keepends=True), other.splitlines(keepends=True)
        lines = []
        for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            lines += b[k:m] if kind != "equal" and self.rng.random() < 0.5 else a[i:j]
        source = "".join(lines)
        return source if parses(source) else None


def parses(source):
    try:
        compile(source, "<candidate>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
