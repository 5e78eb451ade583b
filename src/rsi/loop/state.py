"""What a run knows at one moment; all of it follows from the log."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from rsi.config import RunConfig
from rsi.core.codec import canonical, sha256_hex
from rsi.core.protocols import Files
from rsi.core.records import Candidate, CandidateId, Json, Manifest, Proposal, ProposalId, TreeId
from rsi.kernel.judge import Course, Credit, Family, TrackRecord
from rsi.kernel.workspace import Composer
from rsi.loop.desk import Ticket

__all__ = [
    "PRODUCT_FILE",
    "Agent",
    "Cause",
    "Entrant",
    "Kept",
    "Member",
    "Mind",
    "Product",
    "Reign",
    "Retests",
    "State",
    "Team",
    "Tree",
    "Tried",
    "Version",
    "Waiting",
    "derive_seed",
    "run_seed",
]

PRODUCT_FILE = "build.json"
"""Where a call finds the product of the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What came of building a tree: the file to add to it (None without a build), or the reason why it does not build."""

    content: bytes | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A candidate that can be run: its own files, and those plus the product of its build.

    Attributes:
        key: names its files; the same for equal trees, archived or not.
        is_mix: whether it is an incumbent with several open edits on, composed for a round of the race and kept in no archive.
    """

    candidate: Candidate
    manifest: Manifest
    files: Files
    key: str
    product: Product = Product()
    is_mix: bool = False

    @property
    def id(self) -> CandidateId:
        """Name of the candidate."""
        return self.candidate.id

    @property
    def runnable(self) -> Mapping[str, bytes]:
        """The files that stand in the jail."""
        if self.product.content is None:
            return self.files
        return {**self.files, PRODUCT_FILE: self.product.content}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A proposal on its way through admission and judgement.

    Attributes:
        cycle: the cycle that made it.
        tag: the agent's own word for it, handed back with the verdict.
        removes: the kept change that it takes out again, if the kernel made it for the success-story check.
        by: who made it, in a run on a target or from outside (`hand:NAME`, `mcp:NAME`); empty where an agent improves itself.
        is_foretold: whether it came with a prediction of its own.
    """

    proposal: Proposal
    cycle: int
    tag: str
    removes: ProposalId | None = None
    by: str = ""
    is_foretold: bool = True


@dataclass(slots=True, kw_only=True)
class Entrant:
    """An open edit.

    Attributes:
        candidate: the incumbent of the moment at which it was opened, with this edit alone; in an ablation, the version that it made.
        along: proposals that are switched on and off with it, since it does not merge without them.
        pairs: cases on which a version with it met one without it.
        wins: how many of them the one with it won.
        losses: how many of them it lost.
        squares: sum of the squares of the differences.
        safety_pairs: cases of the safety suite on which a version with it met one without it.
    """

    waiting: Waiting
    candidate: Version
    along: tuple[Waiting, ...] = ()
    pairs: int = 0
    wins: int = 0
    losses: int = 0
    squares: float = 0.0
    safety_pairs: int = 0


@dataclass(slots=True, kw_only=True)
class Mind:
    """What an improver knows: its own plain data, as its last whole pass left it, and how many of the news it has learned from."""

    memory: Json = None
    heard: int = 0


@dataclass(slots=True, kw_only=True)
class Agent:
    """Who proposes changes to a target that is not itself; stays as it is during the run.

    Attributes:
        version: its tree, built; of one that improves itself, the start.
        is_itself: whether it is the target that is asked, in whatever version is to be improved.
        credit: what its passes have brought and cost.
        failures: passes in a row that gave no answer.
        barren: passes in a row in which it proposed nothing.
    """

    name: str
    version: Version
    is_itself: bool = False
    mind: Mind = field(default_factory=Mind)
    credit: Credit = Credit()
    failures: int = 0
    barren: int = 0


@dataclass(slots=True, kw_only=True)
class Team:
    """The agents of a run on a target.

    Attributes:
        agents: by name, in the order in which they were asked for.
        asked: name of the one whose pass it is.
    """

    agents: dict[str, Agent]
    asked: str

    @property
    def current(self) -> Agent:
        """The one whose pass it is."""
        return self.agents[self.asked]


@dataclass(slots=True, kw_only=True)
class Tried:
    """A proposal as improvers are told of it.

    Attributes:
        before: what the files that it edits held, where they were there.
        verdict: `open` until there is one, then one word.
        why: the kernel's sentence; says nothing of hidden cases and their scores.
        diff: what it changes, as people read it, once somebody was told of it.
    """

    waiting: Waiting
    before: Files
    verdict: str = "open"
    why: str = ""
    diff: str | None = None


@dataclass(slots=True, kw_only=True)
class Member:
    """A version in the tree.

    Attributes:
        waiting: the proposal that made it of its parent; None for the root.
        parent: the parent's number; -1 for the root.
        mind: what it goes on from when it improves itself; at first, what its improver knew after proposing it.
        trials: judge cases that it was, or is being, run on.
        pairs: cases on which it met its parent.
        wins: how many of them it won.
        losses: how many of them it lost.
        squares: sum of the squares of the differences.
        is_open: whether it has no verdict yet.
    """

    waiting: Waiting | None
    version: Version
    parent: int
    mind: Mind
    trials: int = 0
    pairs: int = 0
    wins: int = 0
    losses: int = 0
    squares: float = 0.0
    is_open: bool = True


@dataclass(slots=True, kw_only=True)
class Tree:
    """The versions of a run whose course is the tree, numbered as in their posterior; the root is the incumbent.

    Attributes:
        improver: number of the version that improves itself at present.
        began: programs that had been spent when the first version was planted.
        judged: programs that trials in the tree have cost.
        is_spent: whether no more trials can be had, for want of money or of cases.
    """

    posterior: Family
    members: list[Member]
    improver: int = 0
    began: int = 0
    judged: int = 0
    is_spent: bool = False

    @property
    def root(self) -> Version:
        """What all others descend from."""
        return self.members[0].version

    @property
    def has_children(self) -> bool:
        """Whether there is any version without a verdict besides the root."""
        return any(member.is_open for member in self.members[1:])


@dataclass(slots=True, kw_only=True)
class Cause:
    """Why the making of proposals ended (None: it goes on), and how many chains in a row brought nothing."""

    ended: str | None = None
    failures: int = 0
    barren: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reign:
    """A version in the line of incumbents.

    Attributes:
        memory: the improver's memory as it was when the version became the incumbent.
    """

    version: Version
    memory: Json = None


@dataclass(slots=True, kw_only=True)
class Kept:
    """A change that was accepted in the race.

    Attributes:
        seasons: how many seasons were over when it was last tested; -1: it is to be tested as soon as one is over.
        incumbent: the version on which that was.
        is_built_on: whether later changes stand on it, so that it cannot be taken out.
    """

    waiting: Waiting
    seasons: int
    incumbent: CandidateId
    is_built_on: bool = False


@dataclass(slots=True, kw_only=True)
class Retests:
    """The success-story check of a run.

    Attributes:
        kept: the changes that were accepted, in their order.
        removals: what each removal takes out again, whatever became of it.
        spent: programs that rounds have cost because of removals.
    """

    kept: dict[ProposalId, Kept] = field(default_factory=dict)
    removals: dict[ProposalId, ProposalId] = field(default_factory=dict)
    spent: int = 0


@dataclass(slots=True, kw_only=True)
class State:
    """The mutable heart of a run.

    Attributes:
        mind: what the improver knows; in a tree each version has its own.
        news: all verdicts that improvers may learn from, oldest first.
        course: race or tree.
        meetings: for each change, how many others it met, open or accepted before, and with how many of these it conflicts.
        tree: the versions, once a tree is planted.
        queue: proposals that wait for a free place among the open tests.
        frontier: number of the first block of judge cases that no round has taken; each round takes one.
        safety_frontier: number of the first safety case that nothing has taken.
        entrants: the open edits, by proposal.
        composer: the incumbent's files with any of the open edits on.
        base: the incumbent that the composer holds.
        under_way: proposals that are being admitted, and acceptances that are being carried out.
        crowning: whether an acceptance is being carried out.
        products: what came of building a tree, by its key.
        building: builds that were ordered, by the key of the tree.
        breaches: violations of versions that are mixes, with the call, which nobody has answered for yet.
        examined: trees that were judged or are the incumbent's, refused if proposed again.
        patches: who made each patch that was admitted; not of those whose test was left undecided, which may be made again.
        scanned: so many judge cases the scanner of trees knows the answers of.
        safety_scanned: so many safety cases.
        line: the incumbents from the start to the present one, without those that were quarantined.
        foresight: how what proposals predicted of themselves came out.
        retests: which kept changes were tested again, and what that has cost.
        team: who proposes changes, in a run on a target; None where an agent improves itself.
        tried: every proposal that could be read, in the order in which they were made.
        inbox: what was taken in from outside.
        shapes: who made each program that was let in, in a run on a target; the start's is nobody's.
        quarantined: versions that broke the rules of their jail or descend from such a one, with the reason.
        signatures: what each proposal puts into the tree.
        barred: signatures of which no proposal may hold the whole, with the reason.
    """

    start: Version
    incumbent: Version
    mind: Mind = field(default_factory=Mind)
    news: list[Json] = field(default_factory=list)
    course: Course = Course.RACE
    meetings: list[tuple[int, int]] = field(default_factory=list)
    tree: Tree | None = None
    queue: deque[Waiting] = field(default_factory=deque)
    cause: Cause = field(default_factory=Cause)
    cycles: int = 0
    proposals: int = 0
    batches: int = 0
    orders: int = 0
    frontier: int = 0
    safety_frontier: int = 0
    entrants: dict[ProposalId, Entrant] = field(default_factory=dict)
    composer: Composer
    base: CandidateId
    under_way: int = 0
    crowning: bool = False
    examined: set[TreeId] = field(default_factory=set)
    products: dict[str, Product] = field(default_factory=dict)
    building: dict[str, Ticket] = field(default_factory=dict)
    breaches: dict[CandidateId, tuple[str, str]] = field(default_factory=dict)
    patches: dict[frozenset[tuple[str, str | None, str | None]], ProposalId] = field(default_factory=dict)
    scanned: int = 0
    safety_scanned: int = 0
    line: list[Reign] = field(default_factory=list)
    foresight: TrackRecord = field(default_factory=TrackRecord)
    retests: Retests = field(default_factory=Retests)
    team: Team | None = None
    tried: dict[ProposalId, Tried] = field(default_factory=dict)
    inbox: set[str] = field(default_factory=set)
    shapes: dict[str, ProposalId | None] = field(default_factory=dict)
    quarantined: dict[CandidateId, str] = field(default_factory=dict)
    signatures: dict[ProposalId, frozenset[str]] = field(default_factory=dict)
    barred: dict[frozenset[str], str] = field(default_factory=dict)

    @property
    def removal(self) -> Entrant | None:
        """The removal that is open; there is one at most."""
        return next((entrant for entrant in self.entrants.values() if entrant.waiting.removes is not None), None)

    @property
    def open_changes(self) -> int:
        """How many changes that the agent made are open."""
        return sum(entrant.waiting.removes is None for entrant in self.entrants.values())


def derive_seed(seed: int, *labels: str | int, salt: str = "") -> int:
    """A seed for one purpose from the run's seed and salt: 31 bits of a SHA-256, so that purposes share no randomness.

    Agents are told such seeds. Without a salt, a small run seed can be found from them by trying; with one that nobody can guess, not.
    """
    origin: Json = [seed, salt] if salt else seed
    return int(sha256_hex(canonical([origin, *labels]))[:8], 16) & 0x7FFFFFFF


def run_seed(config: RunConfig, *labels: str | int) -> int:
    """The seed for one purpose in a run of this configuration."""
    return derive_seed(config.run.seed, *labels, salt=config.run.salt)
