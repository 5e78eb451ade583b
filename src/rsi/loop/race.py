"""The race of a run: open edits are switched on and off on fresh cases until it is shown who is better; who is goes into the incumbent.

Proposals stream in while the race runs (`admitting`); `playing` draws round after round. When an edit was accepted, the others go on, on
top of it, with the evidence that they have; rounds that were drawn before it count for all that are still open.
"""

from collections.abc import Sequence

from rsi.core.codec import encode
from rsi.core.records import Json, Pool, ProposalId
from rsi.kernel.judge import Closed, Ending, Round, Row, Standing
from rsi.kernel.workspace import Composer, Conflict, Stale
from rsi.loop.build import build
from rsi.loop.course import accepted_since, ends_race, note_meeting
from rsi.loop.credit import charge_round
from rsi.loop.desk import Ticket, Until
from rsi.loop.machine import Machine
from rsi.loop.mixes import Played, play_arms
from rsi.loop.proposals import STALE, admit, leak_in, most_promising, rebased, refuse
from rsi.loop.quarantine import QUARANTINED, sentence
from rsi.loop.state import Entrant, Kept, Reign, Version, Waiting
from rsi.loop.trials import place_block
from rsi.loop.verdicts import REBASED, UNDONE, accepted, conclude, conclude_test, rejected, unbuildable, undecided

__all__ = [
    "EARNS",
    "admitting",
    "allowance",
    "conflicts_of",
    "count_wins",
    "crown",
    "find_the_guilty",
    "is_over",
    "playing",
    "sweep",
    "tell_opening",
    "withdraw",
]

_ALMOST = 0.9
"""A change that is as likely to be better as this lacks evidence, not promise: it may have twice as many pairs."""

EARNS = "still earns its place"
"""The word with which the reason of a removal begins that is not carried out."""


async def admitting(machine: Machine) -> None:
    """Proposal after proposal is authorised, rebased, archived, built and let into the race as soon as it has a free place."""
    state, race = machine.state, machine.race
    while True:
        await Until(lambda: (bool(state.queue) and (race.vacancies > 0 or not race.remaining)) or is_over(machine) or ends_race(state))
        if not state.queue or ends_race(state):
            return
        state.under_way += 1
        waiting = most_promising(state.queue, state.foresight)
        state.queue.remove(waiting)
        while await _goes_on(machine, waiting):
            pass
        state.under_way -= 1


async def playing(machine: Machine) -> None:
    """Round after round, as long as there are open edits or more may come."""
    state = machine.state
    while True:
        await Until(lambda: bool(state.entrants) or is_over(machine) or ends_race(state))
        if not state.entrants or ends_race(state):
            return
        played = await play_arms(machine, machine.race.draw_round())
        _charge_removals(machine, played)
        charge_round(machine, played.drawn.drawn, played.programs)
        await find_the_guilty(machine, played)
        if played.pool is Pool.JUDGE:
            machine.seasons.release(played.first, machine.config.judge.block)
        sweep(machine)
        if played.incumbent.id in state.quarantined:
            continue
        if played.rows is None or not played.rows[0]:
            _close_all(machine, "budget" if played.rows is None else f"the {_suite_of(played)} has no more cases")
        else:
            await _take_in(machine, played.drawn, played.rows)


def is_over(machine: Machine) -> bool:
    """Whether no proposal is on its way and none will be made."""
    state = machine.state
    return state.cause.ended is not None and not state.queue and not state.under_way


async def _goes_on(machine: Machine, waiting: Waiting) -> bool:
    """Take one proposal up; whether the incumbent moved meanwhile and it must be done again."""
    sweep(machine)
    admitted = admit(machine, waiting, machine.state.incumbent)
    if isinstance(admitted, str):
        refuse(machine, waiting, admitted)
        if admitted.startswith(STALE):
            note_meeting(machine, met=accepted_since(machine.state, waiting), conflicting=1)
        return False
    candidate = await build(machine, admitted)
    sweep(machine)
    if candidate.product.failure is not None or candidate.id in machine.state.quarantined:
        conclude(machine, waiting, unbuildable(machine, candidate))
        return False
    if candidate.candidate.parent != machine.state.incumbent.id:
        return True
    if not machine.race.remaining:
        refuse(machine, waiting, "the error budget of the run is used up: no test may be opened any more")
        return False
    _open(machine, waiting, candidate)
    return False


