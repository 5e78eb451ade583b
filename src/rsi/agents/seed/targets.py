"""Proposals for a target that is not the agent itself: a program, an agent, prompts, a training script; without a model.

Three crafts, each with a share of the trials on practice cases: numbers are tuned, programs are edited by its own `improve`, texts
lose or move lines or take some from the target's other texts. What is found must hold on cases that the search did not see.
"""

import difflib
import fnmatch
import random
from types import SimpleNamespace

import accept
import policy
import texts
import weights as edit_weights
from bench import Bench
from constants import STEP, chosen, numbers, tune, written
from edits import short
from improve import Asked, episode
from pages import PAGES
from propose import edit, first_of
from rehearsal import difference

CRAFTS = ("constants", "edits", "texts")
TEXTS = (".md", ".txt", ".prompt", ".jinja", ".j2", ".tmpl")
DATA = (".json", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".csv")
NUMERIC = ("number", "index")
FIRST_SHARE = 0.6
REPEATS = 4
HOPEFUL = {"constants": 2, "edits": 1, "texts": 1}
LEAST_TRIALS = 4
STUCK = 3
LEAST_ERROR = 0.02
BLIND = 3
CANDIDATES, POINTS = 20, 40
TRUSTED = 2.0
MOST_LINES = 6
MOST_REASON = 1900


def propose(message, ask, memory, weights):
    """Up to `count` proposals: {"proposals", "memory", "programs"}."""
    bench = Bench(message, ask)
    here = There(message, bench, memory, weights)
    made = here.proposals()
    if made and here.stuck >= STUCK:
        made = [together(made), *made]
    return {"proposals": made[: message["count"]], "memory": memory, "programs": bench.used}


