"""Where a run stands: its versions and their capability, what became of every proposal, costs, failures, the certificate."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rsi.analytics.capability import Capability
from rsi.core.records import Candidate, CandidateId, Certificate, Cycle, Limitation, Proposal, ProposalId, Verdict

__all__ = ["Attempt", "Costs", "Failure", "Fate", "Incumbent", "Progress", "Share"]


class Fate(StrEnum):
    """What has become of a proposal so far."""

    WAITING = "waiting"
    REFUSED = "refused"
    TESTING = "testing"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A proposal and what became of it.

    Attributes:
        limitation: the weakness that it answers, None if the cycle names none of that id.
        patch: blob of the whole proposal.
        reason: why it was refused, rejected or left undecided; empty otherwise.
        programs: spent on trials of its candidate while it was under test.
    """

    proposal: Proposal
    cycle: int
    limitation: Limitation | None
    patch: str
    fate: Fate = Fate.WAITING
    reason: str = ""
    candidate: CandidateId | None = None
    threshold: float | None = None
    verdict: Verdict | None = None
    programs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Incumbent:
    """A version that was the best so far, from some cycle on.

    Attributes:
        number: 0 for the start.
        cycle: the cycle whose proposal it is; None for the start.
        programs: spent by the whole run when it became the incumbent.
        capability: on judge cases first opened after it became the incumbent; None before there are any.
        families: the same by family of cases.
    """

    number: int
    candidate: CandidateId
    proposal: ProposalId | None
    cycle: int | None
    programs: int
    capability: Capability | None
    families: Mapping[str, Capability]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Agent calls that gave no answer, by call, outcome and reason."""

    call: str
    outcome: str
    reason: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Programs and seconds spent.

    Attributes:
        budget: programs that the run may spend; None if its configuration does not say.
        purposes: programs by call, by `judge` and by `certificate`.
        surfaces: programs of judge trials by surface of the change under test, and `incumbent`.
        wall_s: from entry to entry, without the time between a stop and a resume.
        cpu_s: of all jails together.
        sealed: of each version on sealed cases, the processor's seconds per case.
        timed_out: trials of the judge and of the certificate that were ended for their time.
    """

    budget: int | None
    programs: int
    purposes: Mapping[str, int]
    surfaces: Mapping[str, int]
    wall_s: float
    cpu_s: float
    sealed: Mapping[CandidateId, float]
    timed_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Scores of start and release on one family of the certificate's cases."""

    pairs: int
    start: float
    release: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        improves: whether the improver improves too (False in the frozen control).
        incumbents: the start and every version that replaced it, oldest first.
        attempts: all proposals, in the order in which they were made.
        trials: executions of a version on a case, the certificate's included.
        certificate: None as long as no sealed cases were opened.
        shares: the certificate's scores by family.
        ended: why the run ended, None while it goes on.
        resumed: how often the run was taken up again.
    """

    run: str
    seed: int
    agent: str
    tier: str
    improves: bool
    start: Candidate
    cycles: tuple[Cycle, ...]
    incumbents: tuple[Incumbent, ...]
    attempts: Mapping[ProposalId, Attempt]
    trials: int
    costs: Costs
    failures: tuple[Failure, ...]
    certificate: Certificate | None
    shares: Mapping[str, Share]
    ended: str | None
    resumed: int
    entries: int

    @property
    def release(self) -> CandidateId:
        """The version that the certificate is about, or the incumbent as long as there is no certificate."""
        return self.certificate.release if self.certificate else self.incumbents[-1].candidate

    @property
    def accepted(self) -> tuple[Attempt, ...]:
        """Proposals that were kept, in the order in which they became the incumbent."""
        kept = (self.attempts.get(version.proposal) for version in self.incumbents if version.proposal)
        return tuple(attempt for attempt in kept if attempt is not None)
