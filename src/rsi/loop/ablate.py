"""The end of a tree: which changes of the best version's lineage carry its gain? All are switched on and off on the root, at random.

What does not merge without an earlier change of the lineage is switched with it, as one *step*; all steps merge in every combination, and
all together give the best version. What is kept is what e-BH certifies at a false-discovery rate of `judge.alpha`: a run that goes
over to a tree promises of what it keeps what a race promises. What is believed of each step stands beside it.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from rsi.core.codec import encode
from rsi.core.protocols import Files
from rsi.core.records import FileEdit, Json, ProposalId
from rsi.kernel.judge import Standing, ablated, ablation_race, e_bh
from rsi.kernel.workspace import Composer, Conflict, Stale, apply, difference, rebase_patch, tree_key
from rsi.loop.build import build
from rsi.loop.family import tend
from rsi.loop.machine import Machine
from rsi.loop.mixes import play_arms
from rsi.loop.pace import ablation_share
from rsi.loop.proposals import leak_in, refuse
from rsi.loop.quarantine import QUARANTINED
from rsi.loop.race import count_wins, crown, find_the_guilty, sweep, tell_opening, withdraw
from rsi.loop.state import Entrant, Tree, Waiting, run_seed
from rsi.loop.verdicts import conclude, conclude_test, conclude_version, rejected, unbuildable, undecided

__all__ = ["Step", "ablate", "steps_of"]

HOPELESS = 0.05
"""An ablation ends early once each step is certified, or better with a probability below this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What of a lineage is switched on and off by itself.

    Attributes:
        edges: places in the lineage, from 0, of the changes that are switched together.
        edits: all of them as one patch for the root.
    """

    edges: tuple[int, ...]
    edits: tuple[FileEdit, ...]


def ablate(machine: Machine, abreast: int) -> None:
    """Ablate the lineage of the best version, `abreast` rounds at a time, and keep what carries its gain; nothing without a tree."""
    tend(machine)
    tree = machine.state.tree
    if tree is None:
        return
    machine.go_on(_lay_out(machine, tree))
    until = machine.purse.spent + ablation_share(tree.judged)
    machine.go_on(*(_toggling(machine, until) for _ in range(abreast)))
    machine.go_on(_harvest(machine, tree))


def steps_of(root: Files, versions: Sequence[Files]) -> tuple[Step, ...]:
    """The steps of a lineage: `versions` are its trees from the first child of the root on, each made of the one before.

    Where steps that merge one by one do not give the last version all together, the whole lineage is one step.
    """
    steps: list[Step] = []
    for place, after in enumerate(versions):
        before = versions[place - 1] if place else root
        if before != after:
            steps = _with_edge(root, steps, place, before, difference(before, after))
    whole = _composed(root, steps)
    if versions and (whole is None or tree_key(whole) != tree_key(versions[-1])):
        return (Step(edges=tuple(range(len(versions))), edits=difference(root, versions[-1])),)
    return tuple(steps)


def _with_edge(root: Files, steps: Sequence[Step], place: int, before: Files, edits: Sequence[FileEdit]) -> list[Step]:
    """The steps and one more edge of the lineage, joined with those of them without which it does not merge."""
    needed = list(steps)
    for step in steps:
        others = [one for one in needed if one is not step]
        if _on(root, others, before, edits) is not None:
            needed = others
    after = _on(root, needed, before, edits)
    assert after is not None, "an edge merges with all that it was made on"
    edges = sorted(edge for step in needed for edge in step.edges)
    return [*(step for step in steps if step not in needed), Step(edges=(*edges, place), edits=difference(root, after))]


def _on(root: Files, steps: Sequence[Step], before: Files, edits: Sequence[FileEdit]) -> Files | None:
    """The root with some steps and an edge that was made for `before`; None if they do not merge, or a file's part of it vanishes."""
    base = _composed(root, steps)
    moved = None if base is None else rebase_patch(edits, before, base)
    if base is None or not isinstance(moved, tuple) or {edit.path for edit in moved} != {edit.path for edit in edits}:
        return None
    after = apply(base, moved)
    return None if isinstance(after, Stale) else after


def _composed(root: Files, steps: Sequence[Step]) -> Files | None:
    composer = Composer(root)
    if any(composer.add(ProposalId(str(number)), step.edits) for number, step in enumerate(steps)):
        return None
    made = composer.compose(composer.open)
    return None if isinstance(made, Conflict) else made.files


