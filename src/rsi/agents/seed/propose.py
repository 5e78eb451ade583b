"""Proposals: changes to the agent's own files, each answering a limitation, each with a prediction of its effect.

Three crafts: train on what was found (parameters), name what keeps recurring (code), and rehearse small edits of its own learning
and search code, one on top of the other, until none helps (training, search).
"""

import hashlib
import json
import random

import policy
import variant
from abstraction import mine
from curriculum import tasks_for_mining
from edits import sites, variants
from experience import text_of
from expressions import from_lists, is_known, rewrite
from functions import load
from grammar import base
from model import train
from rehearsal import Copy, difference, halves

EDITABLE = ("learning.py", "features.py", "dreams.py")
MAIN_SHARE = 0.8
ENOUGH_PROGRAMS = 100
GROWTH = 0.5
STUCK = 2
ROUNDS = 6
EDITS_A_ROUND = 12
REHEARSED = 300
HELD = 120
POINTS_PER_BIT = 0.02
SURE = 1.5
LEAST_BITS = 0.02
WORTH_PROPOSING = 0.25
MISSED = "not-found-"


def propose(message, memory, folder):
    """Up to `count` proposals for the agent that the message names, by default itself: {"proposals", "memory", "programs"}."""
    files = (message.get("target") or {}).get("files") or variant.read_tree(folder)
    rng = random.Random(message["seed"])
    here = Here(files, memory, message["limitations"], message["programs"], rng)
    if message.get("once") or here.is_stuck():
        made = here.everything()
    else:
        made = [*here.parameters(GROWTH), *here.library(), *here.learning()] or here.parameters(0.0)
    for one in made:
        one["prediction"]["helps"] = here.weak_families()
    return {"proposals": made[: message["count"]], "memory": memory, "programs": min(here.used, message["programs"])}


def learn(verdicts, memory):
    """What became of earlier proposals: counts for the edit policy, and a short history."""
    for verdict in verdicts:
        good = verdict["verdict"] == "accepted"
        pending = memory["pending"].pop(verdict.get("tag") or "", None)
        changes = memory.get("waiting", {}).pop(verdict.get("tag") or "", None)
        failed = memory.get("failed", [])
        is_alone = changes and len(changes) == 1 == len(pending or ())
        if is_alone and verdict["verdict"] in ("rejected", "refused") and changes[0] not in failed:
            memory["failed"] = [*failed[-99:], changes[0]]
        memory["history"] = [*memory["history"][-99:], [verdict["surface"], verdict["verdict"]]]
        if pending and verdict["verdict"] in ("accepted", "rejected"):
            for place in pending:
                memory["policy"] = policy.update(memory["policy"], place, {"judged": good})
    return memory


def edit(path, before, after):
    return {"path": path, "before": digest(before), "after": after}


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def first_of(known, names):
    """The first of the named limitations that was found, with its text."""
    for name in names:
        if name in known:
            return name, known[name]["text"]
    name = next(iter(known), "none")
    return name, known.get(name, {"text": "no limitation was found"})["text"]


def is_stuck(memory, after=STUCK):
    """Whether so many of its last changes were judged and not kept, after earlier ones were."""
    judged = [verdict for _, verdict in memory["history"] if verdict in ("accepted", "rejected")]
    return "accepted" in judged and "accepted" not in judged[-after:]


