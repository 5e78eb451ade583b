"""What a run looks like now, folded from the entries of its log; nothing here draws, and nothing here can stop a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from rsi.cli.view.text import clean
from rsi.core.protocols import Entry
from rsi.core.records import Effect, Json
from rsi.kernel.judge import PairedEProcess, effect_of

__all__ = ["Body", "Capability", "Change", "OpenTest", "Practice", "Release", "RunState", "Standing", "changes"]


class Body:
    """Plain data of an entry, read without ever failing: what is missing or of another type is empty or 0."""

    __slots__ = ("_data",)

    def __init__(self, data: Json) -> None:
        self._data: Mapping[str, Json] = data if isinstance(data, dict) else {}

    def text(self, key: str) -> str:
        """Text for people, made harmless."""
        value = self._data.get(key)
        return clean(value, 400) if isinstance(value, str) else ""

    def name(self, key: str) -> str:
        """A name by which records refer to one another; never shown as it is."""
        value = self._data.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> float:
        """A number; 0 if there is none."""
        value = self._data.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0

    def flag(self, key: str) -> bool:
        """Whether the value is true."""
        return self._data.get(key) is True

    def sub(self, key: str) -> "Body":
        """The object inside."""
        return Body(self._data.get(key))

    def items(self, key: str) -> "list[Body]":
        """The objects of a list inside."""
        value = self._data.get(key)
        return [Body(item) for item in value] if isinstance(value, list) else []


class Standing(Enum):
    """How a change stands."""

    TRYING = "trying"
    KEPT = "kept"
    REJECTED = "not kept"
    UNDECIDED = "undecided"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A proposal as a person sees it."""

    proposal: str
    surface: str
    reason: str
    limitation: str = ""
    p_better: float = 0.0
    low: float = 0.0
    high: float = 0.0
    candidate: str = ""
    cycle: int = 0
    standing: Standing = Standing.TRYING
    effect: Effect | None = None
    e_value: float = 0.0
    threshold: float = 0.0
    why: str = ""


