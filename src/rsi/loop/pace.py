"""How a tree shares its money: as much for judging as for improving, and of all judging 35 % for the ablation at the end.

What improving costs is fixed by the configuration; what is judged is not, so the judge sets the pace: the next pass begins when the trials
in the tree have cost as much as the passes since it was planted. That is the pace that the race is run at.
"""

import math

from rsi.loop.machine import Machine

__all__ = ["ABREAST", "ablation_share", "has_caught_up", "is_grown", "needed_for_pass"]

ABREAST = 4
"""So many versions at most are run side by side, besides a parent whom new ones meet."""
ABLATED = 0.35
"""Share of all judging that the ablation gets, as in `rsi bench judge`."""


def has_caught_up(machine: Machine) -> bool:
    """Whether the tree is ready for more versions: all have been run, and judging has cost as much as improving."""
    tree = machine.state.tree
    if tree is None:
        return False
    if not tree.has_children or is_grown(machine):
        return True
    improving = machine.purse.spent - tree.began - tree.judged
    return tree.judged >= improving and all(member.trials for member in tree.members[1:] if member.is_open)


def is_grown(machine: Machine) -> bool:
    """Whether no more trials are run in the tree: what is left is the ablation's, or there are no more cases."""
    tree = machine.state.tree
    if tree is None or tree.is_spent:
        return tree is not None
    judge = machine.config.judge
    return machine.purse.left < ablation_share(tree.judged) + (ABREAST + 1) * judge.block * judge.programs


def needed_for_pass(machine: Machine, cost: int) -> int:
    """What must be left for another pass: its cost, as much judging beside it, and what is the ablation's by then."""
    tree = machine.state.tree
    assert tree is not None
    judge = machine.config.judge
    first = machine.config.propose.count * judge.block * judge.programs
    return cost + max(cost, 2 * first) + ablation_share(tree.judged + max(cost, 2 * first))


def ablation_share(judged: int) -> int:
    """What the ablation may cost if trials in the tree have cost so much."""
    return math.ceil(judged * ABLATED / (1 - ABLATED))