def _open(machine: Machine, waiting: Waiting, candidate: Version) -> None:
    """Let a change in, on the next level of the run's error budget."""
    state, race, name = machine.state, machine.race, waiting.proposal.id
    proposal = rebased(machine, waiting.proposal, state.incumbent)
    assert not isinstance(proposal, str), proposal
    stale = state.composer.add(name, proposal.edits)
    assert not isinstance(stale, Stale), stale
    _make_way(machine, name)
    conflicts = conflicts_of(machine, name)
    race.open(name, conflicts)
    state.entrants[name] = Entrant(waiting=waiting, candidate=candidate)
    tell_opening(machine, name, state.entrants[name], conflicts)
    note_meeting(machine, met=state.open_changes - 1 + accepted_since(state, waiting), conflicting=len(conflicts))


def conflicts_of(machine: Machine, name: ProposalId) -> list[ProposalId]:
    """The open edits with which an edit can never be on together."""
    return sorted({other for pair in machine.state.composer.conflicts() if name in pair for other in pair} - {name})


def _make_way(machine: Machine, name: ProposalId) -> None:
    """Improving goes first: a removal that conflicts with a change that joins ends, since its success would end the test of that."""
    removal = machine.state.removal
    if removal is not None and removal.waiting.proposal.id in conflicts_of(machine, name):
        withdraw(machine, removal, f"put off: {name}, which joins the race, changes the same lines")


def _charge_removals(machine: Machine, played: Played) -> None:
    """A round is paid by the edits that it is about, in equal parts; count the part of the removals."""
    retests, drawn = machine.state.retests, played.drawn.drawn
    removals = sum(ProposalId(name) in retests.removals for name in drawn)
    retests.spent += played.programs * removals // max(1, len(drawn))


def tell_opening(machine: Machine, name: ProposalId, entrant: Entrant, conflicts: Sequence[ProposalId]) -> None:
    """Write down that the test of a change has opened."""
    body: Json = {
        "candidate": entrant.candidate.id,
        "incumbent": machine.state.incumbent.id,
        "proposal": name,
        "threshold": 1 / machine.race.standing(name).level,
        "open": len(machine.state.entrants),
        "conflicts": [*conflicts],
    }
    machine.emit("test.opened", body)


async def _take_in(machine: Machine, drawn: Round, rows: Sequence[Sequence[Row]]) -> None:
    """Learn from a round, and do what follows."""
    count_wins(machine, drawn, rows)
    closed = machine.race.observe_round(drawn, rows)
    left = [(machine.state.entrants.pop(ProposalId(one.edit)), one) for one in closed]
    for entrant, one in left:
        if one.ending is not Ending.ACCEPTED:
            _leave(machine, entrant, one)
    for entrant, one in left:
        if one.ending is Ending.ACCEPTED:
            await crown(machine, entrant, one.standing)
    for entrant in list(machine.state.entrants.values()):
        hopeless = _why_given_up(machine, entrant)
        if hopeless is not None:
            withdraw(machine, entrant, hopeless, is_rejected=True)
        elif entrant.waiting.removes is not None and machine.state.retests.spent > allowance(machine):
            withdraw(machine, entrant, f"budget: testing again may take {machine.config.judge.retest_share:.0%} of it")


def allowance(machine: Machine) -> int:
    """What the success-story check may cost in all, in programs."""
    return int(machine.config.judge.retest_share * machine.config.run.programs)


def _why_given_up(machine: Machine, entrant: Entrant) -> str | None:
    """Why an open edit gets no more trials, if it has had as many as one may have."""
    standing, most = machine.race.standing(entrant.waiting.proposal.id), machine.config.judge.max_pairs
    if standing.harmless is False and entrant.safety_pairs >= most:
        return f"no prospect: {_unsettled(machine, entrant)}"
    if entrant.pairs >= most and entrant.waiting.removes is not None and not standing.is_held_up:
        return f"{EARNS}: not shown within {entrant.pairs} pairs that it can be spared"
    if entrant.pairs >= most * (1 + (standing.belief.p_better >= _ALMOST)) and not standing.is_held_up:
        return f"no prospect: not shown to be better within {entrant.pairs} pairs"
    return None


def _unsettled(machine: Machine, entrant: Entrant) -> str:
    return f"not shown to be harmless on the safety suite {machine.config.safety.suite} within {entrant.safety_pairs} cases"


def _suite_of(played: Played) -> str:
    return "suite" if played.pool is Pool.JUDGE else "safety suite"


