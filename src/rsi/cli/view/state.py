"""What of a run moves while one watches: its progress, the tests that are open with their evidence so far, practice by batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rsi.analytics import Attempt, Progress, Tracker
from rsi.core.protocols import Entry
from rsi.core.records import Effect, Json, ProposalId
from rsi.kernel.judge import PairedEProcess, effect_of

__all__ = ["OpenTest", "Practice", "RunState"]


@dataclass(slots=True, kw_only=True)
class OpenTest:
    """A change that is being judged: pairs so far, and the judge's own numbers over them."""

    proposal: ProposalId
    candidate: str
    incumbent: str
    threshold: float
    process: PairedEProcess = field(default_factory=PairedEProcess)
    seen: set[str] = field(default_factory=set)

    @property
    def effect(self) -> Effect:
        """The effect so far."""
        return effect_of(self.process.counts)

    def pair(self, ours: Mapping[str, float], theirs: Mapping[str, float], cases: Mapping[str, float]) -> None:
        """Bet on those of these cases that both versions have now been run on."""
        for case in cases:
            if case not in self.seen and case in ours and case in theirs:
                self.seen.add(case)
                self.process.add(ours[case] - theirs[case])


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
    """

    def __init__(self) -> None:
        """Nothing is known before the first entry."""
        self.tests: dict[str, OpenTest] = {}
        self.practice: list[Practice] = []
        self._tracker = Tracker()
        self._scores: dict[str, dict[str, float]] = {}
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
        elif entry.kind == "test.opened":
            self._opened(body)
        elif entry.kind == "trials.done" and body.get("purpose") == "judge":
            self._tried(body)
        elif entry.kind == "verdict.given" and isinstance(verdict := body.get("verdict"), dict):
            self.tests.pop(str(verdict.get("candidate")), None)

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
        candidate, rows = str(body.get("candidate")), body.get("trials")
        new = {str(row.get("case")): _score(row) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else {}
        self._scores.setdefault(candidate, {}).update(new)
        for test in self.tests.values():
            if candidate in (test.candidate, test.incumbent):
                test.pair(self._scores.get(test.candidate, {}), self._scores.get(test.incumbent, {}), new)


def _score(row: Mapping[str, Json]) -> float:
    score = row.get("score")
    return min(1.0, max(0.0, float(score))) if isinstance(score, int | float) else 0.0
