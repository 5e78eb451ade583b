"""What follows when a version breaks the rules of its jail: it is out, its change is barred, and what descends from it is undone.

A violation is a deliberate break of the protocol or of the jail, or a secret of the run in a reply; a crash, a missed deadline or a
malformed answer is none. Everything here follows from entries of the log (`job.done`, `trials.done`) and is replayed like the rest.

Covers: the version itself, at once; its change under another name, in another order, at other paths or among others; an incumbent that
offends after it was accepted, in whatever call: the run goes back to the version before it, with the memory of that moment, and refuses
what the offender and its successors proposed.
Does not cover: a change that says the same in other words.
"""

from collections.abc import Sequence

from rsi.core.codec import sha256_hex
from rsi.core.records import FileEdit, Json, Outcome, Proposal
from rsi.kernel.evaluate import violation_name
from rsi.loop.machine import Machine
from rsi.loop.orders import Done
from rsi.loop.state import Version

__all__ = ["QUARANTINED", "barred", "sentence", "sentence_for"]

QUARANTINED = "quarantined"
"""The word with which every reason begins that this module gives."""


def sentence_for(machine: Machine, version: Version, call: str, done: Done) -> None:
    """Sentence a version if what came of its call, or of one of its trials, is a violation; of a mix, note it for the race to find out."""
    name = _violation_in(done)
    if name is not None and version.is_mix:
        machine.state.breaches[version.id] = (call, name)
    elif name is not None:
        sentence(machine, version, call, name)


def sentence(machine: Machine, version: Version, call: str, name: str) -> None:
    """Quarantine a version for the violation `name`; a second one changes nothing."""
    state, proposal = machine.state, version.candidate.proposal
    if version.id in state.quarantined:
        return
    state.quarantined[version.id] = name
    if proposal is not None:
        state.barred.setdefault(state.signatures[proposal], f"the change of {proposal}, which was quarantined for: {name}")
    place = next((number for number, reign in enumerate(state.line) if reign.version.id == version.id), None)
    if place is not None:
        _go_back(machine, place, call, name)


def barred(machine: Machine, proposal: Proposal) -> str | None:
    """Why a proposal may not be tried, or None; remembers what it changes, for the case that it must be barred later."""
    state = machine.state
    name = state.quarantined.get(proposal.improver)
    if name is not None:
        return f"{QUARANTINED}: made by {proposal.improver[:12]}, which was quarantined for: {name}"
    mine = state.signatures[proposal.id] = _signature(proposal.edits)
    return next((f"{QUARANTINED}: {why}" for theirs, why in state.barred.items() if theirs <= mine), None)


def _signature(edits: Sequence[FileEdit]) -> frozenset[str]:
    """What a patch puts into the tree, whatever it calls its files and in whatever order; deletions by path."""
    return frozenset(f"- {edit.path}" if edit.after is None else sha256_hex(edit.after.encode("utf-8", "surrogatepass")) for edit in edits)


def _violation_in(done: Done) -> str | None:
    if done.outcome is Outcome.VIOLATION:
        return violation_name(done.reason)
    rows = done.value if isinstance(done.value, list) else []
    return next((str(row["label"]) for row in rows if isinstance(row, dict) and row.get("outcome") == Outcome.VIOLATION.value), None)


def _go_back(machine: Machine, place: int, call: str, name: str) -> None:
    """Undo the version at this place of the line and all after it; without one before it, the run ends."""
    state = machine.state
    offender, undone = state.line[place], state.line[place:]
    before = state.incumbent.id
    for reign in undone:
        state.quarantined.setdefault(reign.version.id, f"descends from {offender.version.id[:12]}, which was quarantined for: {name}")
    state.mind.memory, state.cause.failures = offender.memory, 0
    if place:
        del state.line[place:]
        state.incumbent = state.line[-1].version
    else:
        state.incumbent = state.start
        state.cause.ended = f"{QUARANTINED}: version 0 itself broke its jail in {call}: {name}"
    body: Json = {
        "candidate": offender.version.id,
        "call": call,
        "name": name,
        "before": before,
        "undone": [reign.version.id for reign in undone],
        "incumbent": state.incumbent.id if place else None,
    }
    machine.emit("lineage.quarantined", body)