class There:
    """A target as the agent sees it."""

    def __init__(self, message, bench, memory, weights):
        self.bench, self.memory, self.weights = bench, memory, weights
        self.rng = random.Random(message["seed"])
        self.known = {item["id"]: item for item in message["limitations"]}
        self.surfaces = surfaces_of(message["target"])
        self.state = memory.setdefault("targets", {}).setdefault(str(message["target"].get("name", ""))[:60], {"crafts": {}, "steps": {}})
        self.rejected = rejected_changes(message.get("history") or [])
        self.stuck = unkept(message.get("history") or [])

    def proposals(self):
        """What each craft finds, the most likely to be better first; blind edits where nothing can be tried."""
        self.bench.probe()
        crafts = [name for name in CRAFTS if self.places(name)]
        crafts.sort(key=self.hope, reverse=True)
        if not self.bench.cases or self.bench.left < LEAST_TRIALS + self.bench.cost_of_comparison():
            return [one for name in crafts for one in self.blind(name)]
        sure, unsure = [], []
        for number, name in enumerate(crafts):
            share = 1.0 if number == len(crafts) - 1 else FIRST_SHARE
            for one, clear in self.found(name, share):
                (sure if clear else unsure).append(one)
        ranked = sorted(sure or unsure[:1], key=lambda one: -one["prediction"]["p_better"])
        return ranked

    def hope(self, name):
        """A draw for a craft by what became of its findings."""
        good, bad = self.state["crafts"].get(name, (0, 0))
        return self.rng.betavariate(HOPEFUL[name] + good, 1 + bad)

    def places(self, name):
        """The files that a craft can work on."""
        every = sorted(self.surfaces)
        if name == "constants":
            return [path for path in every if not path.endswith(TEXTS) and numbers(path, self.bench.files[path])]
        if name == "edits":
            return [path for path in every if path.endswith(".py") and self.has_structure(path)]
        return [path for path in every if not path.endswith(DATA) and self.is_text(path) and texts.parts(path, self.bench.files[path])]

    def has_structure(self, path):
        """Whether there is anything but numbers to edit."""
        return any(site.family not in NUMERIC for site in places_of(self.bench.files[path]))

    def is_text(self, path):
        return self.surfaces[path] == "prompt" or path.endswith(TEXTS) or not path.endswith(".py")

    def drawn(self, name):
        """The file to work on, by what became of earlier changes to it."""
        counts = self.memory["policy"]["functions"]
        hopes = {path: self.rng.betavariate(*(1 + n for n in counts.get(f"{path}|{name}", (0, 0)))) for path in self.places(name)}
        return max(hopes, key=hopes.get)

    def found(self, name, share):
        """[(proposal, whether it clearly holds)] of one craft, at most one."""
        bench = self.bench
        kept = bench.cost_of_comparison()
        bench.left -= kept
        part = bench.within(share)
        path = self.drawn(name)
        text, words = getattr(self, name)(path, part)
        bench.left += kept
        if text is None or text == bench.files[path] or marked(bench.files[path], text) <= self.rejected:
            self.count(name, False)
            return []
        measured = bench.compared({path: text})
        if measured is None:
            return []
        gain, error = difference(measured[1], measured[0])
        error = max(error, LEAST_ERROR / len(measured[0]) ** 0.5) if bench.noisy or bench.held != bench.seen else LEAST_ERROR / 4
        self.count(name, gain > 0)
        if gain <= 0:
            return []
        return [(self.proposal(name, path, text, words, gain, error, len(measured[0])), gain > error)]

    def count(self, name, good):
        counts = self.state["crafts"].setdefault(name, [0, 0])
        counts[0 if good else 1] += 1

    def few(self, part, candidates):
        """How many of the cases to search with, so that so many candidates can be tried on all of them."""
        return max(1, min(len(self.bench.seen), part.left // candidates))

    def constants(self, path, part):
        """Numbers tuned; one trial is a run on one case, so the fewer cases, the more points."""
        text, bench = self.bench.files[path], self.bench
        cases = bench.seen[: self.few(part, POINTS)]
        found = chosen(numbers(path, text), part.left // len(cases), self.rng)
        step = min(2 * STEP, self.state["steps"].get(path, STEP) * 2 ** min(2, self.stuck))
        before = bench.used
        calls = iter(range(REPEATS * part.left // len(cases) + REPEATS))

        def value(point):
            """None at the end, also of settings that are the same as others and so cost nothing."""
            return None if next(calls, None) is None else part.mean({path: written(text, found, point)}, cases)

        point, _, ended = tune(len(found), value, self.rng, lambda: part.left // len(cases), step, bench.noisy)
        self.state["steps"][path] = round(min(STEP, 2 * ended), 4)
        tried = (bench.used - before) // len(cases)
        return written(text, found, point), f"Tune {len(found)} numbers of {path} without a model, {tried} settings of them tried"

    def edits(self, path, part):
        """A program edited by the agent's own improver."""
        bench = self.bench
        asked = Asked(part.answers(path), 0, part.left, is_dear=True)
        question = {"id": path, "source": bench.files[path], "instances": self.few(part, CANDIDATES)}
        found = episode(question, asked, self.rng, self.weights)
        return found.source, f"Edit {path} by its own improver, {len(found.log)} edits of it tried"

    def lines_beside(self, path):
        """The lines of the target's other texts, those too that nobody may edit: somebody wrote them for this target."""
        return texts.lines_of(text for other, text in sorted(self.bench.files.items()) if other != path and other.endswith(TEXTS))

    def texts(self, path, part):
        """A text whose lines go, come or move, one change after the other, kept as long as it does not score worse."""
        bench, text = self.bench, self.bench.files[path]
        cases, tried, kinds, seen = bench.seen[: self.few(part, CANDIDATES)], 0, [], {text}
        best, others = part.mean({}, cases), self.lines_beside(path)
        while part.left >= len(cases) and tried < 400:
            tried += 1
            made, kind = texts.drawn(path, text, self.rng, others)
            if made is None or made in seen:
                continue
            seen.add(made)
            value = part.mean({path: made}, cases)
            if value is None:
                break
            if accept.better([value], [best]) or value == best and len(made) < len(text):
                text, best, kinds = made, value, [*kinds, kind]
        return text, f"Change the text of {path} ({', '.join(dict.fromkeys(kinds))}), {len(seen) - 1} changes of it tried"

    def blind(self, name):
        """Changes that nobody could try: a few single ones."""
        made, path = [], self.drawn(name)
        text = self.bench.files[path]
        for _ in range(BLIND):
            changed = self.one_change(name, path, text)
            if changed is not None and changed != text and not marked(text, changed) <= self.rejected:
                words = f"Try one change of {path}; it was not tried on practice cases"
                made.append(self.proposal(name, path, changed, words, None, 0.0, 0))
        return made

    def one_change(self, name, path, text):
        if name == "texts":
            return texts.drawn(path, text, self.rng, self.lines_beside(path))[0]
        if name == "constants":
            found = numbers(path, text)
            k = self.rng.randrange(len(found))
            return written(text, found[k : k + 1], [self.rng.choice((-1, -0.5, 0.5, 1))])
        sites = places_of(text)
        likely = [edit_weights.of(self.weights, site.family, edit_weights.kind_of(text, site)) for site in sites]
        site = self.rng.choices(sites, likely)[0]
        return text[: site.start] + self.rng.choice(site.options) + text[site.end :]

    def proposal(self, name, path, text, words, gain, error, cases):
        """As the kernel takes it; the tag tells `learn` whose belief a verdict is about."""
        tag = f"{path}|{name}|{name}|{len(self.memory['history'])}"[:180]
        prediction = self.foreseen(name, gain, error)
        said = ""
        if gain is not None:
            policy.update(self.memory["policy"], tag, {"replayed": gain, "se": error})
            kind = "practice cases that the search did not see" if self.bench.held != self.bench.seen else "the practice cases"
            said = f"; on {cases} of {kind} the score changes by {gain:+.4f} ± {error:.4f}" if cases else ""
        self.memory["pending"] = {**dict(list(self.memory["pending"].items())[-20:]), tag: [tag]}
        limitation, why = first_of(self.known, ("failures", "low-scores", "uneven"))
        before = self.bench.files[path]
        return {
            "surface": self.surfaces[path],
            "limitation": limitation,
            "reason": f"{words}: {in_words(before, text)}{said}. It answers: {why}."[:MOST_REASON],
            "edits": [edit(path, before, text)],
            "prediction": prediction,
            "tag": tag,
        }


    def foreseen(self, name, gain, error):
        """What to expect: its trials, and how often the judge has kept changes of this craft."""
        found = policy.predict(self.memory["policy"], gain, error, SimpleNamespace(family=name))
        good, bad = self.memory["policy"]["families"].get(name, (0, 0))
        trust = (TRUSTED + good) / (TRUSTED + good + bad)
        found["p_better"] = round(0.5 + trust * (found["p_better"] - 0.5), 4)
        return found


def places_of(text):
    """The places of a Python source that can be edited; none where it is no Python."""
    try:
        return PAGES.sites(text)
    except (SyntaxError, ValueError, RecursionError):
        return ()


def together(made):
    """The findings of all crafts in one proposal, where they are about different files."""
    edits = {change["path"]: change for one in reversed(made) for change in one["edits"]}
    reason = " ".join(one["reason"] for one in made)[:MOST_REASON]
    return {**made[0], "edits": list(edits.values()), "reason": reason}


def surfaces_of(target):
    """{path: surface} of the files that may be edited; a file on several surfaces counts for the first."""
    found = {}
    for path in target["files"]:
        if isinstance(target["files"][path], str) and not matches(path, target.get("protected") or ()):
            for surface, globs in target["surfaces"].items():
                if matches(path, globs):
                    found.setdefault(path, surface)
    return found


def matches(path, globs):
    return any(fnmatch.fnmatchcase(path, glob) or glob.endswith("/**") and path.startswith(glob[:-2]) for glob in globs)


def marked(before, after):
    """The lines that a change adds; where it adds none, those that it leaves out."""
    return signed(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))


def signed(diff):
    """The new lines of a diff, or where there are none its old ones: with their signs, without their margins."""
    found = {line[0] + line[1:].strip() for line in diff if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")}
    return {line for line in found if line[0] == "+"} or found


def rejected_changes(history):
    """What `marked` says of changes that were rejected, without what was kept."""
    bad, good = set(), set()
    for one in history:
        lines = signed(str(one.get("diff", "")).splitlines())
        if one.get("verdict") == "accepted":
            good |= lines
        elif one.get("verdict") == "rejected":
            bad |= lines
    return bad - good


def unkept(history):
    """How many of the latest judged changes in a row were not kept."""
    count = 0
    for one in reversed(history):
        if one.get("verdict") == "accepted":
            break
        count += one.get("verdict") == "rejected"
    return count


def in_words(before, after):
    """The lines that differ: `old → new`, the first few."""
    a, b = before.splitlines(), after.splitlines()
    said = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind != "equal":
            said.append(f"{short(' '.join(a[i:j]), 90) or '(nothing)'} → {short(' '.join(b[k:m]), 90) or '(nothing)'}")
    more = f"; and {len(said) - MOST_LINES} more places" if len(said) > MOST_LINES else ""
    return "; ".join(said[:MOST_LINES]) + more


def diagnose(findings):
    """Limitations of a target, from its practice cases: {"id", "kind", "text", "evidence"}."""
    rows = [one for one in findings if isinstance(one, dict) and "case" in one]
    return [*failures(rows), *low(rows), *uneven(rows)]


def failures(rows):
    """Cases on which it gave no answer."""
    failed = [row for row in rows if row.get("outcome") not in (None, "answered") or row.get("score") is None]
    if not failed:
        return []
    first = next((row["error"] for row in failed if row.get("error")), failed[0].get("outcome"))
    text = f"no answer on {len(failed)} of {len(rows)} practice cases; the first: {short(str(first), 200)}"
    return [limitation("failures", "fails", text, {"cases": [row["id"] for row in failed][:20]})]


def low(rows):
    """What it scores where it answers, and the word that is said of most of the bad ones."""
    scored = [row for row in rows if isinstance(row.get("score"), (int, float))]
    if not scored:
        return []
    mean = sum(row["score"] for row in scored) / len(scored)
    bad = sorted((row for row in scored if row["score"] <= mean), key=lambda row: row["score"])
    labels = [row["label"] for row in bad if row.get("label")]
    most = max(sorted(set(labels)), key=labels.count) if labels else ""
    text = f"it scores {mean:.3f} of 1 on average over {len(scored)} practice cases"
    text += f"; of the lower ones {labels.count(most)} are called {short(str(most), 60)!r}" if most else ""
    said = next((short(str(row["feedback"]), 160) for row in bad if row.get("feedback")), "")
    text += f"; said of one: {said}" if said else ""
    return [limitation("low-scores", "score", text, {"mean": round(mean, 4), "lowest": [row["id"] for row in bad[:5]]})]


def uneven(rows):
    """How far cases are apart."""
    scores = sorted(row["score"] for row in rows if isinstance(row.get("score"), (int, float)))
    if len(scores) < 4 or scores[-1] - scores[0] < 0.3:
        return []
    text = f"its scores on practice cases range from {scores[0]:.3f} to {scores[-1]:.3f}"
    return [limitation("uneven", "spread", text, {"low": round(scores[0], 4), "high": round(scores[-1], 4)})]


def limitation(name, kind, text, evidence):
    return {"id": name, "kind": kind, "text": text, "evidence": evidence}
