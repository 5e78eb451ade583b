"""Proposals of an agent that improves programs: changes to its own way of improving.

Three crafts: its own modules as the target of `improve` (search, resources, training), weights of its edit policy learned from experience
(parameters), and names for edits that helped again and again (code).
"""

import json
import random
import re
from types import SimpleNamespace

import policy
import variant
from edits import label, short, spliced
from episodes import tables, take_in_edits, weights_from
from improve import Asked, episode
from mirror import SHORT, Mirror
from propose import digest, edit, first_of, is_stuck
from tried import Places

OWN = ("resources.py", "allocate.py", "accept.py", "where.py", "moves.py", "tried.py", "weights.py", "improve.py")
SURFACES = {"resources.py": "resources", "weights.py": "training"}
ANSWERS = {
    "thorough": ("resources.py", "allocate.py", "accept.py"),
    "noise": ("resources.py", "accept.py"),
    "unhelpful-edits": ("where.py", "weights.py", "moves.py"),
    "silent": ("where.py", "weights.py"),
    "broken": ("where.py", "weights.py"),
    "early-end": ("moves.py", "resources.py"),
    "no-gain": ("moves.py", "allocate.py"),
}
GROWTH = 0.5
LEAST_CREDIT = 10
NAMED_PROBLEMS = 2
NAMED_TIMES = 4
NAMED_AT_ONCE = 3
MODULES = 5
PULL = 0.5
SEARCH_SHARE = 0.6
CRAFT_SHARE = 0.2
EPISODES = 8
REPEATED = 24
KEPT_APART = 2
MOST_STEPS = 6
LEAST_TRIALS = 24
MOST_EDITS = 3
LOOKS = ((12, 0.3), (24, 0.8), (48, 1.2))
HARMLESS = ((12, -1.5), (24, -1.0))
MOST_AGAIN = 3
STUCK = 1
PLAIN = 2.5
FIRST_PAIR = 1000
LEAST_ERROR = 0.02
PLACE = ("function", "family", "old", "new")


def propose(message, ask, memory, experience, known, folder):
    """Up to `count` proposals for the agent that the message names, by default itself: {"proposals", "memory", "programs"}.

    `known`: the weights of its own edit policy, by which it draws edits whomever it improves.
    """
    files = (message.get("target") or {}).get("files") or variant.read_tree(folder)
    rng = random.Random(message["seed"])
    short = message.get("evaluations", SHORT)
    apart = memory.setdefault("apart", {})
    mirror = Mirror(files, message["batch"]["problems"], ask, message["programs"], message["seed"], short, apart)
    waiting = set(memory.setdefault("waiting", {}))
    here = Here(files, memory, experience, message["limitations"], mirror, rng, known)
    growth = 0.0 if here.is_stuck else GROWTH
    with mirror.aside(CRAFT_SHARE):
        itself = here.itself()
    take_in_edits(mirror.edits.values(), experience)
    made = [*here.parameters(growth), *here.library(growth), *itself] or here.spare[-1:]
    made = here.together(made)[: message["count"]]
    waiting |= {one["tag"] for one in made}
    memory["waiting"] = {tag: change for tag, change in memory["waiting"].items() if tag in waiting}
    memory["apart"] = {text: apart[text] for k, text in enumerate(apart) if text in files.values() or k >= len(apart) - KEPT_APART}
    return {"proposals": made, "memory": memory, "programs": mirror.used}


