"""What of a run moves while one watches: its progress, the tests that are open with their evidence so far, practice by batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rsi.analytics import Attempt, Progress, Tracker
from rsi.core.protocols import Entry
from rsi.core.records import Effect, Json, ProposalId
from rsi.kernel.judge import PairedEProcess, effect_of

__all__ = ["OpenTest", "Practice", "RunState"]

KEPT_ROUNDS = 64
"""Arms of so many rounds back are kept, since rounds overlap."""


@dataclass(slots=True, kw_only=True)
class OpenTest:
    """A change that is being judged: pairs so far, and a plain paired test's numbers over them (the race may know more)."""

    proposal: ProposalId
    candidate: str
    incumbent: str
    threshold: float
    process: PairedEProcess = field(default_factory=PairedEProcess)

    @property
    def effect(self) -> Effect:
        """The effect so far."""
        return effect_of(self.process.counts)

    def pair(self, one: "Arm", other: "Arm", drawn: frozenset[str]) -> None:
        """Bet on two arms of a round, if they differ by this change (and, where all are switched at once, by all others)."""
        if (self.proposal in one.on) == (self.proposal in other.on) or one.on ^ other.on not in ({self.proposal}, drawn):
            return
        ours, theirs = (one, other) if self.proposal in one.on else (other, one)
        for case in ours.scores.keys() & theirs.scores.keys():
            self.process.add(ours.scores[case] - theirs.scores[case])


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What one version of a round scored: the changes that were on, and the score of each case."""

    on: frozenset[str]
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One batch of practice tasks."""

    solved: int
    tasks: int


class RunState:
    """Follows a run: give it every entry once, in order.

    Attributes:
        tests: open tests by candidate, oldest first.
        practice: batches of practice tasks, oldest first.
        practised: mean score of the last practice that the kernel had with a target.
    """

    def __init__(self) -> None:
        """Nothing is known before the first entry."""
        self.tests: dict[str, OpenTest] = {}
        self.practice: list[Practice] = []
        self.practised: float | None = None
        self._tracker = Tracker()
        self._rounds: dict[int, list[Arm]] = {}
        self._progress: Progress | None = None
        self._begun = False

    def take(self, entry: Entry) -> None:
        """Fold one entry in.

        Raises:
            IntegrityError: a field is missing or has another type than the table of events says.
        """
        self._tracker.add(entry)
        self._begun = self._begun or entry.kind == "run.started"
        self._progress = None
        body = entry.body if isinstance(entry.body, dict) else {}
        if entry.kind == "job.done" and body.get("call") == "practise":
            self._practised(body.get("solved"), body.get("tasks"))
            score = body.get("score")
            self.practised = float(score) if isinstance(score, int | float) else None
        elif entry.kind == "test.opened":
            self._opened(body)
        elif entry.kind == "trials.done" and body.get("purpose") == "judge":
            self._tried(body)
        elif entry.kind == "verdict.given":
            self.tests = {name: test for name, test in self.tests.items() if test.proposal != body.get("proposal")}

    @property
    def progress(self) -> Progress | None:
        """Where the run stands; None before it began."""
        if self._progress is None and self._begun:
            self._progress = self._tracker.progress
        return self._progress

    def attempt(self, proposal: Json) -> Attempt | None:
        """The proposal of that name, if it was made."""
        progress = self.progress
        return progress.attempts.get(ProposalId(proposal)) if progress and isinstance(proposal, str) else None

    def _practised(self, solved: Json, tasks: Json) -> None:
        if isinstance(solved, int) and isinstance(tasks, int) and 0 <= solved <= tasks:
            self.practice.append(Practice(solved=solved, tasks=tasks))

    def _opened(self, body: Mapping[str, Json]) -> None:
        candidate, threshold = str(body.get("candidate")), body.get("threshold")
        self.tests[candidate] = OpenTest(
            proposal=ProposalId(str(body.get("proposal"))),
            candidate=candidate,
            incumbent=str(body.get("incumbent")),
            threshold=float(threshold) if isinstance(threshold, int | float) else 1.0,
        )

    def _tried(self, body: Mapping[str, Json]) -> None:
        played, rows = body.get("race"), body.get("trials")
        number = played.get("round") if isinstance(played, dict) else None
        if not isinstance(played, dict) or not isinstance(rows, list) or not isinstance(number, int):
            return
        scores = {str(row.get("case")): _score(row) for row in rows if isinstance(row, dict)}
        new, drawn = Arm(on=_names(played.get("on")), scores=scores), _names(played.get("drawn"))
        arms = self._rounds.setdefault(number, [])
        for test in self.tests.values():
            for other in arms:
                test.pair(new, other, drawn)
        arms.append(new)
        for old in [known for known in self._rounds if known < number - KEPT_ROUNDS]:
            del self._rounds[old]


def _names(data: Json) -> frozenset[str]:
    return frozenset(name for name in data if isinstance(name, str)) if isinstance(data, list) else frozenset()


def _score(row: Mapping[str, Json]) -> float:
    score = row.get("score")
    return min(1.0, max(0.0, float(score))) if isinstance(score, int | float) else 0.0
