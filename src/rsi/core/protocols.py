"""The seams of rsi: what each part needs of the next. Every protocol has a conformance suite in `rsi.testing`.

`Jail` runs code that is not trusted, `Archive` keeps candidates, `EventLog` keeps what happened, `Suite` has the cases and their
scores, `Episodes` how those cases are played in which a program is improved (`Rehearsal`: what it may be tried on first), `ChangeJudge`
decides over one candidate against one incumbent, `Gateway` leads to language models, `Pool` (see `rsi.schedule`) runs jobs. A case is
played in one of three ways: a candidate answers it with a program (a suite says no more), it improves a program (`Episodes`), or it is
itself the program (`Execution`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rsi.core.records import CandidateId, Case, CaseId, Clock, Effect, Json, Outcome, Pool, TreeId, Verdict

__all__ = [
    "Archive",
    "Call",
    "ChangeJudge",
    "Entry",
    "Episodes",
    "EventLog",
    "Execution",
    "Files",
    "Gateway",
    "Jail",
    "Limits",
    "Rehearsal",
    "Reply",
    "Score",
    "Serve",
    "Suite",
]

Files = Mapping[str, bytes]
"""A tree of files: POSIX path inside the tree → content."""
Serve = Callable[[Json], Json]
"""Answers a question that jailed code asks while it runs: plain data in, plain data out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one jailed call may use.

    Attributes:
        wall_s: seconds until the whole process tree is killed (a safety net: budgets are counted in programs).
        cpu_s: CPU seconds.
        memory_bytes: address space.
        answer_bytes: size of the answer.
        output_bytes: how much of stdout and of stderr is kept.
        disk_bytes: size of all files together that it adds to its own folder, and of any one of them.
        files: open descriptors.
        entries: files and folders that it adds to its own folder.
        processes: processes and threads that a call may start beside its own; only the agent profile starts any.
        questions: how often it may ask, where somebody answers.
        question_bytes: size of a question.
        reply_bytes: size of all replies to its questions together.
        pause_s: seconds from its start, or from a reply, to its next question or its end; None: only `wall_s` bounds them.
    """

    wall_s: float = 120.0
    cpu_s: float = 120.0
    memory_bytes: int = 2_000_000_000
    answer_bytes: int = 8_000_000
    output_bytes: int = 64_000
    disk_bytes: int = 64_000_000
    files: int = 64
    entries: int = 10_000
    processes: int = 0
    questions: int = 100_000
    question_bytes: int = 1_000_000
    reply_bytes: int = 256_000_000
    pause_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One message to code in a jail: `module.function(payload)` over a fresh copy of `files`.

    Attributes:
        each: the payload is a list, and the function is called with one item after the other, all in one process. The reply's value
            then has one `{"value": …}` or `{"error": text}` for each item. A process that ends half-way has answered nothing.
        collect_bytes: how many bytes of files may come out afterwards; 0 leaves them all behind.
    """

    files: Files
    module: str
    function: str
    payload: Json
    limits: Limits = Limits()
    each: bool = False
    collect_bytes: int = 0

    def __post_init__(self) -> None:
        """Check that there are items where the function is called for each."""
        if self.each and not isinstance(self.payload, list):
            raise TypeError("a call for each item needs a list of items")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came out of a jail: plain data or the reason why there is none. stdout and stderr are never parsed for results.

    Attributes:
        files: the plain files of the call's folder after its last process was gone, where the call asked for them.
    """

    outcome: Outcome
    value: Json
    reason: str
    stdout: str
    stderr: str
    clock: Clock
    files: Files = field(default_factory=dict)


class Jail(Protocol):
    """Runs code that nobody has vetted. One call at a time; a fresh process and an empty folder for each."""

    @property
    def tier(self) -> str:
        """What is enforced, in the words of the tiers (`S3`, `S2`, `S1`, `S0`)."""

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """Run one call. Whatever the code does is an `Outcome`; only our own fault raises.

        With `serve` the function is called as `function(payload, ask)`. `ask(question)` sends plain data, waits, and returns what
        `serve(question)` gave. Questions are read as strictly as results; one that is malformed, too long, one too many, not of this
        call or out of turn is a violation and ends the call. `serve` runs in the caller's thread and must not use this jail; its time
        counts as the call's.

        Raises:
            JailError: the jail itself could not be started or broke.
            RsiError: `serve` raised it; the call was ended first.
        """

    def close(self) -> None:
        """End every process of the jail; calling twice is harmless."""


class Archive(Protocol):
    """All candidates, content-addressed; nothing is ever overwritten."""

    def add(self, files: Files, *, parents: Sequence[CandidateId], message: str) -> CandidateId:
        """Keep a tree as a commit and return its name; the same input gives the same name."""

    def tree(self, candidate: CandidateId) -> TreeId:
        """The tree of a candidate.

        Raises:
            IntegrityError: no such object, or its content does not have its name.
        """

    def files(self, candidate: CandidateId) -> Files:
        """The files of a candidate."""

    def add_blob(self, content: bytes) -> str:
        """Keep some bytes (a message, a build product) and return their name."""

    def blob(self, name: str) -> bytes:
        """The bytes of that name."""

    def names(self) -> Iterator[str]:
        """Names of all objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the event log.

    Attributes:
        seq: 0, 1, 2 …
        kind: the event's name.
        body: what happened; all that decisions may read, and all that the digest covers.
        clock: seconds and time of day; covered by the chain, not by the digest.
        hash: SHA-256 (hex) over the previous entry's hash and this entry.
    """

    seq: int
    kind: str
    body: Json
    clock: Json
    hash: str


class EventLog(Protocol):
    """The only truth of a run: append-only and hash-chained."""

    def append(self, kind: str, body: Json, clock: Json = None) -> Entry:
        """Write one entry so that `kill -9` cannot lose it.

        Raises:
            InfrastructureError: it could not be written (disk full, read-only); nothing was appended.
        """

    def entries(self) -> Iterator[Entry]:
        """All entries so far, oldest first.

        Raises:
            IntegrityError: an entry does not follow from the one before; names the entry.
        """

    def digest(self) -> str:
        """SHA-256 (hex) over kinds and bodies of all entries: equal for equal decisions."""

    def sync(self) -> None:
        """Force what was appended to the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A score in [0, 1] (None: no answer), the scorer's word for it, and what it has to say to who improves (practice cases only)."""

    value: float | None
    label: str
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How a candidate is run on a case where it is itself the program: the question goes in, and what comes back is scored as it is.

    Attributes:
        module: what is called, `module.function(question)` in the candidate's tree.
        function: of that module.
        limits: of one case.
        files: laid over the candidate's tree for the call, so that no edit of it can reach them.
        is_shared: cases of a block run one after the other in one process, as far as none of them ends it; else each in one of its own.
    """

    module: str
    function: str
    limits: Limits
    files: Files = field(default_factory=dict)
    is_shared: bool = True


class Rehearsal(Protocol):
    """The practice instances of one improvement problem, in the kernel, which scores what programs do on them."""

    @property
    def question(self) -> Json:
        """All that an improver is told."""

    @property
    def instances(self) -> Sequence[Json]:
        """What its candidates are run on."""

    @property
    def ground(self) -> Json:
        """The problem, as the evaluator is told at first."""

    def told(self, index: int) -> Json:
        """An instance, as the evaluator is told when it first needs it."""

    def scores(self, indices: Sequence[int], transcripts: Json) -> Sequence[float | None]:
        """The score in [0, 1] of each transcript of a program on some instances; None where it is no valid answer."""


class Episodes(Protocol):
    """How a suite of improvement problems is played: the target improves a program, and what it hands in is scored on hidden instances.

    The evaluator is the suite's own code, runs programs in a jail, and has two functions. `serve([ground…], ask)` is told the grounds of
    some rehearsals and takes jobs on them one by one, `{"ground": number, "sources": [text…], "instances": [number…]}` →
    `[[transcript…]…]`, a row for each program; instances that it was not told yet it asks for with `{"need": {"ground": number,
    "instances": [number…]}}` (see `rsi.kernel.evaluate.Evaluator`). `run({"jobs": […]})` takes hidden jobs all at once and gives
    `{"transcripts": [[…]…]}`.
    """

    def evaluator(self) -> tuple[Files, str]:
        """The evaluator's tree, and its module."""

    def rehearsal(self, case: Case) -> Rehearsal:
        """The practice instances of a case."""

    def practice_rehearsals(self, index: int, count: int) -> Sequence[Rehearsal]:
        """Those of practice batch number `index`, problem by problem."""

    def hidden_job(self, case: Case, source: str) -> Json:
        """A final program on the hidden instances of a case, as the evaluator takes it."""


