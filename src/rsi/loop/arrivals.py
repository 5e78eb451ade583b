"""Taking in what somebody from outside handed in: at the start of a pass, into the same queue as everything else that is proposed."""

from rsi.core.codec import decode, encode
from rsi.core.errors import MessageError
from rsi.core.records import CandidateId, Json, Proposal, ProposalId
from rsi.loop.inbox import Arrival
from rsi.loop.machine import Machine
from rsi.loop.proposals import NOTHING_FORETOLD, announce
from rsi.loop.state import Waiting

__all__ = ["take_in"]


def take_in(machine: Machine) -> None:
    """Queue what lies in the inbox; in a replay, what was taken in at this place then."""
    inbox, journal = machine.staff.inbox, machine.journal
    if inbox is None:
        return
    then = journal.upcoming("inbox.read")
    arrivals = inbox.recorded(then) if then is not None else [] if journal.is_replaying else inbox.new(machine.state.inbox)
    if not arrivals:
        return
    items: list[Json] = [{"id": one.id, "by": one.by, "content": machine.blob(dict(one.content))} for one in arrivals]
    machine.emit("inbox.read", {"items": items})
    for arrival in arrivals:
        machine.state.inbox.add(arrival.id)
        _enter(machine, arrival)


def _enter(machine: Machine, arrival: Arrival) -> None:
    state = machine.state
    name, cycle = ProposalId(f"p{state.proposals:04d}"), state.cycles
    state.proposals += 1
    read = _read(machine, arrival, name)
    if isinstance(read, str):
        machine.emit("proposal.malformed", {"proposal": name, "cycle": cycle, "reason": read, "agent": arrival.by})
        return
    waiting = Waiting(proposal=read, cycle=cycle, tag="", by=arrival.by, is_foretold=arrival.content["prediction"] is not None)
    announce(machine, waiting, machine.archive.files(read.parent))
    state.queue.append(waiting)


def _read(machine: Machine, arrival: Arrival, name: ProposalId) -> Proposal | str:
    """The proposal, or what is wrong with it."""
    given, base = arrival.content, CandidateId(str(arrival.content["base"]))
    if base not in machine.candidates:
        return f"it was made for {base[:80]!r}, which is no candidate of this run"
    foretold = encode(NOTHING_FORETOLD) if given["prediction"] is None else given["prediction"]
    fields: dict[str, Json] = {
        "id": name,
        "improver": base,
        "parent": base,
        "surface": given["surface"],
        "limitation": given["limitation"] or "",
        "reason": given["reason"],
        "edits": given["edits"],
        "prediction": foretold,
    }
    try:
        proposal: Proposal = decode(Proposal, fields)
    except MessageError as error:
        return str(error)[:500]
    return proposal
