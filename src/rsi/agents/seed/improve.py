"""Improving a program: edits are drawn, tried on instances of its problem, and kept if they help, until the evaluations are spent.

One evaluation is one program run on one instance. `ask` runs programs: {"problem", "sources", "instances"} → {"scores", "left"}, a row of
scores for each source.
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
    """Asks for scores of one problem: never for more than its own budget, nor for more than is left by the count of who answers.

    `is_dear`: an evaluation is worth more than a question, so that each candidate should know what became of the one before.
    """

    def __init__(self, ask, problem, budget, is_dear=False):
        self.ask, self.problem, self.budget, self.granted = ask, problem, budget, None
        self.is_dear = is_dear
        self.used = 0

    @property
    def left(self):
        own = self.budget - self.used
        return own if self.granted is None else min(own, self.granted)

    def scores(self, sources, instances):
        """{instance: score or None} for each source, or None where they cannot be had any more."""
        wanted = len(sources) * len(instances)
        if not wanted or wanted > self.left:
            return None
        reply = self.ask({"problem": self.problem, "sources": sources, "instances": instances})
        if "scores" not in reply:
            self.granted = 0
            return None
        self.used += wanted
        self.granted = reply["left"]
        return [dict(zip(instances, row)) for row in reply["scores"]]


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
    scores = asked.scores([found.source], instances)
    if scores is None:
        return found
    state = Tried(Program(found.source, scores[0]), weights)
    found.start = found.end = accept.mean(state.parent.on(instances))
    while asked.left > allocate.reserve():
        before, programs = state.stuck, drawn(state, asked, found, rng)
        if not programs or not attempt(programs, state, asked, found):
            break
        if allocate.looks_elsewhere(before, state.stuck):
            state.parent = rng.choice(state.programs)
    best = finish(question, state, asked, instances, rng)
    found.source, found.end = best.source, accept.mean(best.on(instances))
    return found


def drawn(state, asked, found, rng):
    """Candidates that are run together."""
    programs = []
    for _ in range(1 if asked.is_dear else allocate.together(found.instances, asked.left - allocate.reserve())):
        source, changes, again = moves.draw(state, rng)
        found.again += again
        if source is None:
            break
        programs.append(Program(source, {}, changes))
    return programs


def attempt(programs, state, asked, found):
    """Run candidates step by step as long as they keep up; False where the evaluations did not suffice."""
    parent, running, run = state.parent, programs, []
    for part in allocate.parts(found.instances):
        running = running[: asked.left // len(part)]
        scores = asked.scores([program.source for program in running], part)
        if scores is None:
            break
        run += part
        for program, row in zip(running, scores):
            program.scores.update(row)
        running = [program for program in running if accept.keeps_up(program.on(run), parent.on(run))]
        if not running:
            break
    for program in programs:
        settle(program, parent, state, asked, found)
    return scores is not None


def settle(program, parent, state, asked, found):
    """What becomes of a candidate of this parent that was run on some instances."""
    run = [k for k in found.instances if k in program.scores]
    if not run:
        return
    new, old = program.on(run), parent.on(run)
    state.stuck += 1
    taken = len(run) == len(found.instances) and state.take(program, run)
    gain = accept.mean(new) - accept.mean(old)
    state.learn(program.changes, policy.credit(gain) if taken else 0.0)
    found.log.append((len(run), all(score is None for score in new), new == old, taken, gain, program.changes))
    if taken:
        found.curve = [*found.curve[-CURVE:], [asked.used, round(accept.mean(new), 4)]]


def finish(question, state, asked, instances, rng):
    """The best program; where several are finalists, the best of them on other instances."""
    ranked = state.ranked(instances)[: allocate.finalists()]
    if len(ranked) == 1:
        return state.best
    more = allocate.final_instances(question["instances"], instances, rng)
    for program, row in zip(ranked, asked.scores([program.source for program in ranked], more) or []):
        program.scores.update(row)
    return max(ranked, key=lambda program: accept.mean(program.on([*instances, *more])))