class Here:
    """The agent looking at how it, or another version of it, improves programs."""

    def __init__(self, files, memory, experience, limitations, mirror, rng, weights):
        self.files, self.memory, self.experience, self.mirror, self.rng = files, memory, experience, mirror, rng
        self.weights = weights
        self.known = {item["id"]: item for item in limitations}
        self.spare = []
        self.crafts = {}
        self.ahead = dict(files)
        """The agent with all edits that are proposed and not judged yet, those of this pass too: the next one has to add to them."""
        self.is_stuck = is_stuck(memory, STUCK)
        """Whether its last change was too small to be seen: then what failed goes with what comes."""
        failed = [change for change in memory.get("failed", []) if change[-1] == digest(files.get(change[0], ""))]
        self.again = failed[-MOST_AGAIN:] if self.is_stuck else []
        for changes in [*memory["waiting"].values(), self.again]:
            make(changes, self.ahead)

    def parameters(self, growth=GROWTH):
        """Weights of the edit policy from all its experience, if that has grown enough since it last learned.

        Rehearsals have to show no harm, and need not show that they help: there they are without what the problem at hand taught, and few
        others taught them, so that less is seen of what they are worth than they are worth to a version that has learned from all.
        """
        experience = self.experience
        tried, credit = (sum(row[k] for row in tables(experience)["families"].values()) for k in (0, 1))
        if credit < LEAST_CREDIT or tried < (1 + growth) * experience["learned at"]:
            return []
        experience["learned at"] = tried
        words = f"Learn the weights of its edit policy from {tried} edits that it tried"
        text = self.learned(lambda but: json.dumps(weights_from(experience, but), indent=1) + "\n")
        return self.crafted("parameters", {"weights.json": text}, words, ("unhelpful-edits", "early-end"), "weights", HARMLESS)

    def library(self, growth=GROWTH):
        """Names for edits that helped again and again on different problems."""
        experience = self.experience
        if experience["episodes"] < (1 + growth) * experience["named at"]:
            return []
        before = self.files["tricks.py"]
        found = recurring(experience["edits"], before)
        if not found:
            return []
        experience["named at"] = experience["episodes"]
        names = named(before, found)[1]
        source = self.learned(lambda but: named(old := self.mirror.without(before, but), recurring(experience["edits"], old, but))[0])
        words = f"Add operators of its own, named after edits that helped on several problems: {', '.join(names)}"
        looks = HARMLESS if self.is_stuck else LOOKS
        return self.crafted("code", {"tricks.py": source}, words, ("unhelpful-edits", "early-end", "no-gain"), "tricks", looks)

    def learned(self, text_of):
        """What all problems but one (None: all) taught, as a text; a rehearsal on one of them is without what that one taught."""
        text = text_of(None)
        self.mirror.apart[text] = {problem: text_of(problem) for problem in self.mirror.names()}
        return text

    def crafted(self, surface, changed, words, names, family, looks=LOOKS):
        """A proposal, if fresh episodes show as much of it as `looks` ask or none can be paid; if they leave that open, a spare one."""
        if all(self.files[path] == text for path, text in changed.items()):
            return []
        tag = f"{next(iter(changed))}|{family}|{family}|{len(self.memory['history'])}"
        prediction = self.expected(tag)
        if self.mirror.affordable() >= 2 * LOOKS[0][0]:
            seen = self.screened(self.ahead, {**self.ahead, **changed}, tag, looks)
            self.note(seen, tag)
            if seen is None or (seen.gain <= 0 and not seen.is_plain):
                return []
            words, prediction = f"{words}. {shown(seen)}", seen.prediction
            if not seen.is_plain:
                self.spare.append(self.proposal(surface, changed, words, names, tag, prediction))
                return []
        self.ahead.update(changed)
        self.crafts.update(changed)
        return [self.proposal(surface, changed, words, names, tag, prediction)]

    def expected(self, tag, gain=None, error=0.0):
        """What to expect of a change: its rehearsal, and what became of earlier ones of its kind."""
        return policy.predict(self.memory["policy"], gain, error, SimpleNamespace(family=tag.split("|")[2]))

    def screened(self, base, files, tag, looks=LOOKS):
        """What an edit adds to a version with those proposed so far, in fresh episodes; None where there were too few of them.

        It is looked at after so many episodes, and let go as soon as its gain is too few standard errors: it is not plain then.
        """
        for pairs, least in looks:
            before, after = self.mirror.compare(base, files, range(FIRST_PAIR, FIRST_PAIR + pairs))
            if len(before) < LOOKS[0][0]:
                return None
            gain, error = self.mirror.difference(before, after, FIRST_PAIR)
            error = max(error, LEAST_ERROR / len(before) ** 0.5)
            if len(before) < pairs or gain < least * error or gain > PLAIN * error:
                break
        prediction = self.expected(tag, gain, error)
        return SimpleNamespace(gain=gain, error=error, pairs=len(before), prediction=prediction, is_plain=gain >= least * error)

    def itself(self):
        """Some of its own modules as targets of its own `improve`, each within its share of what is left."""
        waiting, made = list(OWN), []
        for others in range(MODULES - 1, -1, -1):
            if self.mirror.affordable() < LEAST_TRIALS * (others + 1):
                continue
            path = self.module(waiting)
            waiting.remove(path)
            with self.mirror.aside(others / (others + 1)):
                made += self.improved(path)
        return made

    def improved(self, path):
        """One module improved; what became of each place is proposed for itself, if fresh episodes show that it adds something."""
        question = {"id": path, "source": self.files[path], "instances": EPISODES}
        with self.mirror.aside(1 - SEARCH_SHARE):
            asked = Asked(self.mirror.target(path), 0, REPEATED * self.mirror.affordable(), is_dear=True)
            found = episode(question, asked, self.rng, self.weights)
        helped = net(found.log)
        if not helped:
            policy.update(self.memory["policy"], f"{path}|improver|itself|none", {"broken": True})
        return [one for number, change in enumerate(helped[:MOST_EDITS]) for one in self.single(path, change, number, len(found.log))]

    def single(self, path, change, number, tried):
        """A proposal of one change, made in the module as it is, as far as going on pays; none where it adds nothing or failed before."""
        tag = f"{path}|improver|itself|{len(self.memory['history'])}.{number}"
        base, reached, seen, before = self.ahead, [], None, digest(self.files[path])
        for new in (change.new, *farther(change)):
            if [path, change.function, change.family, change.old, new, before] in self.memory.get("failed", []):
                break
            source, ahead = edited(self.files[path], change, new), edited(base[path], change, new)
            seen = self.screened(self.ahead, {**base, path: ahead}, tag) if source and ahead else None
            if seen is None or not seen.is_plain:
                break
            self.ahead = {**base, path: ahead}
            reached.append((new, source, seen))
        if reached:
            new, source, seen = reached[-1]
            seen = (self.screened(base, self.ahead, tag) if len(reached) > 1 else None) or seen
        self.note(seen, tag)
        if not reached:
            return []
        self.memory["waiting"][tag] = [[path, change.function, change.family, change.old, new, before]]
        words = f"Improve {path} by its own improver: {in_words(change, new)}, number {number + 1} of {tried} edits that it tried"
        words += f" and then {len(reached) - 1} steps farther. " if len(reached) > 1 else ". "
        names = [name for name, paths in ANSWERS.items() if path in paths]
        return [self.proposal(SURFACES.get(path, "search"), {path: source}, words + shown(seen), names, tag, seen.prediction)]

    def note(self, seen, tag):
        """What rehearsal showed of a change, for what is expected of the next ones."""
        if seen is not None:
            policy.update(self.memory["policy"], tag, {"replayed": seen.gain, "se": seen.error})

    def module(self, waiting):
        """The module to improve next: drawn by what became of earlier changes to it, and by what limits the agent."""
        counts = self.memory["policy"]["functions"]
        pointed_at = {path for name in self.known for path in ANSWERS.get(name, ())}
        hopes = {path: self.rng.betavariate(*(1 + count for count in counts.get(f"{path}|improver", (0, 0)))) for path in waiting}
        return max(waiting, key=lambda path: hopes[path] + PULL * (path in pointed_at))

    def proposal(self, surface, changed, words, names, tag, prediction):
        """As the kernel takes it; the tag tells `learn` whose belief a verdict is about."""
        name, text = first_of(self.known, names)
        self.memory["pending"] = {**dict(list(self.memory["pending"].items())[-20:]), tag: [tag]}
        return {
            "surface": surface,
            "limitation": name,
            "reason": f"{words}. It answers: {text}."[:1900],
            "edits": [edit(path, self.files[path], after) for path, after in changed.items()],
            "prediction": prediction,
            "tag": tag,
        }

    def together(self, made):
        """All of a pass in one proposal, where their effects add up, if fresh episodes show that they do; else each for itself.

        If it is stuck, the last ones that failed alone go with them.
        """
        if not made or len(made) + len(self.again) < 2:
            return made
        waiting, pending, last = self.memory["waiting"], self.memory["pending"], made[-1]["tag"]
        changes = [*self.again, *(change for one in made for change in waiting.get(one["tag"], []))]
        files = {**self.files, **self.crafts}
        make(changes, files)
        before, after = self.mirror.compare(self.files, files, range(FIRST_PAIR, FIRST_PAIR + LOOKS[0][0]))
        gain, error = self.mirror.difference(before, after, FIRST_PAIR) if len(before) == LOOKS[0][0] else (None, 0.0)
        if gain is not None and gain <= 0:
            return made
        tags = [one["tag"] for one in made]
        for tag in tags:
            waiting.pop(tag, None)
            pending.pop(tag, None)
        waiting[last], pending[last] = changes, tags
        prediction = made[-1]["prediction"] if gain is None else self.expected(last, gain, error)
        edits = [edit(path, self.files[path], files[path]) for path in files if files[path] != self.files[path]]
        listed = "; ".join(in_words(SimpleNamespace(**dict(zip(PLACE, change[1:]))), change[4]) for change in self.again)
        reason = " ".join([*(one["reason"] for one in made), *([f"With them what failed alone: {listed}."] if listed else [])])[:1900]
        return [{**made[-1], "surface": "search", "edits": edits, "reason": reason, "prediction": prediction}]


