"""Where a run stands: its versions and their capability, what became of every proposal, costs, failures, the certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rsi.analytics.calibrated import Calibrated
from rsi.analytics.capability import Capability
from rsi.analytics.ledger import Use
from rsi.analytics.models import ModelUse
from rsi.analytics.safeguard import SafetyCertificate
from rsi.core.records import (
    Candidate,
    CandidateId,
    Certificate,
    Cycle,
    JailProof,
    Json,
    Limitation,
    Prediction,
    Proposal,
    ProposalId,
    Verdict,
)
from rsi.kernel.judge import Belief, Course, Credit, Skill

__all__ = ["Attempt", "Chosen", "Costs", "Failure", "Fate", "Incumbent", "Progress", "Retreat", "Share", "Tried", "retests_of"]


class Fate(StrEnum):
    """What has become of a proposal so far."""

    WAITING = "waiting"
    REFUSED = "refused"
    TESTING = "testing"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A proposal and what became of it.

    Attributes:
        limitation: the weakness that it answers, None if the cycle names none of that id.
        patch: blob of the whole proposal.
        reason: why it was refused, rejected or left undecided; empty otherwise.
        programs: spent on trials of its candidate while it was under test.
        belief: what may be said of its effect once its test is over; never the estimate that decided.
        step: in the ablation of a tree, the proposals that were switched together with it, itself included.
        certified: there, whether its step is certified at the run's false-discovery rate; None where nothing was ablated.
        removes: the kept change that it takes out again, where the kernel made it to test that change once more.
        by: who made it, on a target or from outside; empty where an agent improves itself.
        is_foretold: whether it came with a prediction of its own.
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
    belief: Belief | None = None
    step: tuple[ProposalId, ...] = ()
    certified: bool | None = None
    removes: ProposalId | None = None
    by: str = ""
    is_foretold: bool = True

    @property
    def prediction(self) -> Prediction | None:
        """What it expected of itself; None where it came without a prediction."""
        return self.proposal.prediction if self.is_foretold else None


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
        purposes: programs by call, by `judge`, by `safety` and by `certificate`.
        surfaces: programs of judge trials by surface of the change under test, and `incumbent`.
        wall_s: from entry to entry, without the time between a stop and a resume.
        cpu_s: of all jails together.
        sealed: of each version on sealed cases, the processor's seconds per case.
        timed_out: trials of the judge and of the certificate that were ended for their time.
        standstill_s: how long the judge's own process stood still at the longest; known when the run has ended.
        models: what language models were used.
    """

    budget: int | None
    programs: int
    purposes: Mapping[str, int]
    surfaces: Mapping[str, int]
    wall_s: float
    cpu_s: float
    sealed: Mapping[CandidateId, float]
    timed_out: int
    standstill_s: float = 0.0
    models: ModelUse = ModelUse()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Scores of start and release on one family of the certificate's cases."""

    pairs: int
    start: float
    release: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a version did instead of answering, or what its proposal was refused for as an attack.

    Attributes:
        name: the violation's name, else the outcome's word.
        is_violation: a break of the rules of its jail, a secret of the run, or a change that is quarantined; else only a failure.
        call: on which call: `build`, `solve`, `practise`, `diagnose`, `propose` or `learn`.
        candidate: who did it; None where the proposal never became a candidate.
        proposal: what made that version; None for the start.
        improver: who made that proposal; None for the start.
        times: trials for `solve`, calls for all others.
    """

    name: str
    is_violation: bool
    call: str
    candidate: CandidateId | None
    proposal: ProposalId | None
    improver: CandidateId | None
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retreat:
    """An incumbent was quarantined and all that descends from it undone.

    Attributes:
        incumbent: the version that the run went back to; None if there was none and the run ended.
    """

    candidate: CandidateId
    call: str
    name: str
    incumbent: CandidateId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """How a run goes on, and by what it was chosen.

    Attributes:
        changes: changes that had been let into the race; 0 where the configuration chose.
        pairs: pairs of them that were open together.
        conflicting: how many of these cannot be combined.
        share: conflicting / pairs; None without any.
    """

    course: Course
    changes: int
    pairs: int
    conflicting: int
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        asked: the weakest jail that keeps the suite's hidden cases hidden; empty where the log does not say.
        proof: what the attack suite showed of the jails when the run began; None where nobody attacked them.
        improves: whether the improver improves too (False in the frozen control).
        incumbents: the start and every version that replaced it, oldest first; without those that were quarantined later.
        tried: violations, and builds and trials without an answer.
        retreats: incumbents that were quarantined.
        attempts: all proposals, those included that take a kept change out again, in the order in which they were made.
        predictions: how what proposals predicted of themselves came out; None before the first test has closed.
        trials: executions of a version on a case, the certificate's included.
        certificate: None as long as no sealed cases were opened.
        shares: the certificate's scores by family.
        safety: the same on the safety suite; None as long as there is no certificate, and without such a suite.
        ended: why the run ended, None while it goes on.
        resumed: how often the run was taken up again.
        calibrated: what step 0 found; None before it is over, and in logs from before there was one.
        uses: how much of each hidden pool was used, and how often something left the kernel because of it.
        machine: what the agent was told of its machine; None in logs from before that was told.
        target: in a run on a target what the log says of it; None where an agent improves itself.
        agents: in a run on a target what each agent, and each outsider, has brought and cost.
        course: race or tree as it was chosen; None as long as a race goes on without a choice, or where none was asked for.
    """

    run: str
    seed: int
    agent: str
    tier: str
    asked: str
    proof: JailProof | None
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
    tried: tuple[Tried, ...] = ()
    predictions: Skill | None = None
    retreats: tuple[Retreat, ...] = ()
    calibrated: Calibrated | None = None
    safety: SafetyCertificate | None = None
    uses: Mapping[str, Use] = field(default_factory=dict)
    course: Chosen | None = None
    machine: Json = None
    target: Json = None
    agents: Mapping[str, Credit] = field(default_factory=dict)

    @property
    def release(self) -> CandidateId:
        """The version that the certificate is about, or the incumbent as long as there is no certificate."""
        return self.certificate.release if self.certificate else self.incumbents[-1].candidate

    @property
    def accepted(self) -> tuple[Attempt, ...]:
        """Proposals that were kept and not taken out again, in the order in which they became the incumbent."""
        return tuple(attempt for _, attempt in self.kept)

    @property
    def kept(self) -> tuple[tuple[Incumbent, Attempt], ...]:
        """The same, each with the version that it made."""
        made = ((version, self.attempts.get(version.proposal)) for version in self.incumbents if version.proposal)
        return tuple((version, one) for version, one in made if one is not None and one.removes is None and one.fate is not Fate.REMOVED)

    @property
    def proposed(self) -> tuple[Attempt, ...]:
        """What improvers proposed, in the order in which they did."""
        return tuple(attempt for attempt in self.attempts.values() if attempt.removes is None)

    @property
    def removals(self) -> tuple[Attempt, ...]:
        """What the kernel made to test kept changes again, in the order in which it did."""
        return tuple(attempt for attempt in self.attempts.values() if attempt.removes is not None)


def retests_of(attempts: Mapping[ProposalId, Attempt], proposal: ProposalId) -> tuple[Attempt, ...]:
    """The removals by which a kept change was tested again, oldest first."""
    return tuple(attempt for attempt in attempts.values() if attempt.removes == proposal)
