"""The end of a run: the release against the start on sealed cases, opened once and only if there is something to certify."""

from rsi.core.codec import encode
from rsi.core.records import CaseId, Json, Pool
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
    tickets = [(_place(machine, start, first), _place(machine, release, first)) for first in _firsts(machine)]
    before: Scores = {}
    after: Scores = {}
    for one, other in tickets:
        done_before, done_after = await one, await other
        if done_before is not None and done_after is not None:
            before |= scores_of(done_before)
            after |= scores_of(done_after)
    if before and machine.state.quarantined.keys().isdisjoint((start.id, release.id)):
        _issue(machine, start, release, before, after)


def _firsts(machine: Machine) -> range:
    return range(0, machine.config.certificate.pairs, machine.config.judge.block)


def _place(machine: Machine, version: Version, first: int) -> Ticket:
    wanted = machine.config.certificate
    count = min(machine.config.judge.block, wanted.pairs - first)
    return place_block(machine, version, Pool.SEALED, first, count, programs=wanted.programs)


def _issue(machine: Machine, start: Version, release: Version, before: Scores, after: Scores) -> None:
    certificate = certify(
        start=start.id,
        release=release.id,
        start_scores={case: score for case, (_, score) in before.items()},
        release_scores={case: score for case, (_, score) in after.items()},
        alpha=machine.config.certificate.alpha,
    )
    families: dict[str, Json] = {}
    for family in sorted({family for family, _ in before.values()}):
        cases = [case for case, (named, _) in before.items() if named == family]
        families[family] = {
            "pairs": len(cases),
            "start": sum(before[case][1] for case in cases) / len(cases),
            "release": sum(after[case][1] for case in cases) / len(cases),
        }
    machine.emit("certificate.issued", {"certificate": encode(certificate), "families": families})
