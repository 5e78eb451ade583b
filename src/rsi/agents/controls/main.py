"""Controls of a run on a target: what plain methods find with the same edits and the same number of trials. No model, no judge.

`best-of-n`: many changes of the start, each tried once, and the best one handed in. `hill`: a change to the best so far, kept if it is
not worse. `random`: candidates as of best-of-n, and one of those that gave an answer handed in, whatever it scored.
"""

import json
import random
from pathlib import Path

import constants
import texts
from bench import Bench
from edits import sites

CANDIDATES = 60
FEWEST = 2
TWICE = 0.25
TRIES = 30
NUMBER = 0.25
TEXTS = (".md", ".txt", ".prompt", ".jinja", ".j2", ".tmpl")


def search(message, ask):
    """What the method that stands in `method.json` found: {"files": {path: text} that differ from the start, "tried", "cases", "programs"}.

    The message is that of `propose`, with `"editable"`: the paths that may be edited.
    """
    method = json.loads((Path(__file__).resolve().parent / "method.json").read_text())
    bench = Bench(message, ask)
    table = Table(bench, [path for path in message["editable"] if path in bench.files], random.Random(message["seed"]))
    found = METHODS[method](table) if bench.cases and table.paths else {}
    changed = {path: text for path, text in sorted(found.items()) if text != bench.files[path]}
    return {"files": changed, "tried": table.tried, "cases": len(table.cases), "programs": bench.used}


class Table:
    """Candidates {path: text} and what they score, the mean over the same cases for all."""

    def __init__(self, bench, paths, rng):
        self.bench, self.paths, self.rng = bench, paths, rng
        self.cases = bench.cases[: max(FEWEST, min(len(bench.cases), bench.left // CANDIDATES))]
        self.tried = 0
        self.seen = {()}
        self.options = {}

    def value(self, changed):
        """The mean score; None where no trials are left. A candidate on which every case fails has 0."""
        found = self.bench.mean(changed, self.cases)
        self.tried += found is not None
        return found

    def fresh(self, changed):
        """One or two changes more than these, not tried before; None where none is found."""
        for _ in range(TRIES):
            made = dict(changed)
            for _ in range(2 if self.rng.random() < TWICE else 1):
                path = self.rng.choice(self.paths)
                text = self.one_more(path, made.get(path, self.bench.files[path]))
                if text is not None:
                    made[path] = text
            key = tuple(sorted(made.items()))
            if made != changed and key not in self.seen:
                self.seen.add(key)
                return made
        return None

    def one_more(self, path, text):
        """A text with one change, or None."""
        if path.endswith(".py"):
            return self.edited(text) or texts.drawn(path, text, self.rng)[0]
        if not path.endswith(TEXTS):
            found = constants.numbers(path, text)
            if found and self.rng.random() < 1 - NUMBER:
                k = self.rng.randrange(len(found))
                return constants.written(text, found[k : k + 1], [self.rng.gauss(0, 1)])
        return texts.drawn(path, text, self.rng)[0]

    def edited(self, text):
        """A program with one edit, drawn from all that are possible with the same chance."""
        if text not in self.options:
            if len(self.options) > 16:
                self.options.clear()
            try:
                self.options[text] = [(site, option) for site in sites(text) for option in site.options]
            except (SyntaxError, ValueError, RecursionError):
                self.options[text] = []
        if not self.options[text]:
            return None
        site, option = self.rng.choice(self.options[text])
        made = text[: site.start] + option + text[site.end :]
        return made if parses(made) else None


def best_of_n(table):
    best, value = {}, table.value({})
    while (made := table.fresh({})) is not None and (found := table.value(made)) is not None:
        if found > value:
            best, value = made, found
    return best


def hill(table):
    best, value = {}, table.value({})
    while (made := table.fresh(best)) is not None and (found := table.value(made)) is not None:
        if found >= value:
            best, value = made, found
    return best


def blind(table):
    ran = []
    while (made := table.fresh({})) is not None and (found := table.value(made)) is not None:
        ran += [made] if found > 0 else []
    return table.rng.choice(ran) if ran else {}


METHODS = {"best-of-n": best_of_n, "hill": hill, "random": blind}


def parses(source):
    try:
        compile(source, "<candidate>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