async def _lay_out(machine: Machine, tree: Tree) -> None:
    """End all that is not in the best version's lineage, and let the steps of the lineage into a race in which nobody is accepted."""
    state, best = machine.state, tree.posterior.best()
    lineage = tree.posterior.lineage(best)
    for number, member in enumerate(tree.members[1:], start=1):
        if member.is_open and number not in lineage:
            reason = "not in the lineage of the best version" if member.trials else "budget"
            conclude_version(machine, member, tree.posterior.effect(number), reason, is_decided=bool(member.trials))
    members = [tree.members[number] for number in lineage]
    steps = steps_of(tree.root.files, [member.version.files for member in members])
    state.composer, state.base, state.mind = Composer(tree.root.files), state.incumbent.id, tree.members[best].mind
    for step in steps:
        waiting = [member.waiting for member in (members[edge] for edge in step.edges) if member.waiting is not None]
        await _admit_step(machine, step, waiting)
    trials = max(1, machine.purse.left // machine.config.judge.programs)
    machine.race = ablation_race([*state.entrants], trials, random.Random(run_seed(machine.config, "ablation")))
    for name, entrant in state.entrants.items():
        tell_opening(machine, name, entrant, ())


async def _admit_step(machine: Machine, step: Step, waiting: Sequence[Waiting]) -> None:
    """Archive and build the root with one step alone, and open it; a step that may not stand alone ends here."""
    state, root, name = machine.state, machine.state.incumbent, waiting[-1].proposal.id
    files = apply(root.files, step.edits)
    assert not isinstance(files, Stale), files
    problem = leak_in(machine, files)
    if problem is not None:
        for one in waiting:
            refuse(machine, one, problem)
        return
    version = machine.keep(files, parent=root, proposal=name)
    machine.emit("candidate.added", {"candidate": encode(version.candidate), "proposal": name})
    version = await build(machine, version)
    if version.product.failure is not None or version.id in state.quarantined:
        for one in waiting:
            conclude(machine, one, unbuildable(machine, version))
        return
    state.composer.add(name, step.edits)
    state.entrants[name] = Entrant(waiting=waiting[-1], candidate=version, along=tuple(waiting[:-1]))


async def _toggling(machine: Machine, until: int) -> None:
    """Round after round, until the ablation's money or the cases are used up, every step is known well, or the root is undone."""
    state, judge, root = machine.state, machine.config.judge, machine.state.incumbent
    while state.entrants and machine.purse.spent <= until and not _is_known(machine):
        played = await play_arms(machine, machine.race.draw_round())
        await find_the_guilty(machine, played)
        machine.seasons.release(played.first, judge.block)
        if state.incumbent.id != root.id:
            for entrant in list(state.entrants.values()):
                withdraw(machine, entrant, f"{QUARANTINED}: the version on which it was ablated was undone")
            return
        sweep(machine)
        if played.rows is None or not played.rows[0]:
            return
        count_wins(machine, played.drawn, played.rows)
        machine.race.observe_round(played.drawn, played.rows)


def _is_known(machine: Machine) -> bool:
    """Whether each step is certified or hopeless."""
    certified = _certified(machine)
    return all(standing.edit in certified or standing.belief.p_better < HOPELESS for standing in ablated(machine.race))


def _certified(machine: Machine) -> set[str]:
    return {standing.edit for standing in e_bh(machine.race, machine.config.judge.alpha)}


async def _harvest(machine: Machine, tree: Tree) -> None:
    """Write down what the ablation found; what is certified joins the incumbent, step by step, in the order of the lineage."""
    state = machine.state
    standings = {standing.edit: standing for standing in ablated(machine.race)}
    kept = _certified(machine)
    if not state.entrants:
        return
    steps: list[Json] = [_told(one, standings[name], name in kept) for name, one in state.entrants.items()]
    machine.emit("lineage.ablated", {"root": tree.root.id, "steps": steps})
    for name, entrant in [(name, one) for name, one in state.entrants.items() if name not in kept]:
        _leave(machine, entrant, standings[name])
    for name, entrant in list(state.entrants.items()):
        if name in state.entrants and state.entrants[name] is entrant:
            del state.entrants[name]
            await crown(machine, entrant, standings[name])


def _told(entrant: Entrant, standing: Standing, is_kept: bool) -> Json:
    return {
        "proposals": [waiting.proposal.id for waiting in (*entrant.along, entrant.waiting)],
        "pairs": entrant.pairs,
        "p_better": standing.belief.p_better,
        "e_value": math.exp(min(standing.log_e, 690.0)),
        "kept": is_kept,
        "certified": is_kept,
    }


def _leave(machine: Machine, entrant: Entrant, standing: Standing) -> None:
    """A step that is not shown to carry the gain is left out; one that was never run stays undecided."""
    name = entrant.waiting.proposal.id
    del machine.state.entrants[name]
    machine.state.composer.drop(name)
    seen = f"evidence {math.exp(min(standing.log_e, 690.0)):.3g}, better with probability {standing.belief.p_better:.2f}"
    reason = f"ablated: not shown to carry the gain ({seen})" if entrant.pairs else "budget"
    conclude_test(machine, entrant, (rejected if entrant.pairs else undecided)(entrant, standing, reason), standing)
