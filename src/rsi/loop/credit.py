"""What each agent of a run on a target has brought and cost, and who of them is asked next."""

from collections.abc import Sequence
from dataclasses import replace

from rsi.core.records import ProposalId
from rsi.kernel.judge import choose
from rsi.loop.machine import Machine
from rsi.loop.state import Agent, Team, Waiting

__all__ = ["MAX_FAILURES", "ask_next", "at_work", "charge_call", "charge_round", "count_concluded"]

MAX_FAILURES = 3
"""So many passes in a row may fail; then an agent is asked no more."""


def at_work(machine: Machine, team: Team) -> list[Agent]:
    """The agents that may still be asked: they broke no rule of their jail, and neither failed nor proposed nothing too often in a row."""
    gone, patience = machine.state.quarantined, machine.config.propose.patience
    agents = [one for one in team.agents.values() if one.version.id not in gone]
    return [one for one in agents if one.failures < MAX_FAILURES and one.barren < patience]


def ask_next(machine: Machine, team: Team) -> Agent:
    """Choose whose pass comes next, among those that may be asked, by what they gained for what they cost."""
    agents = {one.name: one.credit for one in at_work(machine, team)}
    team.asked = choose(list(agents), agents, machine.luck)
    chosen = team.current
    chosen.credit = replace(chosen.credit, passes=chosen.credit.passes + 1)
    return chosen


def charge_call(agent: Agent, programs: int) -> None:
    """A call to an agent, or practice on its behalf, has cost so much."""
    agent.credit = replace(agent.credit, programs=agent.credit.programs + programs)


def charge_round(machine: Machine, drawn: Sequence[str], programs: int) -> None:
    """A round is paid by those who made the changes that it is about, in equal parts."""
    for name in drawn:
        agent = _whose(machine, machine.state.tried[ProposalId(name)].waiting)
        if agent is not None:
            charge_call(agent, programs // len(drawn))


def count_concluded(machine: Machine, waiting: Waiting, gain: float, *, is_kept: bool) -> None:
    """A change is accepted with so much believed gain, or is not."""
    agent = _whose(machine, waiting)
    if agent is not None and waiting.removes is None:
        told = agent.credit
        agent.credit = replace(
            told, changes=told.changes + 1, kept=told.kept + is_kept, gain=told.gain + (max(0.0, gain) if is_kept else 0.0)
        )


def _whose(machine: Machine, waiting: Waiting) -> Agent | None:
    team = machine.state.team
    return None if team is None else team.agents.get(waiting.by)