class Here:
    """The agent looking at its own tree."""

    def __init__(self, files, memory, limitations, budget, rng):
        self.files = files
        self.memory = memory
        self.known = {item["id"]: item for item in limitations}
        self.rng = rng
        self.corpus = memory["corpus"]
        self.budget = budget
        self.used = 0
        self.own = json.loads(files["corpus.json"])
        self.grammar = load(files["library.py"], {production.name: production for production in base()})

    def limitation(self, *names):
        """The first of these limitations that was found, with its text."""
        return first_of(self.known, names)

    def weak_families(self):
        """Families of which it leaves many tasks unsolved: all its crafts aim at finding more within the budget, there first."""
        return [name[len(MISSED) :].replace("-", " ") for name in self.known if name.startswith(MISSED)]

    def parameters(self, growth):
        """Train on all that was found, if that is `growth` more than it was trained on and than was last proposed."""
        known, stats = len(self.corpus["solutions"]), self.memory["stats"]
        grown = known - len(self.own["solutions"])
        if grown < 20 or known < (1 + growth) * max(len(self.own["solutions"]), stats.get("trained at", 0)):
            return []
        stats["trained at"] = known
        name, text = self.limitation("unlearned", "miscosted")
        reason = f"Train the model and the recogniser on {known} programs ({grown} of them new): {text}."
        first = not self.own["solutions"]
        return [
            {
                "surface": "parameters",
                "limitation": name,
                "reason": reason,
                "edits": [edit("corpus.json", self.files["corpus.json"], text_of(self.corpus))],
                "prediction": {"p_better": 0.9 if first else 0.6, "low": 0.02 if first else -0.01, "high": 0.2 if first else 0.05},
                "tag": "parameters",
            }
        ]

    def is_stuck(self):
        """Whether its last changes were each too small to be seen: then they go together, where their effects add up."""
        return is_stuck(self.memory)

    def everything(self):
        """All crafts in one proposal: for an improver that is asked only once, or that is stuck."""
        trained = self.parameters(0.0)
        self.own = self.corpus
        parts = [*trained, *self.library(0.1), *self.learning()]
        if not parts:
            return []
        edits = {change["path"]: change for part in parts for change in part["edits"]}
        reason = " ".join(part["reason"] for part in parts)[:1900]
        surface = parts[-1]["surface"] if len(parts) == 1 else "training"
        return [{**parts[-1], "surface": surface, "edits": list(edits.values()), "reason": reason}]

    def library(self, growth=GROWTH):
        """Name what keeps recurring, if the corpus has grown by that much since it last did."""
        known = len(self.corpus["solutions"])
        if len(self.own["solutions"]) < ENOUGH_PROGRAMS or known < (1 + growth) * self.memory["stats"].get("mined at", 0):
            return []
        self.memory["stats"]["mined at"] = known
        functions = [production for production in self.grammar.values() if production.function][::-1]
        entries = [entry for entry in self.corpus["solutions"] if tasks_for_mining(entry["repeats"])]
        programs = [from_lists(entry["program"]) for entry in entries]
        programs = [rewrite(program, functions) for program in programs if is_known(program, self.grammar)]
        weights = train(self.corpus, self.grammar, functions, random.Random(0))
        source, added = mine(programs, self.grammar, weights["costs"], self.files["library.py"])
        if not added:
            return []
        name, text = self.limitation("repeated")
        listed = ", ".join(f"{function} ({uses} solutions)" for function, uses, _ in added)
        kept = [kind == "accepted" for surface, kind in self.memory["history"] if surface == "code"]
        likely = (1 + sum(kept)) / (2 + len(kept))
        return [
            {
                "surface": "code",
                "limitation": name,
                "reason": f"Add functions of its own to its library, mined by compression, and train with them: {listed}; {text}."[:1900],
                "edits": [
                    edit("library.py", self.files["library.py"], source),
                    edit("corpus.json", self.files["corpus.json"], text_of(self.corpus)),
                ],
                "prediction": {"p_better": round(likely, 3), "low": -0.02, "high": 0.06},
                "tag": "library",
            }
        ]

    def learning(self):
        """Rehearse edits to its own learning code, one on top of the other."""
        if len(self.own["solutions"]) < ENOUGH_PROGRAMS:
            return []
        train_on, held = halves(self.corpus)
        train_on["solutions"] = self.rng.sample(train_on["solutions"], min(REHEARSED, len(train_on["solutions"])))
        held = [entry for entry in held if is_known(from_lists(entry["program"]), self.grammar)]
        held = self.rng.sample(held, min(HELD, len(held)))
        if not held:
            return []
        climb = Climb(self.files, train_on, held, self.memory["policy"], self.rng)
        steps = climb.run(self.budget)
        self.used += climb.used
        if not steps:
            return []
        gain, error = climb.gain()
        if gain < WORTH_PROPOSING:
            return []
        prediction = policy.predict(self.memory["policy"], gain * POINTS_PER_BIT, error * POINTS_PER_BIT, steps[-1].site)
        key = "edits:" + hashlib.sha256("".join(step.text for step in steps).encode()).hexdigest()[:16]
        self.memory["pending"] = {**dict(list(self.memory["pending"].items())[-20:]), key: [policy.tag(step.site) for step in steps]}
        name, text = self.limitation("miscosted", "not-found-level-2", "not-found-level-1")
        changed = [path for path in EDITABLE if climb.files[path] != self.files[path]]
        surface = "search" if changed == ["features.py"] else "training"
        listed = "; ".join(step.text for step in steps)
        return [
            {
                "surface": surface,
                "limitation": name,
                "reason": (
                    f"In rehearsal on {len(held)} recorded programs that it did not train on, these edits save {gain:.2f} ± {error:.2f} "
                    f"bits of search per program: {listed}. They answer: {text}."
                )[:1900],
                "edits": [edit(path, self.files[path], climb.files[path]) for path in changed],
                "prediction": prediction,
                "tag": key,
            }
        ]


