"""Itself as a target: how well a copy with other files improves programs, in short episodes on the problems of practice.

A copy sees the first instances of a problem only; its gain is counted on the others, so that luck is not taken for craft; and a file
that was learned from several problems is, in an episode on one of them, as the others alone would have taught it. What a program scores
on an instance is asked of the kernel once; since a copy's questions may then cost no evaluations, these are bounded too. An instance of
this problem is a number: a problem and a seed.
"""

import contextlib
import hashlib
import json
import random

import variant
import weights
from rehearsal import difference

SHORT = 96
HELD = 6
FEWEST_PROBLEMS = 4
PASSES = 40
LEAST_PASSES = 200_000
QUIET = 1
MOST_QUESTIONS = 400_000
PARTS = ("improve", "accept")
SHARED = ("edits", "pages", "places")
KINDS = ("constant", "step", *dict(weights.STARTS).values())


class Mirror:
    """Short episodes of copies."""

    def __init__(self, files, problems, ask, budget, seed, short=SHORT, apart=None):
        self.files, self.problems, self.ask, self.short = files, problems, ask, short
        self.apart = {} if apart is None else apart
        """Texts of files that were learned, and what each would be without what a problem taught: {text: {name of a problem: text}}."""
        self.left, self.seed, self.questions = budget, seed, MOST_QUESTIONS
        self.used = 0
        self.known = {}
        self.gains = {}
        self.traces = {}
        self.edits = {}
        self.passes = None

    def affordable(self):
        """How many more episodes can be paid, whatever they ask."""
        return min(self.left // (self.short + 2 * HELD), self.questions // self.short) if self.problems else 0

    @contextlib.contextmanager
    def aside(self, share):
        """Keep a share of what is left for what comes after this."""
        left, questions = int(self.left * share), int(self.questions * share)
        self.left, self.questions = self.left - left, self.questions - questions
        yield
        self.left, self.questions = self.left + left, self.questions + questions

    def names(self):
        """Of its problems, each once."""
        return dict.fromkeys(question["problem"] for question in self.problems)

    def without(self, text, problem):
        """A file as it would be if this problem had taught nothing."""
        return self.apart.get(text, {}).get(problem, text)

    def target(self, path):
        """An `ask` by which the improver improves one of its own files."""

        def ask(message):
            sources, numbers = message["sources"], message["instances"]
            if len(sources) * len(numbers) > self.affordable():
                return {"error": "more is asked than is left", "left": self.affordable()}
            scores = [[self.score({**self.files, path: source}, number) for number in numbers] for source in sources]
            return {"scores": scores, "left": self.affordable()}

        return ask

    def score(self, files, number):
        """The gain of an episode in [0, 1], where 0.5 is none; None where the copy breaks."""
        gain = self.gain(self.files if self.is_quiet(files) else files, number)
        return None if gain is None else min(1.0, max(0.0, 0.5 + gain / 2))

    def is_quiet(self, files):
        """Whether a copy asked for the very same as the agent in its first episode: it is taken for the same in all others."""
        own, traces = self.traces.get(known_as(self.files), {}), self.traces.get(known_as(files), {})
        return len(traces) >= QUIET and all(own.get(number) == trace for number, trace in traces.items())

    def gain(self, files, number):
        """What a copy of these files gains in episode `number`, on instances that it did not see."""
        key = known_as(files), number
        if key not in self.gains:
            self.gains[key], trace = self._gain(files, number)
            if self.gains[key] is not None:
                self.traces.setdefault(key[0], {})[number] = trace
        return self.gains[key]

    def compare(self, base, files, numbers):
        """Gains of two copies in the same episodes: ([gain], [gain]), as many as can be paid."""
        before, after = [], []
        for number in numbers:
            if self.affordable() < 2:
                break
            before.append(self.gain(base, number) or 0.0)
            after.append(self.gain(files, number) or 0.0)
        return before, after

    def difference(self, before, after, first):
        """Mean gain of one copy over another in episodes `first`, `first` + 1 … and its standard error, as far as other problems go.

        Where what it gains differs from problem to problem by more than luck, problems are what was sampled, and not episodes.
        """
        gain, error = difference(after, before)
        by_problem = {}
        for place, (old, new) in enumerate(zip(before, after)):
            by_problem.setdefault((first + place) % len(self.problems), []).append(new - old)
        means = [sum(gaps) / len(gaps) for gaps in by_problem.values()]
        return gain, max(error, difference(means, [0.0] * len(means))[1]) if len(means) >= FEWEST_PROBLEMS else error

    def _gain(self, files, number):
        """The gain and what was asked for, as a hash."""
        problem = number % len(self.problems)
        question = self.problems[problem]
        seen, held = parts(question["instances"])
        if self.passes is None and files != self.files:
            self.gain(self.files, number)
        window = Window(self, problem, len(seen))
        files = {path: self.without(text, question["problem"]) for path, text in files.items()}
        try:
            copy = variant.load(files, PARTS, self.passes, SHARED)
            asked = variant.attempt(copy.improve.Asked, window, problem, self.short)
            known = json.loads(files["weights.json"])
            rng = random.Random(f"{self.seed} {number}")
            found = variant.attempt(copy.improve.episode, {**question, "instances": len(seen)}, asked, rng, known)
            source = variant.attempt(getattr, found, "source")
            variant.attempt(self.take_note, problem, variant.attempt(getattr, found, "log"))
        except (variant.Broken, ValueError):
            return None, b""
        self.passes = self.passes or max(LEAST_PASSES, PASSES * copy.passes.used)
        source = source if isinstance(source, str) else question["source"]
        old, new = self.scores(problem, [question["source"], source], held)
        return sum((b or 0.0) - (a or 0.0) for a, b in zip(old, new)) / len(held), window.trace.digest()

    def take_note(self, problem, log):
        """What single edits of a problem's programs did, each once: (name of the problem, family, kind, words, credit).

        A copy that calls the kind of a line by another name may have mixed up all that it says of an edit: it teaches nothing.
        """
        name = self.problems[problem]["problem"]
        for _, _, _, taken, gain, changes in log:
            one = changes[0] if len(changes) == 1 else None
            if one is not None and one.kind in KINDS:
                row = str(one.family)[:40], one.kind, str(one.words)[:80]
                self.edits.setdefault((problem, one.function, one.old, one.new), (name, *row, weights.credit(gain) if taken else 0.0))

    def scores(self, problem, sources, instances):
        """Scores of each program; the kernel is asked for those that are not known yet."""
        tables = [self.known.setdefault((problem, hashlib.sha256(source.encode()).digest()), {}) for source in sources]
        gaps = {}
        for source, known in zip(sources, tables):
            missing = tuple(k for k in dict.fromkeys(instances) if k not in known)
            if missing:
                gaps.setdefault(missing, {})[source] = known
        for missing, waiting in gaps.items():
            reply = self.ask({"problem": problem, "sources": list(waiting), "instances": list(missing)})
            if "scores" not in reply:
                self.left = 0
                return [[None] * len(instances)] * len(sources)
            cost = len(missing) * len(waiting)
            self.used += cost
            self.left = min(self.left - cost, reply["left"])
            for known, row in zip(waiting.values(), reply["scores"]):
                known.update(zip(missing, row))
        return [[known[k] for k in instances] for known in tables]


class Window:
    """What a copy may ask in one episode, counted here: a copy's own count is not believed."""

    def __init__(self, mirror, problem, instances):
        self.mirror, self.problem, self.instances = mirror, problem, instances
        self.left = mirror.short
        self.trace = hashlib.blake2b(digest_size=16)

    def __call__(self, message):
        wanted, sources = list(message["instances"]), list(message["sources"])
        if not all(isinstance(source, str) for source in sources) or not all(type(k) is int and 0 <= k < self.instances for k in wanted):
            raise variant.Broken("it asks for what there is not")
        if len(sources) * len(wanted) > self.left:
            return {"error": "more is asked than is left", "left": self.left}
        self.left -= len(sources) * len(wanted)
        self.mirror.questions -= len(sources)
        self.trace.update("\0".join((str(wanted), *sources, "")).encode())
        return {"scores": self.mirror.scores(self.problem, sources, wanted), "left": self.left}


def parts(instances):
    """The instances that a copy may see, and those that its gain is counted on."""
    seen = max(1, instances - max(min(HELD, instances // 2), 0))
    return list(range(seen)), list(range(seen, instances))[:HELD] or [0]


def known_as(files):
    """A copy by what it consists of: files that are the same object are not read again."""
    return frozenset(files.items())