def recurring(edits, source, but=None):
    """[(edit, {problem: times})] that a library lacks and that helped often enough on enough problems but one, the most frequent first."""
    found = []
    for name, times in edits.items():
        where = {problem: count for problem, count in times.items() if problem != but}
        if len(where) >= NAMED_PROBLEMS and sum(where.values()) >= NAMED_TIMES and repr(tuple(name.split("|", 2))) not in source:
            found.append((name, where))
    return sorted(found, key=lambda one: (-len(one[1]), -sum(one[1].values()), one[0]))[:NAMED_AT_ONCE]


def named(source, found):
    """The library of tricks with a function for each of these edits, and their names."""
    names = []
    for text, where in found:
        family, kind, words = text.split("|", 2)
        name = re.sub(r"\W+", "_", f"{family} in {kind} {words}".replace("×", "times").replace(".", "_")).strip("_").lower()[:48]
        while f"def {name}(" in source:
            name += "_again"
        source += (
            f"\n\ndef {name}(family, kind, change):\n"
            f'    """Helped {sum(where.values())} times on {len(where)} problems."""\n'
            f"    return (family, kind, change) == {(family, kind, words)!r}\n\n\nTRICKS.append({name})\n"
        )
        names.append(name)
    return source, names


def net(log):
    """What the edits that helped made of each place, from first to last (1 → 2 → 4 is 1 → 4); those that gained most come first."""
    made = []
    for _, _, _, taken, gain, changes in log:
        if not taken or gain <= 0 or len(changes) != 1:
            continue
        (change,) = changes
        earlier = next((one for one in made if (one.function, one.family, one.new) == (change.function, change.family, change.old)), None)
        if earlier is None:
            made.append(SimpleNamespace(**{name: getattr(change, name) for name in PLACE}, gain=gain))
        else:
            earlier.new, earlier.gain = change.new, earlier.gain + gain
    return sorted((one for one in made if one.new != one.old), key=lambda one: -one.gain)