class Suite(Protocol):
    """Cases from disjoint secret seeds, and their scoring. Lives in the kernel's process; never enters a jail."""

    def episodes(self, pool: Pool) -> Episodes | None:
        """How cases of a pool are played; None where no program is improved in them."""

    def execution(self, pool: Pool) -> Execution | None:
        """How a candidate is run on cases of a pool; None where it is not itself the program."""

    @property
    def name(self) -> str:
        """Name, as in configuration."""

    @property
    def required_tier(self) -> str:
        """The weakest jail that keeps its hidden cases hidden, in the words of the tiers."""

    def size(self, pool: Pool) -> int | None:
        """How many different cases a pool has; None where a generator makes as many as are asked for."""

    def cases(self, pool: Pool, start: int, count: int) -> Sequence[Case]:
        """Cases number `start` … `start + count − 1` of a pool; the same arguments always give the same cases.

        Practice cases carry their probes and answers in the question, where they are answered with programs; those of the other pools
        never do.
        """

    def practice_batch(self, index: int, count: int) -> Json:
        """Batch number `index` of `count` practice tasks that share their inputs, as a message for the agent."""

    def score(self, case: Case, answer: Json, outputs: Json) -> Score:
        """Score an answer by what it gave on the case's probes (None where it could not be run).

        Where the candidate is itself the program, what it gave is both.
        """


