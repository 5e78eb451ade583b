"""The cycle of self-improvement, on one screen: select → diagnose → propose → authorise → apply → evaluate → judge → archive → learn.

Three kinds of activity go on side by side and nothing waits for a generation to end: `improve` lets the best version so far look for
changes to itself; `admitting` lets the proposals into a race; `playing` runs it, round after round, and keeps what is shown to be better.
Where too many changes conflict the run goes on as a tree: `joining`, `exploring`, and at the end the ablation of the best lineage.
What is kept improves from then on, as long as it earns its place: `retesting` takes kept changes out again for trial.
Everything that is not kernel runs in a jail; `rsi.loop.desk` decides when, deterministically.
"""

from rsi.loop.ablate import ablate
from rsi.loop.arrivals import take_in
from rsi.loop.build import build
from rsi.loop.calibrate import calibrate
from rsi.loop.certificate import certify_release
from rsi.loop.chain import Chain, may_begin
from rsi.loop.errand import Errand
from rsi.loop.family import exploring, joining, planting, select
from rsi.loop.machine import Machine
from rsi.loop.race import admitting, playing
from rsi.loop.retest import retest_at_end, retesting
from rsi.loop.state import Reign

__all__ = ["live"]


def live(machine: Machine) -> str:
    """A whole run, from version 0 to the certificate; the reason why it ended."""
    machine.open()
    machine.go_on(prepare(machine))
    machine.go_on(calibrate(machine))
    rounds = 1 + machine.config.run.lanes // 2
    race = [admitting(machine), *(playing(machine) for _ in range(rounds)), retesting(machine)]
    tree = [planting(machine), joining(machine), *(exploring(machine) for _ in range(rounds))]
    machine.go_on(improve(machine), *race, *tree)
    retest_at_end(machine, rounds)
    ablate(machine, rounds)
    machine.go_on(certify_release(machine))
    reason = machine.state.cause.ended or "finished"
    machine.end(reason)
    return reason


async def prepare(machine: Machine) -> None:
    """Build version 0, the first incumbent, and the agents that improve it, if it is not one that improves itself."""
    machine.state.line.append(Reign(version=machine.state.start))
    start = await build(machine, machine.state.start)
    machine.state.start = machine.state.incumbent = start
    machine.state.line[0] = Reign(version=start)
    if start.product.failure is not None and machine.state.cause.ended is None:
        machine.state.cause.ended = f"version 0 does not build: {start.product.failure}"
    for agent in () if machine.state.team is None else machine.state.team.agents.values():
        agent.version = start if agent.is_itself else await build(machine, agent.version)
        if agent.version.product.failure is not None and machine.state.cause.ended is None:
            machine.state.cause.ended = f"the agent {agent.name} does not build: {agent.version.product.failure}"


async def improve(machine: Machine) -> None:
    """Pass after pass: the one selected learns from verdicts, practises, diagnoses itself and proposes changes to itself.

    In a run on a target, an agent does that over the one selected.
    """
    while await may_begin(machine):
        select(machine)
        take_in(machine)
        team = machine.state.team
        chain = Chain(machine) if team is None else Errand(machine, team)
        is_whole = await chain.learn() and await chain.practise() and await chain.diagnose() and await chain.propose()
        chain.close(is_whole=is_whole)