def farther(change):
    """The next values in the direction of a change of a number: by the same factor or, from or to 0, the same difference.

    Hooke and Jeeves 1961: what helped is tried again in the same direction.
    """
    try:
        old, new = float(change.old), float(change.new)
    except ValueError:
        return
    is_whole, text = change.new.lstrip("-").isdigit(), change.new
    for step in range(1, MOST_STEPS + 1 if old * new >= 0 else 1):
        value = new * (new / old) ** step if old * new else new + step * (new - old)
        before, text = text, str(round(value)) if is_whole else f"{value:.4g}"
        if text == before:
            return
        yield text


def edited(source, change, new):
    """The source with something new at the place of a change; None where that place is no more."""
    place = change.function, change.family, change.old
    site = next((site for site in Places(source, {}, {}).sites if (site.function, site.family, site.old) == place), None)
    return None if site is None else spliced(source, [(site, new)])


def shown(seen):
    return (
        f"In {seen.pairs} fresh episodes on practice problems it adds {seen.gain:.3f} ± {seen.error:.3f} "
        "to what it gains with the edits before it"
    )


def make(changes, files):
    """Make changes of places in files, as far as the places are still there."""
    for path, *change in changes:
        change = SimpleNamespace(**dict(zip(PLACE, change)))
        files[path] = edited(files[path], change, change.new) or files[path]


def in_words(change, new):
    return f"{label(change.function)}: {short(change.old, 50)} → {short(new, 50)}"
