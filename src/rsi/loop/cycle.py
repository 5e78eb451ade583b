"""The cycle of self-improvement, on one screen: select → diagnose → propose → authorise → apply → evaluate → judge → archive → learn.

Two kinds of activity go on side by side and nothing waits for a generation to end: `improve` lets the best version so far look for
changes to itself; several `examine` take the proposals up one by one and keep what is shown to be better. What is kept improves from
then on. Everything that is not kernel runs in a jail; `rsi.loop.desk` decides when, deterministically.
"""

from rsi.loop.build import build
from rsi.loop.calibrate import calibrate
from rsi.loop.certificate import certify_release
from rsi.loop.chain import Chain, may_begin
from rsi.loop.contest import Baseline, close_contest, conclude, is_rebased, open_contest, unbuildable
from rsi.loop.desk import Until
from rsi.loop.machine import Machine
from rsi.loop.proposals import admit, refuse
from rsi.loop.state import Reign, Waiting

__all__ = ["live"]


def live(machine: Machine) -> str:
    """A whole run, from version 0 to the certificate; the reason why it ended."""
    machine.open()
    machine.go_on(prepare(machine))
    machine.go_on(calibrate(machine))
    baseline = Baseline()
    machine.go_on(improve(machine), *(examine(machine, baseline) for _ in range(machine.config.judge.open)))
    machine.go_on(certify_release(machine))
    reason = machine.state.cause.ended or "finished"
    machine.end(reason)
    return reason


async def prepare(machine: Machine) -> None:
    """Build version 0, the first incumbent."""
    machine.state.line.append(Reign(version=machine.state.start))
    start = await build(machine, machine.state.start)
    machine.state.start = machine.state.incumbent = start
    machine.state.line[0] = Reign(version=start)
    if start.product.failure is not None and machine.state.cause.ended is None:
        machine.state.cause.ended = f"version 0 does not build: {start.product.failure}"


async def improve(machine: Machine) -> None:
    """Pass after pass: the incumbent (select) learns from verdicts, practises, diagnoses itself and proposes changes to itself."""
    while await may_begin(machine):
        chain = Chain(machine)
        is_whole = await chain.learn() and await chain.practise() and await chain.diagnose()
        if is_whole and not chain.only_gathers:
            is_whole = await chain.propose()
        chain.close(is_whole=is_whole)


async def examine(machine: Machine, baseline: Baseline) -> None:
    """Proposal after proposal; one whose incumbent is replaced meanwhile is tried again on top of the new one."""
    state = machine.state
    while True:
        await Until(lambda: bool(state.queue) or state.cause.ended is not None)
        if not state.queue:
            return
        waiting = state.queue.popleft()
        state.open_tests += 1
        while await goes_on(machine, waiting, baseline):
            pass
        state.open_tests -= 1


async def goes_on(machine: Machine, waiting: Waiting, baseline: Baseline) -> bool:
    """Authorise, apply, archive, build, evaluate and judge one proposal; whether the incumbent moved and it must be done again."""
    admitted = admit(machine, waiting)
    if isinstance(admitted, str):
        refuse(machine, waiting, admitted)
        return False
    candidate = await build(machine, admitted)
    if candidate.product.failure is not None:
        conclude(machine, waiting, unbuildable(machine, candidate))
        return False
    if candidate.candidate.parent != machine.state.incumbent.id:
        return True
    contest = open_contest(machine, waiting, candidate)
    if contest is None:
        refuse(machine, waiting, "the error budget of the run is used up: no test may be opened any more")
        return False
    verdict = None
    while verdict is None:
        verdict = await contest.next_block(machine, baseline)
    close_contest(machine, contest, verdict)
    return is_rebased(verdict)
