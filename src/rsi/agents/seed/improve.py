"""Improving a program: edits are drawn, tried on instances of its problem, and kept if they help, until the evaluations are spent.

One evaluation is one program run on one instance. `ask` runs programs: {"problem", "source", "instances"} → {"scores", "left"}.
"""

import random

import accept
import allocate
import moves
import weights as policy
from tried import Program, Tried

CURVE = 24


def improve(message, ask, weights):
    """One answer per case: the best program that was found and the evaluations that it took."""
    answers = []
    for number, question in enumerate(message["cases"]):
        asked = Asked(ask, number, message["programs"])
        found = episode(question, asked, random.Random(f"{message['seed']} {number}"), weights)
        answers.append({"answer": found.source, "programs": asked.used})
    return {"answers": answers}


class Asked:
    """Asks for scores of one problem: never for more than its own budget, nor for more than is left by the count of who answers."""

    def __init__(self, ask, problem, budget):
        self.ask, self.problem, self.budget, self.granted = ask, problem, budget, None
        self.used = 0

    @property
    def left(self):
        own = self.budget - self.used
        return own if self.granted is None else min(own, self.granted)

    def scores(self, source, instances):
        """{instance: score or None}, or None where it cannot be had any more."""
        if not instances or len(instances) > self.left:
            return None
        reply = self.ask({"problem": self.problem, "source": source, "instances": instances})
        if "scores" not in reply:
            self.granted = 0
            return None
        self.used += len(instances)
        self.granted = reply["left"]
        return dict(zip(instances, reply["scores"]))


class Episode:
    """What an episode found and what became of what it tried.

    `log` has one row per candidate: (evaluations, all scores None, same scores as its parent, taken, gain, changes).
    """

    def __init__(self, source):
        self.source = source
        self.start = self.end = 0.0
        self.instances = []
        self.again = 0
        self.log = []
        self.curve = []


def episode(question, asked, rng, weights):
    """Search for a better program by edits: an `Episode`."""
    found = Episode(question["source"])
    instances = found.instances = allocate.chosen(question["instances"], asked.budget, rng)
    scores = asked.scores(found.source, instances)
    if scores is None:
        return found
    state = Tried(Program(found.source, scores), weights)
    found.start = found.end = accept.mean(state.parent.on(instances))
    while asked.left > allocate.reserve():
        source, changes, again = moves.draw(state, rng)
        found.again += again
        if source is None or not attempt(source, changes, state, asked, found):
            break
        if allocate.looks_elsewhere(state.stuck):
            state.parent = rng.choice(state.programs)
    best = finish(question, state, asked, instances, rng)
    found.source, found.end = best.source, accept.mean(best.on(instances))
    return found


def attempt(source, changes, state, asked, found):
    """Run one candidate step by step as long as it keeps up; False where the evaluations did not suffice."""
    program, parent, run = Program(source, {}, changes), state.parent, []
    for part in allocate.parts(found.instances):
        scores = asked.scores(source, part)
        if scores is None:
            return False
        program.scores.update(scores)
        run += part
        if not accept.keeps_up(program.on(run), parent.on(run)):
            break
    new, old = program.on(run), parent.on(run)
    state.stuck += 1
    taken = len(run) == len(found.instances) and state.take(program, run)
    gain = accept.mean(new) - accept.mean(old)
    state.learn(changes, policy.credit(gain) if taken else 0.0)
    found.log.append((len(run), all(score is None for score in new), new == old, taken, gain, changes))
    if taken:
        found.curve = [*found.curve[-CURVE:], [asked.used, round(accept.mean(new), 4)]]
    return True


def finish(question, state, asked, instances, rng):
    """The best program; where several are finalists, the best of them on other instances."""
    ranked = state.ranked(instances)[: allocate.finalists()]
    if len(ranked) == 1:
        return state.best
    more = allocate.final_instances(question["instances"], instances, rng)
    for program in ranked:
        program.scores.update(asked.scores(program.source, more) or {})
    return max(ranked, key=lambda program: accept.mean(program.on([*instances, *more])))
