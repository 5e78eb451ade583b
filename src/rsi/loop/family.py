"""The tree of a run: versions that need not combine, each improving itself in turn, run side by side and told apart by one posterior.

The root is the incumbent of the moment at which the tree was planted. `joining` makes every proposal a child of the version that made it;
`exploring` runs versions on fresh cases, new ones beside their parent first, else whom joint samples of all abilities name; `select` lets
such a sample say who improves itself next. Nobody is accepted here: that is for the ablation of the best version's lineage.
"""

import math
import random
from collections.abc import Sequence

from rsi.core.records import Json, Pool
from rsi.kernel.judge import Course, Family, FamilySettings, Row
from rsi.loop.build import build
from rsi.loop.course import choose
from rsi.loop.credit import charge_round
from rsi.loop.desk import Until
from rsi.loop.machine import Machine
from rsi.loop.pace import ABREAST, is_grown
from rsi.loop.proposals import admit, most_promising, refuse
from rsi.loop.quarantine import QUARANTINED
from rsi.loop.race import is_over, withdraw
from rsi.loop.state import Member, Mind, Tree, Version, Waiting, run_seed
from rsi.loop.trials import place_block, rows_by_case
from rsi.loop.verdicts import ABLATION_TELLS, REBASED, REPLANTED, conclude, conclude_version, unbuildable

__all__ = ["exploring", "joining", "planting", "select", "tend"]

HOPELESS = 0.05
"""A version without children whose edit is better with a probability below this is given up."""


async def planting(machine: Machine) -> None:
    """Once the run's course is the tree: the race ends, and what was open in it becomes the first children of the incumbent."""
    state = machine.state
    if machine.config.judge.course == "tree" and state.cause.ended is None:
        choose(machine, Course.TREE)
    await Until(lambda: is_over(machine) or (state.course is Course.TREE and not state.under_way))
    if state.course is Course.RACE:
        return
    state.tree = _planted(machine, began=machine.purse.spent, judged=0)
    later = list(state.queue)
    state.queue.clear()
    for entrant in list(state.entrants.values()):
        state.examined.discard(entrant.candidate.candidate.tree)
        withdraw(machine, entrant, REPLANTED if entrant.waiting.removes is None else ABLATION_TELLS)
    state.queue.extend(later)


def _planted(machine: Machine, *, began: int, judged: int) -> Tree:
    root = Member(waiting=None, version=machine.state.incumbent, parent=-1, mind=machine.state.mind)
    rng = random.Random(run_seed(machine.config, "tree", machine.state.orders))
    return Tree(posterior=Family(FamilySettings(), rng), members=[root], began=began, judged=judged)


def select(machine: Machine) -> None:
    """Who improves itself next: in a race always the incumbent, in a tree the version that is worth building on most."""
    tend(machine)
    tree = machine.state.tree
    if tree is not None:
        tree.improver = tree.posterior.next_to_extend()


async def joining(machine: Machine) -> None:
    """Proposal after proposal is authorised, archived, built and joins the tree as a child of the version that made it."""
    state = machine.state
    while True:
        await Until(lambda: (state.tree is not None and bool(state.queue)) or _is_over(machine))
        if not state.queue:
            return
        state.under_way += 1
        waiting = most_promising(state.queue, state.foresight)
        state.queue.remove(waiting)
        await _join(machine, waiting)
        state.under_way -= 1


def _is_over(machine: Machine) -> bool:
    """Whether nothing will join; a tree that was chosen is planted first."""
    state = machine.state
    return is_over(machine) and (state.course is Course.RACE or state.tree is not None)


async def _join(machine: Machine, waiting: Waiting) -> None:
    tend(machine)
    state, tree = machine.state, machine.state.tree
    assert tree is not None
    homes = [number for number, member in enumerate(tree.members) if member.version.id == waiting.proposal.parent]
    parent = homes[0] if homes else 0
    admitted = admit(machine, waiting, tree.members[parent].version)
    if isinstance(admitted, str):
        refuse(machine, waiting, admitted)
        return
    candidate = await build(machine, admitted)
    tend(machine)
    if candidate.product.failure is not None or candidate.id in state.quarantined:
        conclude(machine, waiting, unbuildable(machine, candidate))
    elif state.tree is not tree:
        state.examined.discard(candidate.candidate.tree)
        state.queue.append(waiting)
    else:
        _enter(machine, tree, waiting, candidate, parent)


def _enter(machine: Machine, tree: Tree, waiting: Waiting, candidate: Version, parent: int) -> None:
    mind = tree.members[parent].mind
    number = tree.posterior.add(parent)
    tree.members.append(
        Member(waiting=waiting, version=candidate, parent=parent, mind=Mind(memory=mind.memory, heard=mind.heard)),
    )
    body: Json = {
        "candidate": candidate.id,
        "number": number,
        "parent": tree.members[parent].version.id,
        "proposal": waiting.proposal.id,
    }
    machine.emit("version.joined", body)


async def exploring(machine: Machine) -> None:
    """Round after round in the tree, until what is left of the budget is the ablation's, or the run has nothing more to find out."""
    state = machine.state
    while True:
        await Until(lambda: (state.tree is not None and state.tree.has_children) or _is_over(machine))
        tree = state.tree
        if tree is None or not tree.has_children or is_grown(machine):
            return
        team = _team(tree)
        if _is_over(machine) and all(tree.members[number].trials >= machine.config.judge.max_pairs for number in team):
            return
        await _run(machine, tree, team)