@dataclass(slots=True, kw_only=True)
class OpenTest:
    """A change that is being judged: pairs so far and the judge's own numbers over them."""

    change: Change
    candidate: str
    incumbent: str
    threshold: float
    process: PairedEProcess = field(default_factory=PairedEProcess)
    seen: set[str] = field(default_factory=set)

    @property
    def effect(self) -> Effect:
        """The effect so far."""
        return effect_of(self.process.counts)

    def pair(self, ours: Mapping[str, float], theirs: Mapping[str, float], cases: list[str]) -> None:
        """Bet on those of these cases that both versions have now been run on."""
        for case in cases:
            if case not in self.seen and case in ours and case in theirs:
                self.seen.add(case)
                self.process.add(max(-1.0, min(1.0, ours[case] - theirs[case])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One batch of practice tasks."""

    solved: int
    tasks: int


@dataclass(slots=True, kw_only=True)
class Capability:
    """Scores of a version on judge cases drawn while it was the incumbent: never those that led to its acceptance."""

    total: float = 0.0
    cases: int = 0

    @property
    def share(self) -> float:
        """Mean score; 0 without cases."""
        return self.total / self.cases if self.cases else 0.0


@dataclass(slots=True, kw_only=True)
class Release:
    """The version that is the best so far."""

    candidate: str = ""
    version: int = 0
    capability: Capability = field(default_factory=Capability)


@dataclass(slots=True)
class RunState:
    """The state of a run after the entries taken so far."""

    run: str = ""
    agent: str = ""
    seed: int = 0
    tier: str = ""
    frozen: bool = False
    budget: float = 0.0
    programs: float = 0.0
    cycle: int = -1
    cycles: int = 0
    limitations: list[str] = field(default_factory=list)
    changes: dict[str, Change] = field(default_factory=dict)
    tests: dict[str, OpenTest] = field(default_factory=dict)
    kept: list[Change] = field(default_factory=list)
    practice: list[Practice] = field(default_factory=list)
    release: Release = field(default_factory=Release)
    start_share: Capability = field(default_factory=Capability)
    certificate: Body | None = None
    ended: str = ""
    seconds: float = 0.0
    trials: int = 0
    _scores: dict[str, dict[str, float]] = field(default_factory=dict)
    _at: float = 0.0

    def take(self, entry: Entry) -> Change | None:
        """Fold one entry in; returns the change that it is about, if it is about one."""
        self._tick(entry)
        handler = _HANDLERS.get(entry.kind)
        return None if handler is None else handler(self, Body(entry.body))

    @property
    def latest_limitation(self) -> str:
        """The first limitation of the present cycle."""
        return self.limitations[0] if self.limitations else ""

    def _tick(self, entry: Entry) -> None:
        """Time at work: gaps between entries, but not the one before a run was taken up again."""
        at = Body(entry.clock).number("at")
        if at and self._at and entry.kind != "run.resumed":
            self.seconds += max(0.0, at - self._at)
        self._at = at or self._at

    def _started(self, body: Body) -> Change | None:
        settings = body.sub("config").sub("run")
        self.run, self.agent, self.tier = body.text("run"), body.text("agent"), body.text("tier")
        self.seed, self.frozen = int(body.number("seed")), body.flag("frozen")
        self.budget, self.cycles = settings.number("programs"), int(settings.number("cycles"))
        self.release = Release(candidate=body.sub("start").name("id"))
        self.start_share = self.release.capability
        return None

    def _job(self, body: Body) -> Change | None:
        self.programs += body.number("programs")
        if body.name("call") == "practise" and body.number("tasks"):
            self.practice.append(Practice(solved=int(body.number("solved")), tasks=int(body.number("tasks"))))
        return None

    def _cycle(self, body: Body) -> Change | None:
        cycle = body.sub("cycle")
        self.cycle = int(cycle.number("index"))
        self.limitations = [item.text("text") or item.text("kind") for item in cycle.items("limitations")]
        return None

    def _proposed(self, body: Body) -> Change:
        proposal = body.sub("proposal")
        prediction = proposal.sub("prediction")
        return self._keep(
            Change(
                proposal=proposal.name("id"),
                surface=proposal.text("surface"),
                reason=proposal.text("reason"),
                limitation=proposal.text("limitation"),
                p_better=prediction.number("p_better"),
                low=prediction.number("low"),
                high=prediction.number("high"),
                cycle=int(body.number("cycle")),
            )
        )

    def _refused(self, body: Body) -> Change | None:
        known = self.changes.get(body.name("proposal"))
        return known and self._keep(replace(known, standing=Standing.REFUSED, why=body.text("reason")))

    def _opened(self, body: Body) -> Change | None:
        candidate, threshold = body.name("candidate"), body.number("threshold")
        known = self.changes.get(body.name("proposal"))
        if known is None:
            return None
        change = self._keep(replace(known, candidate=candidate, threshold=threshold))
        self.tests[candidate] = OpenTest(change=change, candidate=candidate, incumbent=body.name("incumbent"), threshold=threshold)
        return change

    def _trials(self, body: Body) -> Change | None:
        self.programs += body.number("programs") or sum(row.number("programs") for row in body.items("trials"))
        self.trials += len(body.items("trials"))
        if body.name("purpose") == "certificate":
            return None
        rows = {row.name("case"): row.number("score") for row in body.items("trials")}
        self._measure(body.name("candidate"), rows)
        for test in self.tests.values():
            if body.name("candidate") in (test.candidate, test.incumbent):
                test.pair(self._scores.get(test.candidate, {}), self._scores.get(test.incumbent, {}), list(rows))
        return None

    def _measure(self, candidate: str, rows: Mapping[str, float]) -> None:
        known = self._scores.setdefault(candidate, {})
        if candidate == self.release.candidate:
            new = [score for case, score in rows.items() if case not in known]
            self.release.capability.total += sum(new)
            self.release.capability.cases += len(new)
        known.update(rows)

    def _judged(self, body: Body) -> Change | None:
        verdict = body.sub("verdict")
        self.tests.pop(verdict.name("candidate"), None)
        known = self.changes.get(body.name("proposal"))
        if known is None:
            return None
        change = self._keep(
            replace(
                known,
                standing=_STANDINGS.get(verdict.name("is"), Standing.UNDECIDED),
                effect=_effect(verdict.sub("effect")),
                e_value=verdict.number("e_value"),
                threshold=verdict.number("threshold"),
                why=verdict.text("reason"),
            )
        )
        if change.standing is Standing.KEPT:
            self.kept.append(change)
        return change

    def _promoted(self, body: Body) -> Change | None:
        self.release = Release(candidate=body.name("candidate"), version=self.release.version + 1)
        return self.changes.get(body.name("proposal"))

    def _certified(self, body: Body) -> Change | None:
        self.certificate = body.sub("certificate")
        return None

    def _ended(self, body: Body) -> Change | None:
        self.ended = body.text("reason") or "finished"
        self.programs = body.number("programs") or self.programs
        return None

    def _keep(self, change: Change) -> Change:
        self.changes[change.proposal] = change
        return change


def changes(state: RunState, standing: Standing) -> list[Change]:
    """All changes that stand so, oldest first."""
    return [change for change in state.changes.values() if change.standing is standing]


def _effect(body: Body) -> Effect:
    return Effect(
        mean=body.number("mean"),
        low=body.number("low"),
        high=body.number("high"),
        pairs=int(body.number("pairs")),
        wins=int(body.number("wins")),
        losses=int(body.number("losses")),
    )


_STANDINGS = {"Accepted": Standing.KEPT, "Rejected": Standing.REJECTED}

_HANDLERS: Mapping[str, Callable[[RunState, Body], Change | None]] = {
    "run.started": RunState._started,
    "job.done": RunState._job,
    "cycle.opened": RunState._cycle,
    "proposal.made": RunState._proposed,
    "proposal.refused": RunState._refused,
    "test.opened": RunState._opened,
    "trials.done": RunState._trials,
    "verdict.given": RunState._judged,
    "incumbent.changed": RunState._promoted,
    "certificate.issued": RunState._certified,
    "run.ended": RunState._ended,
}
