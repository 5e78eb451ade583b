"""From an agent's answer to a candidate: proposals are read, authorised, applied and archived; what is refused says why."""

from collections.abc import Iterable
from dataclasses import replace

from rsi.core.codec import decode, encode, sha256_hex
from rsi.core.errors import MessageError
from rsi.core.protocols import Files
from rsi.core.records import Cycle, FileEdit, Json, Limitation, Pool, Prediction, Proposal, ProposalId
from rsi.kernel.judge import TrackRecord
from rsi.kernel.oversight import authorise
from rsi.kernel.workspace import Conflict, Stale, apply, rebase_patch, shape_of
from rsi.loop.calls import Answer
from rsi.loop.credit import count_concluded
from rsi.loop.history import remember, settle
from rsi.loop.machine import Machine
from rsi.loop.quarantine import barred
from rsi.loop.state import Version, Waiting

__all__ = [
    "NOTHING_FORETOLD",
    "STALE",
    "admit",
    "announce",
    "leak_in",
    "most_promising",
    "news_of",
    "open_cycle",
    "patch_of",
    "rebased",
    "refuse",
]

MAX_TAG = 200
NOTHING_FORETOLD = Prediction(p_better=0.3, low=-0.1, high=0.1)
"""Stands where nobody made a prediction; it is never scored."""
STALE = "stale"
"""The word with which a refusal begins whose patch does not merge with what was accepted since it was made."""
SECRET = "secret in the tree"
"""The name of a tree that holds what only the judge may know."""


def open_cycle(machine: Machine, improver: Version, base: Version, limitations: tuple[Limitation, ...], answer: Answer) -> int:
    """Write a cycle and its proposals down, queue what can be read, and return how many those are.

    Args:
        machine: the run.
        improver: who made the proposals.
        base: the version that they were made for; the improver itself, where an agent improves itself and is not frozen.
        limitations: what was diagnosed.
        answer: to the question what to change.
    """
    items = answer["proposals"]
    assert isinstance(items, list)
    index = machine.state.cycles
    machine.state.cycles += 1
    read = [_read(machine, improver, base, item, index) for item in items[: machine.config.propose.count]]
    good = [one for one in read if isinstance(one, Waiting)]
    ids = tuple(one.proposal.id for one in good)
    cycle = Cycle(index=index, improver=improver.id, limitations=limitations, proposals=ids)
    by = _author(machine)
    machine.emit("cycle.opened", {"cycle": encode(cycle), **({"agent": by} if by else {})})
    for one in read:
        if isinstance(one, Waiting):
            announce(machine, one, base.files)
        else:
            machine.emit("proposal.malformed", {"proposal": one[0], "cycle": index, "reason": one[1]})
    machine.state.queue.extend(good)
    return len(good)


def _author(machine: Machine) -> str:
    """The agent whose pass it is; empty where an agent improves itself."""
    return "" if machine.state.team is None else machine.state.team.asked


def _read(machine: Machine, improver: Version, base: Version, item: Json, cycle: int) -> Waiting | tuple[ProposalId, str]:
    """One proposal of an answer, or its name and what is wrong with its shape."""
    name = ProposalId(f"p{machine.state.proposals:04d}")
    machine.state.proposals += 1
    if not isinstance(item, dict):
        return name, "not an object"
    tag = item.get("tag", "")
    if not isinstance(tag, str) or len(tag) > MAX_TAG:
        return name, f"a tag is a string of at most {MAX_TAG} characters"
    is_foretold = item.get("prediction") is not None
    rest: dict[str, Json] = {key: value for key, value in item.items() if key != "tag"}
    guess: Json = item["prediction"] if is_foretold else encode(NOTHING_FORETOLD)
    try:
        proposal: Proposal = decode(Proposal, {**rest, "prediction": guess, "id": name, "improver": improver.id, "parent": base.id})
    except MessageError as error:
        return name, str(error)[:500]
    return Waiting(proposal=proposal, cycle=cycle, tag=tag, by=_author(machine), is_foretold=is_foretold)


def announce(machine: Machine, waiting: Waiting, files: Files) -> None:
    """Write a proposal down that was made for a tree of these files; its contents are kept beside the log."""
    remember(machine, waiting, files)
    whole = encode(waiting.proposal)
    assert isinstance(whole, dict)
    edits: list[Json] = [_without_content(edit) for edit in waiting.proposal.edits]
    body: Json = {
        "proposal": {**whole, "edits": edits},
        "patch": machine.blob(whole),
        "cycle": waiting.cycle,
        "tag": waiting.tag,
        **({} if waiting.removes is None else {"removes": waiting.removes}),
        **({"agent": waiting.by} if waiting.by else {}),
        **({} if waiting.is_foretold else {"foretold": False}),
    }
    machine.emit("proposal.made", body)


