"""The records of rsi, frozen, in the order in which data passes through the loop.

target → limitation → proposal → candidate → case → trial → verdict → cycle → certificate.
Scores are in [0, 1] and higher is better everywhere. Costs are counted in *programs* (candidate programs
tried), never in seconds; seconds appear only as clock fields, which no decision may read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

__all__ = [
    "Accepted",
    "Candidate",
    "CandidateId",
    "Case",
    "CaseId",
    "Certificate",
    "Clock",
    "Cycle",
    "Effect",
    "FileEdit",
    "JailProof",
    "Json",
    "Limitation",
    "Manifest",
    "Outcome",
    "Pool",
    "Prediction",
    "Proposal",
    "ProposalId",
    "Rejected",
    "Surface",
    "Target",
    "TreeId",
    "Trial",
    "Undecided",
    "Verdict",
]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""Plain data: all that may cross a trust border."""

CandidateId = NewType("CandidateId", str)
"""Hex object name of the candidate's git commit (SHA-256)."""
TreeId = NewType("TreeId", str)
"""Hex object name of a git tree: the content of a candidate, wherever it came from."""
ProposalId = NewType("ProposalId", str)
"""Name of a proposal within its run."""
CaseId = NewType("CaseId", str)
"""Name of a case, unique in its run."""


class Surface(StrEnum):
    """Which part of itself a change touches."""

    CODE = "code"
    PROMPT = "prompt"
    PARAMETERS = "parameters"
    TRAINING = "training"
    SEARCH = "search"
    RESOURCES = "resources"


class Pool(StrEnum):
    """Who may see a case: the agent (practice), only the judge, or only a release certificate (sealed).

    Cases for calibration are hidden like those of the judge, but nothing is decided on them except whether a run may begin. Those for
    safety are of another suite: they only veto.
    """

    PRACTICE = "practice"
    CALIBRATION = "calibration"
    JUDGE = "judge"
    SEALED = "sealed"
    SAFETY = "safety"


