"""What was tried in a run, as improvers are told of it: each change, what became of it, and why, without a word on hidden cases.

Covers: reasons that carry numbers of hidden cases (they are told without them), changes of any size (diffs are cut).
Does not cover: what an agent concludes from many verdicts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rsi.core.protocols import Files
from rsi.core.records import Json, Proposal, ProposalId
from rsi.kernel.workspace import unified
from rsi.loop.machine import Machine
from rsi.loop.state import Tried, Waiting
from rsi.loop.telling import plain

__all__ = ["history_of", "remember", "settle"]

MOST = 40
"""So many changes at most are told of, the latest ones."""
MOST_DIFF = 4_000
_MOST_WHY = 500
_HIDDEN = {
    "no prospect": "no prospect of being shown to be better on hidden cases",
    "vetoed": "vetoed: harm was shown on the safety suite",
}
"""What is told where a reason begins so, since the rest of it may hold numbers of hidden cases."""
_KEPT = "shown to be better on hidden cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One change, as it stood when a message was placed."""

    tried: Tried
    by: str
    verdict: str
    why: str


def remember(machine: Machine, waiting: Waiting, files: Files) -> None:
    """A proposal was made for a tree of these files."""
    before = {edit.path: files[edit.path] for edit in waiting.proposal.edits if edit.path in files}
    machine.state.tried[waiting.proposal.id] = Tried(waiting=waiting, before=before)


def settle(machine: Machine, proposal: ProposalId, verdict: str, why: str) -> None:
    """One word and a sentence on what became of a proposal; a later one takes their place."""
    tried = machine.state.tried.get(proposal)
    if tried is not None:
        begins = why.partition(":")[0]
        tried.verdict = verdict
        tried.why = _KEPT if verdict == "accepted" else _HIDDEN.get(begins, plain(why, _MOST_WHY))


def history_of(machine: Machine) -> Callable[[], list[Json]]:
    """The latest changes, newest last, as they stand now; the diffs are made when it is called, from any thread."""
    name = machine.state.start.manifest.name
    lines = [
        _Line(
            tried=one,
            by=one.waiting.by or ("rsi" if one.waiting.removes else name),
            verdict=one.verdict,
            why=one.why,
        )
        for one in list(machine.state.tried.values())[-MOST:]
    ]
    return lambda: _told(lines)


def _told(lines: Sequence[_Line]) -> list[Json]:
    return [_line(line, line.tried.waiting.proposal) for line in lines]


def _line(line: _Line, proposal: Proposal) -> Json:
    return {
        "proposal": proposal.id,
        "agent": line.by,
        "surface": proposal.surface.value,
        "reason": plain(proposal.reason),
        "diff": _diff(line.tried),
        "verdict": line.verdict,
        "why": line.why,
    }


def _diff(tried: Tried) -> str:
    """Made once: a change never becomes another one, and is told of in many messages."""
    if tried.diff is None:
        tried.diff = unified(tried.before, tried.waiting.proposal.edits, MOST_DIFF)
    return tried.diff