def count_wins(machine: Machine, drawn: Round, rows: Sequence[Sequence[Row]]) -> None:
    """How often the arm with an edit won against the one without it; on safety cases, only how often they met."""
    scores = [[score or 0.0 for _, score in row] for row in rows]
    for name in drawn.drawn:
        entrant = machine.state.entrants.get(ProposalId(name))
        if entrant is not None and drawn.safety:
            entrant.safety_pairs += len(scores[0])
        elif entrant is not None:
            with_it, without = (scores[place] for place in drawn.pair_of(name))
            entrant.pairs += len(without)
            entrant.wins += sum(one > two for one, two in zip(with_it, without, strict=True))
            entrant.losses += sum(one < two for one, two in zip(with_it, without, strict=True))
            entrant.squares += sum((one - two) ** 2 for one, two in zip(with_it, without, strict=True))


def _leave(machine: Machine, entrant: Entrant, closed: Closed) -> None:
    machine.state.composer.drop(entrant.waiting.proposal.id)
    if closed.ending is Ending.VETOED:
        reason = f"vetoed: harm shown on the safety suite {machine.config.safety.suite} within {entrant.safety_pairs} cases"
        conclude_test(machine, entrant, rejected(entrant, closed.standing, reason), closed.standing)
    elif closed.ending is Ending.WITHDRAWN:
        conclude_test(machine, entrant, undecided(entrant, closed.standing, f"stale: {closed.reason}"), closed.standing)
    else:
        word = "no prospect" if entrant.waiting.removes is None else EARNS
        conclude_test(machine, entrant, rejected(entrant, closed.standing, f"{word}: {closed.reason}"), closed.standing)


def withdraw(machine: Machine, entrant: Entrant, reason: str, *, is_rejected: bool = False) -> None:
    """Close an open edit for another reason than its evidence; the composer knows already, or is told."""
    state, name = machine.state, entrant.waiting.proposal.id
    del state.entrants[name]
    standing = machine.race.withdraw(name, reason).standing
    if name in state.composer.open:
        state.composer.drop(name)
    conclude_test(machine, entrant, (rejected if is_rejected else undecided)(entrant, standing, reason), standing)


def _close_all(machine: Machine, reason: str) -> None:
    """End every test; of an edit that was shown to be better it is said that only the proof of harmlessness is missing."""
    for entrant in list(machine.state.entrants.values()):
        is_held_up = machine.race.standing(entrant.waiting.proposal.id).is_held_up
        shown = "shown to be better" if entrant.waiting.removes is None else "shown that it can be spared"
        withdraw(machine, entrant, f"{reason}: {shown}, but {_unsettled(machine, entrant)}" if is_held_up else reason)


async def crown(machine: Machine, entrant: Entrant, standing: Standing) -> None:
    """Let an edit that is better join the incumbent, one at a time."""
    state = machine.state
    state.under_way += 1
    await Until(lambda: not state.crowning)
    state.crowning = True
    before = state.incumbent
    version = _on_top(machine, entrant)
    if isinstance(version, Version):
        version = await build(machine, version)
    sweep(machine)
    reason = _why_not(machine, entrant, version, before)
    if isinstance(version, str) or reason is not None:
        if entrant.waiting.proposal.id in state.composer.open:
            state.composer.drop(entrant.waiting.proposal.id)
        conclude_test(machine, entrant, rejected(entrant, standing, str(reason)), standing)
    else:
        _join(machine, entrant, standing, version)
    state.crowning = False
    state.under_way -= 1


def _on_top(machine: Machine, entrant: Entrant) -> Version | str:
    """The incumbent of this moment with the edit, archived; or why there is none."""
    state, name = machine.state, entrant.waiting.proposal.id
    if entrant.candidate.candidate.parent == state.incumbent.id:
        return entrant.candidate
    made = state.composer.compose([name]) if name in state.composer.open else None
    if made is None or isinstance(made, Conflict):
        return "stale: a change that was accepted at the same time leaves nothing of it"
    leak = leak_in(machine, made.files)
    if leak is not None:
        return leak
    version = machine.keep(made.files, parent=state.incumbent, proposal=name)
    state.examined.add(version.candidate.tree)
    machine.emit("candidate.added", {"candidate": encode(version.candidate), "proposal": name})
    return version


def _why_not(machine: Machine, entrant: Entrant, version: Version | str, before: Version) -> str | None:
    """Why an edit that was shown to be better cannot join after all."""
    state = machine.state
    if isinstance(version, str):
        return version
    offence = state.quarantined.get(version.id) or state.quarantined.get(entrant.candidate.id)
    if offence is not None:
        return f"{QUARANTINED}: {offence}"
    if state.incumbent.id != before.id:
        return f"{QUARANTINED}: the incumbent that it was shown to improve was undone"
    return f"does not build: {version.product.failure}" if version.product.failure is not None else None


