"""What the index answers with: the records of a run together with where they stand in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rsi.core.records import Candidate, CandidateId, Certificate, Json, Pool, Proposal, ProposalId, Surface, Verdict

__all__ = ["CandidateView", "CertificateView", "ProposalView", "RunView", "Step", "TrialSummary", "VerdictView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """How a run began and ended: bodies of `run.started` and `run.ended` (None while it goes on), and its best version so far."""

    started: Mapping[str, Json]
    ended: Mapping[str, Json] | None
    incumbent: CandidateId


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """A proposal as logged.

    Attributes:
        proposal: with the SHA-256 of each new content in place of the content.
        cycle: index of its cycle.
        patch: blob of the whole proposal in the archive.
        refused: why oversight refused it, None if it did not.
        seq: number of its entry.
    """

    proposal: Proposal
    cycle: int
    patch: str
    refused: str | None
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """A verdict and the proposal, cycle and surface that it is about; `seq` is the number of its entry."""

    verdict: Verdict
    proposal: ProposalId
    cycle: int
    surface: Surface
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """A candidate and its state: `start`, `open`, `accepted`, `rejected`, `undecided`; `undone` if quarantined after that."""

    candidate: Candidate
    state: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a lineage: the candidate, the proposal that made it (None for the start) and its last verdict."""

    candidate: Candidate
    proposal: ProposalView | None
    verdict: VerdictView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSummary:
    """All trials of a candidate in one pool for one purpose (`judge` or `certificate`).

    Attributes:
        answered: how many ended with an answer.
        score: mean score in [0, 1], higher is better, no answer counted as 0.
        programs: candidate programs tried.
    """

    pool: Pool
    purpose: str
    trials: int
    answered: int
    score: float
    programs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateView:
    """The sealed certificate and its pairs and scores by family, as logged."""

    certificate: Certificate
    families: Mapping[str, Json]
