"""The end of a run: the release against the start on sealed cases, opened once and only if there is something to certify.

With a safety suite also on cases of that: those behind the last that was used, which nothing was decided on either.
"""

from collections.abc import Iterable

from rsi.core.codec import encode
from rsi.core.records import CaseId, Certificate, Json, Pool
from rsi.kernel.judge import certify
from rsi.loop.desk import Ticket
from rsi.loop.machine import Machine
from rsi.loop.state import Version
from rsi.loop.trials import place_block, scores_of

__all__ = ["certify_release"]

Scores = dict[CaseId, tuple[str, float]]


async def certify_release(machine: Machine) -> None:
    """Run both versions on the sealed cases and write the certificate; nothing if nothing was kept or one of them breaks its jail."""
    start, release = machine.state.start, machine.state.incumbent
    if start.id == release.id:
        return
    machine.purse.release()
    tickets = _place(machine, Pool.SEALED, 0)
    guards = _place(machine, Pool.SAFETY, machine.state.safety_frontier) if machine.config.safety.suite else []
    before, after = await _scores(tickets)
    safety = await _scores(guards)
    if before and machine.state.quarantined.keys().isdisjoint((start.id, release.id)):
        _issue(machine, before, after, safety)


def _place(machine: Machine, pool: Pool, frontier: int) -> list[tuple[Ticket, Ticket]]:
    """Blocks of both versions on as many cases as the certificate asks for, from case number `frontier` of a pool on."""
    wanted, judge = machine.config.certificate, machine.config.judge
    programs = wanted.programs if pool is Pool.SEALED else judge.programs

    def place(version: Version, first: int) -> Ticket:
        return place_block(machine, version, pool, frontier + first, min(judge.block, wanted.pairs - first), programs=programs)

    firsts = range(0, wanted.pairs, judge.block)
    return [(place(machine.state.start, first), place(machine.state.incumbent, first)) for first in firsts]


async def _scores(tickets: Iterable[tuple[Ticket, Ticket]]) -> tuple[Scores, Scores]:
    """What both versions scored on the blocks that both have."""
    before, after = Scores(), Scores()
    for one, other in tickets:
        done_before, done_after = await one, await other
        if done_before is not None and done_after is not None:
            before |= scores_of(done_before)
            after |= scores_of(done_after)
    return before, after


def _certificate(machine: Machine, before: Scores, after: Scores) -> Certificate:
    return certify(
        start=machine.state.start.id,
        release=machine.state.incumbent.id,
        start_scores={case: score for case, (_, score) in before.items()},
        release_scores={case: score for case, (_, score) in after.items()},
        alpha=machine.config.certificate.alpha,
    )


def _issue(machine: Machine, before: Scores, after: Scores, safety: tuple[Scores, Scores]) -> None:
    families: dict[str, Json] = {}
    for family in sorted({family for family, _ in before.values()}):
        cases = [case for case, (named, _) in before.items() if named == family]
        families[family] = {
            "pairs": len(cases),
            "start": sum(before[case][1] for case in cases) / len(cases),
            "release": sum(after[case][1] for case in cases) / len(cases),
        }
    body: dict[str, Json] = {"certificate": encode(_certificate(machine, before, after)), "families": families}
    if safety[0]:
        wanted = machine.config.safety
        body["safety"] = {"suite": wanted.suite, "margin": wanted.margin, "certificate": encode(_certificate(machine, *safety))}
    machine.emit("certificate.issued", body)