class Step:
    """One edit that helped in rehearsal."""

    def __init__(self, site, gain):
        self.site = site
        self.text = site.text
        self.gain = gain


class Climb:
    """Hill climbing over small edits: in each round a few are rehearsed and the best is kept if it clearly helps."""

    def __init__(self, files, train_on, held, state, rng):
        self.files = dict(files)
        self.train_on, self.held, self.state, self.rng = train_on, held, state, rng
        self.passes = None
        self.used = 0
        self.first = self.best = self.bits(self.files)

    def bits(self, files):
        self.used += len(self.train_on["solutions"]) + len(self.held)
        copy = Copy(files, files["library.py"], self.passes)
        bits = copy.surprise(copy.train(self.train_on, 0), self.train_on, self.held)
        if self.passes is None:
            self.passes = 3 * copy.parts.passes.used
        return bits

    def gain(self):
        return difference(self.first, self.best)

    def run(self, budget):
        """The edits that were kept, in their order; every program that a rehearsal learns from or is asked about counts as one."""
        steps = []
        for _ in range(ROUNDS):
            if self.used >= budget:
                break
            best = None
            for site in policy.choose(self.state, self.places(), self.rng, EDITS_A_ROUND):
                made = self.rehearse(site)
                if made and (best is None or made[0] > best[0]):
                    best = made
            if best is not None:
                gain, site, files, bits = best
                self.files, self.best = files, bits
                steps.append(Step(site, gain))
        return steps

    def places(self):
        """Where to look: mostly at its formulas for learning, sometimes at the rest."""
        main, *others = EDITABLE
        path = main if self.rng.random() < MAIN_SHARE else self.rng.choice(others)
        return sites(self.files[path], path)

    def rehearse(self, site):
        """(gain, site, files, bits) of an edit that clearly helps, else None; the policy learns from it either way."""
        files = {**self.files, site.path: variants(self.files[site.path], site, self.rng)}
        try:
            bits = self.bits(files)
        except variant.Broken:
            policy.update(self.state, site, {"broken": True})
            return None
        gain, error = difference(self.best, bits)
        if not gain and not error:
            policy.update(self.state, site, {"broken": True})
            return None
        policy.update(self.state, site, {"replayed": gain * POINTS_PER_BIT, "se": error * POINTS_PER_BIT})
        if gain > max(LEAST_BITS, SURE * error):
            return gain, site, files, bits
        return None