def _team(tree: Tree) -> list[int]:
    """Who is run side by side next: new versions of one parent beside it; else whom samples name, two at least."""
    new = [number for number, member in enumerate(tree.members) if member.is_open and not member.trials and number]
    if new:
        parent = tree.members[new[0]].parent
        return [parent, *(number for number in new if tree.members[number].parent == parent)][: ABREAST + 1]
    team = list(dict.fromkeys(tree.posterior.next_to_run() for _ in range(ABREAST)))
    if len(team) == 1:
        rivals = [number for number, member in enumerate(tree.members) if member.is_open and number not in team]
        team.append(min(rivals, key=lambda number: tree.members[number].trials))
    return team


async def _run(machine: Machine, tree: Tree, team: Sequence[int]) -> None:
    """Run versions on the next block of judge cases, which nothing was run on before, and learn from what they score."""
    state, judge = machine.state, machine.config.judge
    first = state.frontier * judge.block
    state.frontier += 1
    machine.seasons.hold(first, judge.block)

    def is_wanted() -> bool:
        return state.tree is tree and tree.root.id not in state.quarantined

    tickets = []
    for number in team:
        member = tree.members[number]
        member.trials += judge.block
        tickets.append(place_block(machine, member.version, Pool.JUDGE, first, judge.block, programs=judge.programs, wanted=is_wanted))
    done = [await ticket for ticket in tickets]
    machine.seasons.release(first, judge.block)
    tree.judged += sum(one.programs for one in done if one is not None)
    for number, one in zip(team, done, strict=True):
        waiting = tree.members[number].waiting
        if waiting is not None and one is not None:
            charge_round(machine, [waiting.proposal.id], one.programs)
    tend(machine)
    rows = {number: list(rows_by_case(one)) for number, one in zip(team, done, strict=True) if one is not None}
    if len(rows) < len(team) or not all(rows.values()):
        tree.is_spent = True
    elif state.tree is tree:
        _learn(tree, rows)
        _give_up_the_hopeless(machine, tree, team)


def _learn(tree: Tree, rows: dict[int, list[Row]]) -> None:
    columns = zip(*rows.values(), strict=True)
    for column in columns:
        scores = {number: score or 0.0 for number, (_, score) in zip(rows, column, strict=True)}
        tree.posterior.observe_together(column[0][0], scores)
        for number, score in scores.items():
            member = tree.members[number]
            if member.parent in scores:
                member.pairs += 1
                member.wins += score > scores[member.parent]
                member.losses += score < scores[member.parent]
                member.squares += (score - scores[member.parent]) ** 2


def _give_up_the_hopeless(machine: Machine, tree: Tree, team: Sequence[int]) -> None:
    """Give up leaves whose edit is hardly better: they are chosen no more, and their improver learns of it."""
    fewest = min(machine.config.judge.fewest, machine.config.judge.max_pairs)
    extended = {member.parent for member in tree.members} | {tree.improver}
    wanted = {waiting.proposal.parent for waiting in machine.state.queue}
    for number in team:
        member = tree.members[number]
        if not number or not member.is_open or member.trials < fewest or number in extended or member.version.id in wanted:
            continue
        seen = tree.posterior.effect(number)
        chance = 0.5 * math.erfc(-seen.mean / (seen.error * math.sqrt(2)))
        if chance < HOPELESS:
            tree.posterior.retire(number)
            reason = f"no prospect: better than its parent with probability {chance:.3f} after {member.trials} trials"
            conclude_version(machine, member, seen, reason)


def tend(machine: Machine) -> None:
    """Take out what was quarantined since, with all that descends from it; after a retreat, plant anew at the incumbent before."""
    state, tree = machine.state, machine.state.tree
    if tree is None:
        return
    is_uprooted = tree.root.id != state.incumbent.id
    for number, member in enumerate(tree.members[1:], start=1):
        above = state.quarantined.get(tree.members[member.parent].version.id)
        if above is not None and not (is_uprooted and member.parent == 0):
            state.quarantined.setdefault(member.version.id, f"descends from {tree.members[member.parent].version.id[:12]} ({above})")
        offence = state.quarantined.get(member.version.id)
        if member.is_open and offence is not None:
            tree.posterior.retire(number)
            conclude_version(machine, member, tree.posterior.effect(number), f"{QUARANTINED}: {offence}")
    if is_uprooted:
        _replant(machine, tree)


def _replant(machine: Machine, tree: Tree) -> None:
    """The root was undone: children whose proposers are of good repute begin anew, the others end."""
    state = machine.state
    state.tree = _planted(machine, began=tree.began, judged=tree.judged)
    for number, member in enumerate(tree.members[1:], start=1):
        state.quarantined.setdefault(member.version.id, f"descends from {tree.root.id[:12]}, which was undone")
        if not member.is_open or member.waiting is None:
            continue
        seen, whose = tree.posterior.effect(number), state.quarantined.get(member.waiting.proposal.improver)
        reason = REBASED if whose is None else f"{QUARANTINED}: whoever proposed it was quarantined for: {whose}"
        conclude_version(machine, member, seen, reason, is_decided=False)
