"""What becomes of an edit whose test is over, in the log and in what its improver is told."""

import math

from rsi.core.codec import encode
from rsi.core.records import Accepted, CandidateId, Effect, Json, Rejected, Undecided, Verdict
from rsi.kernel.judge import Estimate, Standing
from rsi.loop.credit import count_concluded
from rsi.loop.history import settle
from rsi.loop.machine import Machine
from rsi.loop.proposals import news_of, patch_of
from rsi.loop.quarantine import QUARANTINED
from rsi.loop.state import Entrant, Member, Version, Waiting

__all__ = [
    "ABLATION_TELLS",
    "REBASED",
    "REPLANTED",
    "UNDONE",
    "accepted",
    "conclude",
    "conclude_test",
    "conclude_version",
    "rejected",
    "unbuildable",
    "undecided",
]

REBASED = "rebased: the incumbent was undone, so this change is tried on top of the one before"
"""The reason of a test that ends because it begins anew."""
REPLANTED = "replanted: changes conflict too often for a race, so this one goes on as a version in a tree"
"""The reason of a test that ends because the run's course changes."""
UNDONE = "undone: the incumbent from which this takes something out was undone"
"""The same of a removal, which does not begin anew."""
ABLATION_TELLS = "ends with the race: in a tree the ablation says which changes earn their place"
"""The reason of a removal's test that ends because the run's course changes."""
_GOES_ON = frozenset({REBASED, REPLANTED})
_WORDS = {Accepted: "accepted", Rejected: "rejected", Undecided: "undecided"}
_SIGMAS = 1.96
_MOST = 690.0


def accepted(entrant: Entrant, standing: Standing, candidate: CandidateId) -> Accepted:
    """The edit is better; `candidate` is the incumbent of this moment with it."""
    e_value, threshold = _evidence(standing)
    return Accepted(candidate=candidate, effect=_effect(entrant, standing), e_value=e_value, threshold=threshold)


def rejected(entrant: Entrant, standing: Standing, reason: str) -> Rejected:
    """The edit is not kept."""
    e_value, threshold = _evidence(standing)
    effect = _effect(entrant, standing)
    return Rejected(candidate=entrant.candidate.id, effect=effect, e_value=e_value, threshold=threshold, reason=reason)


def undecided(entrant: Entrant, standing: Standing, reason: str) -> Undecided:
    """The test of the edit ended for another reason than its evidence."""
    e_value, threshold = _evidence(standing)
    effect = _effect(entrant, standing)
    return Undecided(candidate=entrant.candidate.id, effect=effect, e_value=e_value, threshold=threshold, reason=reason)


def unbuildable(machine: Machine, candidate: Version) -> Rejected:
    """The verdict over a candidate whose tree does not build: no trial, no evidence, no level spent."""
    nothing = Effect(mean=0.0, low=-1.0, high=1.0, pairs=0, wins=0, losses=0)
    offence = machine.state.quarantined.get(candidate.id)
    reason = f"does not build: {candidate.product.failure}" if offence is None else f"{QUARANTINED}: {offence}"
    threshold = 1 / machine.config.judge.alpha
    return Rejected(candidate=candidate.id, effect=nothing, e_value=1.0, threshold=threshold, reason=reason)


def conclude(machine: Machine, waiting: Waiting, verdict: Verdict, standing: Standing | None = None) -> None:
    """Write a verdict down with what is believed of the effect and, unless the proposal is tried anew, let the agent learn of it.

    Of a removal the agent learns only if it is carried out: its own change is `removed`.
    """
    body: Json = {
        "verdict": encode(verdict),
        "proposal": waiting.proposal.id,
        "cycle": waiting.cycle,
        "surface": waiting.proposal.surface.value,
        "belief": None if standing is None else encode(standing.belief),
        **({} if waiting.removes is None else {"removes": waiting.removes}),
    }
    machine.emit("verdict.given", body)
    settle(machine, waiting.proposal.id, _WORDS[type(verdict)], "" if isinstance(verdict, Accepted) else verdict.reason)
    if waiting.removes is not None:
        if isinstance(verdict, Accepted):
            settle(machine, waiting.removes, "removed", "taken out again: it was shown that it can be spared")
            machine.state.news.append(news_of(machine.state.retests.kept[waiting.removes].waiting, "removed"))
        return
    if isinstance(verdict, Undecided):
        machine.state.patches.pop(patch_of(waiting), None)
        machine.state.shapes = {shape: whose for shape, whose in machine.state.shapes.items() if whose != waiting.proposal.id}
    if standing is not None and waiting.is_foretold:
        machine.state.foresight.hear(waiting.proposal.prediction, verdict, standing.belief)
    if isinstance(verdict, Undecided) and verdict.reason in _GOES_ON:
        machine.state.queue.append(waiting)
    else:
        count_concluded(machine, waiting, verdict.effect.mean, is_kept=isinstance(verdict, Accepted))
        machine.state.news.append(news_of(waiting, _WORDS[type(verdict)]))


def conclude_test(machine: Machine, entrant: Entrant, verdict: Verdict, standing: Standing) -> None:
    """Conclude the test of an open edit, and of those that are switched with it."""
    for waiting in (*entrant.along, entrant.waiting):
        conclude(machine, waiting, verdict, standing)


def conclude_version(machine: Machine, member: Member, seen: Estimate, reason: str, *, is_decided: bool = True) -> None:
    """Conclude what was judged as a version in a tree only: there is no evidence, but a ranking; `seen` is what it says of its edit."""
    assert member.waiting is not None
    member.is_open = False
    effect = Effect(
        mean=seen.mean,
        low=max(-1.0, seen.mean - _SIGMAS * seen.error),
        high=min(1.0, seen.mean + _SIGMAS * seen.error),
        pairs=member.pairs,
        wins=member.wins,
        losses=member.losses,
        squares=member.squares,
    )
    kind = Rejected if is_decided else Undecided
    threshold = 1 / machine.config.judge.alpha
    conclude(machine, member.waiting, kind(candidate=member.version.id, effect=effect, e_value=1.0, threshold=threshold, reason=reason))


def _effect(entrant: Entrant, standing: Standing) -> Effect:
    """What may be claimed: the belief in the edit, not the estimate that led to its acceptance."""
    belief = standing.belief
    return Effect(
        mean=belief.mean,
        low=max(-1.0, belief.mean - _SIGMAS * belief.spread),
        high=min(1.0, belief.mean + _SIGMAS * belief.spread),
        pairs=entrant.pairs,
        wins=entrant.wins,
        losses=entrant.losses,
        squares=entrant.squares,
    )


def _evidence(standing: Standing) -> tuple[float, float]:
    return math.exp(min(standing.log_e, _MOST)), 1 / standing.level