def _without_content(edit: FileEdit) -> Json:
    after = None if edit.after is None else sha256_hex(edit.after.encode("utf-8", "surrogatepass"))
    return {"path": edit.path, "before": edit.before, "after": after}


def admit(machine: Machine, waiting: Waiting, base: Version) -> Version | str:
    """The proposal applied to a version (in a race, the incumbent of this moment) and archived, or why that is refused."""
    proposal = rebased(machine, waiting.proposal, base)
    if isinstance(proposal, str):
        return proposal
    problem = authorise(proposal, base.files, base.manifest) or barred(machine, proposal) or _made_before(machine, waiting)
    if problem is not None:
        return problem
    files = apply(base.files, proposal.edits)
    if isinstance(files, Stale):
        return f"stale: {files.path} is no longer what the patch was made for"
    problem = leak_in(machine, files) or _same_program(machine, files, proposal)
    if problem is not None:
        return problem
    candidate = machine.keep(files, parent=base, proposal=proposal.id)
    if candidate.candidate.tree in machine.state.examined:
        return "duplicate: this very tree was examined before"
    machine.state.examined.add(candidate.candidate.tree)
    machine.emit("candidate.added", {"candidate": encode(candidate.candidate), "proposal": proposal.id})
    return candidate


def _same_program(machine: Machine, files: Files, proposal: Proposal) -> str | None:
    """In a run on a target: which earlier version this tree differs from in nothing that a run of it could tell; remembers it."""
    if machine.state.team is None:
        return None
    first = machine.state.shapes.setdefault(shape_of(files), proposal.id)
    if first == proposal.id:
        return None
    whose = "the version that the run began with" if first is None else f"what {first} made"
    return f"duplicate: this is {whose}; only comments, blanks, line breaks or docstrings differ, if anything"


def _made_before(machine: Machine, waiting: Waiting) -> str | None:
    """Why a patch that was tried before is not tried again, on whatever incumbent; remembers whose it is."""
    first = machine.state.patches.setdefault(patch_of(waiting), waiting.proposal.id)
    return None if first == waiting.proposal.id else f"duplicate: {first} made this very change before"


def patch_of(waiting: Waiting) -> frozenset[tuple[str, str | None, str | None]]:
    """What a proposal changes, as it was made."""
    return frozenset((edit.path, edit.before, edit.after) for edit in waiting.proposal.edits)


def leak_in(machine: Machine, files: Files) -> str | None:
    """What a tree holds that only the judge may know, or None."""
    _learn_secrets(machine)
    leak = machine.scanner.leak(files)
    return None if leak is None else f"{SECRET}: {leak}"


def rebased(machine: Machine, proposal: Proposal, base: Version) -> Proposal | str:
    """The proposal as one for this version, or why what was accepted since does not merge with it."""
    if proposal.parent == base.id:
        return proposal
    edits = rebase_patch(proposal.edits, machine.archive.files(proposal.parent), base.files)
    if isinstance(edits, Stale):
        return proposal
    if isinstance(edits, Conflict):
        return f"{STALE}: {edits.path} was changed by a change that was accepted since ({edits.reason})"
    return replace(proposal, edits=edits) if edits else "nothing left: what was accepted since does the same"


def _learn_secrets(machine: Machine) -> None:
    """Let the scanner know the expected outputs of the sealed cases and of those of judge and safety that blocks have opened since."""
    state, config = machine.state, machine.config
    if not state.scanned:
        machine.scanner.learn(machine.suite.cases(Pool.SEALED, 0, config.certificate.pairs))
    opened = max(1, state.frontier) * config.judge.block
    machine.scanner.learn(machine.suite.cases(Pool.JUDGE, state.scanned, opened - state.scanned))
    state.scanned = opened
    machine.scanner.learn(machine.suite.cases(Pool.SAFETY, state.safety_scanned, state.safety_frontier - state.safety_scanned))
    state.safety_scanned = state.safety_frontier


def most_promising(queue: Iterable[Waiting], foresight: TrackRecord) -> Waiting:
    """Who is let in next: as their predictions say, as far as these have earned a say, and else as they came."""
    return max(queue, key=lambda waiting: foresight.chance(waiting.proposal.prediction))


def refuse(machine: Machine, waiting: Waiting, reason: str) -> None:
    """Write a refusal down and let the agent learn of it, if it made the proposal."""
    machine.emit("proposal.refused", {"proposal": waiting.proposal.id, "reason": reason})
    settle(machine, waiting.proposal.id, "refused", reason)
    count_concluded(machine, waiting, 0.0, is_kept=False)
    if waiting.removes is None:
        machine.state.news.append(news_of(waiting, "refused"))


def news_of(waiting: Waiting, verdict: str) -> Json:
    """All that an agent is told of a verdict: one word, never a score or a case."""
    proposal = waiting.proposal
    return {"proposal": proposal.id, "surface": proposal.surface.value, "verdict": verdict, "tag": waiting.tag}