class ChangeJudge(Protocol):
    """Decides over one candidate against one incumbent from paired scores, at any time (see design notes on judging)."""

    def observe(self, case: CaseId, candidate_score: float, incumbent_score: float) -> None:
        """Add one pair of scores in [0, 1]; each case counts once."""

    def verdict(self) -> Verdict | None:
        """Accepted or Rejected as soon as the evidence allows it, else None."""

    def undecided(self, reason: str) -> Verdict:
        """The verdict of a test that ends for another reason than its evidence."""

    @property
    def effect(self) -> Effect:
        """The effect as seen so far, with an anytime-valid interval."""


class Gateway(Protocol):
    """The only road to language models. Called from several worker threads at once; it alone knows keys and addresses."""

    def chat(self, body: Json, *, purpose: str) -> Json:
        """Answer one chat-completions request in the plain OpenAI shape.

        Whatever goes wrong at the provider, in the request or for want of money is data, never an exception.

        Args:
            body: the request as jailed code made it (`{"messages": [{"role", "content"}…], …}`); of any shape.
            purpose: the job that asks, in one line, for the record.

        Returns:
            `{"chat": response}` or `{"error": {"type", "message"}}` with the type `budget`, `auth`, `rate`, `timeout`, `network`,
            `bad_request` or `no_model`. In both there may be `"called"`: plain data without texts and secrets about the call or calls
            that were made (model, tokens, dollars, names of the recorded request and response). It is kept from whoever asked and logged
            as the body of `model.called`, so that nothing in it may differ when the same run is replayed from its record.
        """

    def kept(self, body: Json, *, purpose: str, make: Callable[[], dict[str, Json]]) -> Json:
        """What else a job is told that another time might be told otherwise: from the record, if there is one and it has it; else made now.

        Args:
            body: what it asks, other than every request of a chat.
            purpose: the job.
            make: makes what it is told.
        """

    def begin(self, purpose: str) -> None:
        """A job starts, or starts once more after an interruption: a gateway with a record tells it again what it was told before."""

    @property
    def left(self) -> Json:
        """What may still be spent: `{"calls_left", "tokens_left", "dollars_left"}`, each a number, or null where nothing bounds it.

        What was spent before a run was taken up again counts.
        """

    def close(self) -> None:
        """End every process of the gateway; calling twice is harmless, and `chat` answers with an error from then on."""