def _join(machine: Machine, entrant: Entrant, standing: Standing, version: Version) -> None:
    """The edit is in; what does not merge with it, or is contained in it, is closed; products of mixes are forgotten."""
    state, name = machine.state, entrant.waiting.proposal.id
    conclude_test(machine, entrant, accepted(entrant, standing, version.id), standing)
    body: Json = {"candidate": version.id, "before": state.incumbent.id, "proposal": name, "cycle": entrant.waiting.cycle}
    state.incumbent = version
    state.base = version.id
    state.line.append(Reign(version=version, memory=state.mind.memory))
    if entrant.waiting.removes is None:
        state.retests.kept[name] = Kept(waiting=entrant.waiting, seasons=machine.seasons.ended, incumbent=version.id)
    machine.emit("incumbent.changed", body)
    _begin_anew(machine, name)
    left = state.composer.accept(name)
    for other in [one for one in state.entrants if one in left.stale]:
        withdraw(machine, state.entrants[other], f"stale: {left.stale[other].path} was changed by {name}, which was accepted")
    for other in [one for one in state.entrants if one in left.contained]:
        withdraw(machine, state.entrants[other], f"contained: {name}, which was accepted, does all that it does")
    kept = {state.start.key, *(reign.version.key for reign in state.line), *(one.candidate.key for one in state.entrants.values())}
    state.products = {key: product for key, product in state.products.items() if key in kept}


def _begin_anew(machine: Machine, name: ProposalId) -> None:
    """What an open removal takes out may be worth something else on top of a change that was accepted: it is judged on one incumbent."""
    removal = machine.state.removal
    if removal is not None and removal.waiting.removes is not None:
        withdraw(machine, removal, f"put off: {name} was accepted meanwhile")
        machine.state.retests.kept[removal.waiting.removes].seasons = -1


def sweep(machine: Machine) -> None:
    """Close what was quarantined since; after a retreat all tests end, and those of good descent begin anew."""
    state = machine.state
    for entrant in list(state.entrants.values()):
        offence = state.quarantined.get(entrant.candidate.id)
        if offence is None and state.team is not None and entrant.waiting.removes is None:
            whose = state.quarantined.get(entrant.waiting.proposal.improver)
            offence = None if whose is None else f"whoever proposed it was quarantined for: {whose}"
        if offence is not None and state.base == state.incumbent.id:
            withdraw(machine, entrant, f"{QUARANTINED}: {offence}", is_rejected=True)
    if state.base == state.incumbent.id:
        return
    state.base = state.incumbent.id
    state.composer = Composer(state.incumbent.files)
    for entrant in list(state.entrants.values()):
        offence, whose = state.quarantined.get(entrant.candidate.id), state.quarantined.get(entrant.waiting.proposal.improver)
        if offence is not None:
            withdraw(machine, entrant, f"{QUARANTINED}: {offence}", is_rejected=True)
        elif whose is not None:
            withdraw(machine, entrant, f"{QUARANTINED}: whoever proposed it was quarantined for: {whose}")
        else:
            withdraw(machine, entrant, REBASED if entrant.waiting.removes is None else UNDONE)


async def find_the_guilty(machine: Machine, played: Played) -> None:
    """Where a mix broke the rules of its jail: each edit that was on stands alone on the same cases; one that was alone already is guilty.

    A mix of several of which none breaks the rules alone has merely crashed; whichever of them is accepted, the other is then alone.
    """
    state = machine.state
    for arm, on in zip(played.arms, played.drawn.arms, strict=True):
        if not arm.is_mix or arm.id not in state.breaches:
            continue
        call, name = state.breaches.pop(arm.id)
        suspects = [state.entrants[ProposalId(edit)].candidate for edit in sorted(on) if edit in state.entrants]
        if len(on) == 1:
            for suspect in suspects:
                sentence(machine, suspect, call, name)
            continue
        for ticket in [_stand_alone(machine, suspect, played) for suspect in [*suspects, played.incumbent]]:
            await ticket


def _stand_alone(machine: Machine, version: Version, played: Played) -> Ticket:
    judge = machine.config.judge
    return place_block(machine, version, played.pool, played.first, judge.block, programs=judge.programs)