class Outcome(StrEnum):
    """How one execution ended. Everything but `ANSWERED` scores the floor of the suite."""

    ANSWERED = "answered"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    MALFORMED = "malformed"
    VIOLATION = "violation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a target says of itself (`rsi-agent.toml` in its tree).

    Attributes:
        name: the target's name.
        entry: module of the tree whose functions answer the kernel's messages.
        surfaces: glob patterns of the files that each surface may edit.
        build: whether the entry has a `build` message whose product must exist before a case is run.
        preload: modules worth importing once for all calls, of the standard library or of installed packages (`numpy`, `numpy.linalg`):
            their imports are the warm-up. Of what is installed only these packages can be imported.
        protected: glob patterns of files that no patch may touch, though a surface names them.
        models: whether it asks language models: where a run has some, its calls are served by them, one case at a time.
        blocks: glob patterns of files of which a patch may change only what stands between EVOLVE-BLOCK markers.
    """

    name: str
    entry: str
    surfaces: Mapping[Surface, tuple[str, ...]]
    build: bool = False
    preload: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    models: bool = False
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is improved: a tree of files with a manifest."""

    manifest: Manifest
    tree: TreeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Limitation:
    """A weakness that an agent found in itself, with its evidence."""

    id: str
    kind: str
    text: str
    evidence: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a proposal expects of itself: P(better) and an 80 % interval of its effect on the score.

    Attributes:
        low, high: the effect's quantiles at 10 % and 90 %.
        quartiles: its quantiles at 25 %, 50 % and 75 %; empty where the proposal states no more than an interval.
        helps, hurts: families of cases on which it expects to do better, and worse; empty where it does not say.
    """

    p_better: float
    low: float
    high: float
    quartiles: tuple[float, ...] = ()
    helps: tuple[str, ...] = ()
    hurts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEdit:
    """One file of a patch.

    Attributes:
        path: POSIX path inside the tree.
        before: SHA-256 (hex) of the content the edit starts from, None if the file is new.
        after: the new content, None to delete.
    """

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A patch, its reason, the limitation that it answers and a prediction of its effect."""

    id: ProposalId
    improver: CandidateId
    parent: CandidateId
    surface: Surface
    limitation: str
    reason: str
    edits: tuple[FileEdit, ...]
    prediction: Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A target with a proposal applied; `proposal` is None for version 0."""

    id: CandidateId
    tree: TreeId
    parent: CandidateId | None
    proposal: ProposalId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input to run a target on. Lives in the kernel; only `question` ever enters a jail with a candidate.

    Attributes:
        family: group that diagnosis and reports use (for list functions: the level).
        question: what the candidate sees.
        probes: inputs on which the candidate's answer is run afterwards, in a jail of its own.
        expected: what the answer must give on the probes; never leaves the kernel.
    """

    id: CaseId
    family: str
    pool: Pool
    question: Json
    probes: Json = None
    expected: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Seconds, for people and cost meters only; outside the log digest."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JailProof:
    """What the attack suite showed of the jails of a tier, on the machine that a run is on; outside the log digest.

    Attributes:
        tier: of the jail that was attacked.
        suite: `full` (`rsi doctor --attack`), `quick` (at the start of a run) or `part` (attacks named by a person).
        attacks: how many were tried.
        held: how many of them had no effect.
        got_through: names of those that this tier promises to hold and did not.
        reported: how many got through that it does not promise to hold.
        at: seconds since 1970.
    """

    tier: str
    suite: str
    attacks: int
    held: int
    got_through: tuple[str, ...]
    reported: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One execution of one candidate on one case.

    Attributes:
        score: in [0, 1], higher is better; None where the execution was no answer.
        label: the scorer's word for what happened, e.g. `solved`, `fitted`, `not found`.
        programs: candidate programs tried.
    """

    candidate: CandidateId
    case: CaseId
    family: str
    pool: Pool
    outcome: Outcome
    score: float | None
    label: str
    programs: int

    @property
    def value(self) -> float:
        """The score, with everything that is no answer at the floor (0)."""
        return 0.0 if self.score is None else self.score


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change adds to the score, with a 95 % interval.

    In a run: what the race believes of it, a posterior mean. In a plain paired test: the mean difference, with an anytime-valid interval.

    Attributes:
        pairs: cases on which a version with the change met one without it.
        wins: how many of them the one with it won.
        losses: how many of them it lost.
        squares: sum of the squares of the differences (wins + losses, where a score is 0 or 1); None in logs from before it was kept.
    """

    mean: float
    low: float
    high: float
    pairs: int
    wins: int
    losses: int
    squares: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The change is better: its e-value reached the threshold that was fixed when its test opened.

    At the end of a tree: it is believed to be better (P ≥ ½); `lineage.ablated` says whether that is certified as well.
    """

    candidate: CandidateId
    effect: Effect
    e_value: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The change is not kept: no answer, or no prospect of being shown to be better."""

    candidate: CandidateId
    effect: Effect
    e_value: float
    threshold: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """The budget ended, or the incumbent moved on, before the evidence sufficed."""

    candidate: CandidateId
    effect: Effect
    e_value: float
    threshold: float
    reason: str


Verdict = Accepted | Rejected | Undecided
"""What a judge says of a candidate; close a match over it with `assert_never`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One pass of the loop: who improved whom, and what came of it."""

    index: int
    improver: CandidateId
    limitations: tuple[Limitation, ...]
    proposals: tuple[ProposalId, ...]
    accepted: tuple[CandidateId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A release compared with the start on sealed cases that were never used before.

    `gain` is the mean paired difference in score; `low` and `high` an anytime-valid confidence interval at level 1 − alpha.
    """

    start: CandidateId
    release: CandidateId
    pairs: int
    start_score: float
    release_score: float
    gain: float
    low: float
    high: float
    alpha: float = field(default=0.05)
