"""The arms of a round: the incumbent with any of the open edits on, composed in memory, built, and run on the same fresh cases."""

from collections.abc import Iterable
from dataclasses import dataclass

from rsi.core.records import Candidate, CandidateId, Json, Pool, ProposalId, TreeId
from rsi.kernel.judge import Round, Row
from rsi.kernel.workspace import Conflict
from rsi.loop.build import begin_build, build
from rsi.loop.desk import Ticket
from rsi.loop.machine import Machine
from rsi.loop.orders import Done
from rsi.loop.state import Version
from rsi.loop.trials import place_block, rows_by_case

__all__ = ["Played", "mixed", "play_arms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A round that was run.

    Attributes:
        incumbent: what all arms are built on.
        pool: whether its cases are the judge's or those of the safety suite.
        first: number of its first case.
        arms: what was run, the base first.
        rows: what each arm scored; None where the budget ended, or nobody wants it any more.
        programs: what all arms have cost.
    """

    drawn: Round
    incumbent: Version
    pool: Pool
    first: int
    arms: tuple[Version, ...]
    rows: tuple[list[Row], ...] | None
    programs: int


def mixed(machine: Machine, on: Iterable[str]) -> Version:
    """The incumbent with some of the open edits on: an archived version where there is one, else a mix."""
    state = machine.state
    names = sorted(ProposalId(name) for name in on)
    if not names:
        return state.incumbent
    made = state.composer.compose(names)
    assert not isinstance(made, Conflict), f"{names} are never on together: {made}"
    alone = state.entrants[names[0]].candidate if len(names) == 1 else None
    if alone is not None and alone.key == made.key:
        return alone
    candidate = Candidate(id=CandidateId(made.key), tree=TreeId(made.key), parent=state.incumbent.id, proposal=None)
    return Version(candidate=candidate, manifest=state.incumbent.manifest, files=made.files, key=made.key, is_mix=True)


async def play_arms(machine: Machine, drawn: Round) -> Played:
    """Build and run all arms of a round on the next block of judge or safety cases."""
    incumbent = machine.state.incumbent
    pool, first = _next_block(machine, drawn)
    arms = [mixed(machine, on) for on in drawn.arms]
    for arm in arms:
        begin_build(machine, arm)
    arms = [await build(machine, arm) for arm in arms]
    tickets = [_place(machine, drawn, incumbent, arm, on, pool, first) for arm, on in zip(arms, drawn.arms, strict=True)]
    done = [await ticket if ticket else None for ticket in tickets]
    rows = [_rows(machine, pool, first, ticket, one) for ticket, one in zip(tickets, done, strict=True)]
    programs = sum(one.programs for one in done if one is not None)
    whole = [row for row in rows if row is not None]
    every = tuple(whole) if len(whole) == len(rows) else None
    return Played(drawn=drawn, incumbent=incumbent, pool=pool, first=first, arms=tuple(arms), rows=every, programs=programs)


def _next_block(machine: Machine, drawn: Round) -> tuple[Pool, int]:
    """The pool of a round and the number of its first case; nobody else gets the block."""
    state, block = machine.state, machine.config.judge.block
    if drawn.safety:
        state.safety_frontier += block
        return Pool.SAFETY, state.safety_frontier - block
    state.frontier += 1
    first = (state.frontier - 1) * block
    machine.seasons.hold(first, block)
    return Pool.JUDGE, first


def _place(machine: Machine, drawn: Round, incumbent: Version, arm: Version, on: Iterable[str], pool: Pool, first: int) -> Ticket | None:
    """The trials of an arm; None if it does not build."""
    if arm.product.failure is not None:
        return None
    judge, tree = machine.config.judge, machine.state.tree
    played: Json = {"round": drawn.number, "incumbent": incumbent.id, "drawn": [*drawn.drawn], "on": [*sorted(on)]}
    return place_block(
        machine,
        arm,
        pool,
        first,
        judge.block,
        programs=judge.programs,
        wanted=lambda: incumbent.id not in machine.state.quarantined and machine.state.tree is tree,
        played=played,
    )


def _rows(machine: Machine, pool: Pool, first: int, ticket: Ticket | None, done: Done | None) -> list[Row] | None:
    """What an arm scored; one that does not build has crashed on every case."""
    if ticket is not None:
        return None if done is None else list(rows_by_case(done))
    return [(case.id, None) for case in machine.suite.cases(pool, first, machine.config.judge.block)]
