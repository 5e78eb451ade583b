"""One candidate against the incumbent: blocks of fresh judge cases, pairs in case order, a verdict as soon as there is one."""

from dataclasses import dataclass, field

from rsi.core.codec import encode
from rsi.core.records import Accepted, CandidateId, Effect, Json, Pool, Rejected, Undecided, Verdict
from rsi.kernel.judge import Futility, PairedJudge
from rsi.kernel.workspace import Stale, apply
from rsi.loop.desk import Ticket, Until
from rsi.loop.machine import Machine
from rsi.loop.orders import Done
from rsi.loop.proposals import news_of
from rsi.loop.quarantine import QUARANTINED
from rsi.loop.state import Reign, Version, Waiting
from rsi.loop.trials import place_block, scores_of

__all__ = ["Baseline", "Contest", "close_contest", "conclude", "is_rebased", "open_contest", "unbuildable"]

REBASED = "rebased: another version became the incumbent, so this change is tried on top of it"
_WORDS = {Accepted: "accepted", Rejected: "rejected", Undecided: "undecided"}


@dataclass(slots=True)
class Baseline:
    """Trials of the incumbent that all tests open against it share; a new incumbent begins with none.

    Attributes:
        blocks: ticket of each block of judge cases, by number.
    """

    incumbent: CandidateId | None = None
    blocks: dict[int, Ticket] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Contest:
    """An open test.

    Attributes:
        block: the next block of judge cases; of the first one nobody knows any result when the test opens.
    """

    waiting: Waiting
    candidate: Version
    incumbent: Version
    judge: PairedJudge
    block: int

    async def next_block(self, machine: Machine, baseline: Baseline) -> Verdict | None:
        """Run one block on both versions and take its pairs in; the verdict, if there is one by then."""
        number = machine.seasons.block_from(self.block, machine.config.judge.block)
        self.block = number + 1
        mine, theirs = self._place(machine, baseline, number)
        await Until(lambda: (mine.is_settled and theirs.is_settled) or self.is_overtaken(machine) or self._is_out(machine))
        if self._is_out(machine):
            return self._quarantined(machine)
        if self.is_overtaken(machine):
            return self.judge.undecided(self._why_overtaken(machine))
        if mine.done is None or theirs.done is None:
            return self.judge.undecided("budget")
        machine.state.frontier = max(machine.state.frontier, self.block)
        return self._observe(mine.done, theirs.done)

    def is_overtaken(self, machine: Machine) -> bool:
        """Whether the incumbent that this test is about has been replaced or quarantined."""
        return machine.state.incumbent.id != self.incumbent.id or self.incumbent.id in machine.state.quarantined

    def _is_out(self, machine: Machine) -> bool:
        return self.candidate.id in machine.state.quarantined

    def _quarantined(self, machine: Machine) -> Rejected:
        """The test ends at once, with the evidence of whole blocks only: this one is at the floor."""
        reason = f"{QUARANTINED}: {machine.state.quarantined[self.candidate.id]}"
        judge = self.judge
        return Rejected(candidate=self.candidate.id, effect=judge.effect, e_value=judge.e_value, threshold=judge.threshold, reason=reason)

    def _why_overtaken(self, machine: Machine) -> str:
        reason = machine.state.quarantined.get(self.waiting.proposal.improver)
        if reason is not None:
            return f"{QUARANTINED}: whoever proposed it was quarantined for: {reason}"
        outcome = apply(machine.state.incumbent.files, self.waiting.proposal.edits)
        return f"stale: {outcome.path} was changed by another change" if isinstance(outcome, Stale) else REBASED

    def _place(self, machine: Machine, baseline: Baseline, number: int) -> tuple[Ticket, Ticket]:
        mine = self._block(machine, self.candidate, number)
        if baseline.incumbent != self.incumbent.id:
            baseline.incumbent = self.incumbent.id
            baseline.blocks.clear()
        if number not in baseline.blocks:
            baseline.blocks[number] = self._block(machine, self.incumbent, number)
        return mine, baseline.blocks[number]

    def _block(self, machine: Machine, version: Version, number: int) -> Ticket:
        judge = machine.config.judge
        return place_block(
            machine,
            version,
            Pool.JUDGE,
            number * judge.block,
            judge.block,
            programs=judge.programs,
            wanted=lambda: not self.is_overtaken(machine),
        )

    def _observe(self, mine: Done, theirs: Done) -> Verdict | None:
        incumbent = scores_of(theirs)
        if not incumbent:
            return self.judge.undecided("the suite has no more cases")
        for case, (_, score) in scores_of(mine).items():
            self.judge.observe(case, score, incumbent[case][1])
            verdict = self.judge.verdict()
            if verdict is not None:
                return verdict
        return None


def open_contest(machine: Machine, waiting: Waiting, candidate: Version) -> Contest | None:
    """Open a test on the next level of the run's error budget; None if that is used up."""
    level = machine.spending.open_test()
    if level is None:
        return None
    futility = Futility(max_pairs=machine.config.judge.max_pairs)
    judge = PairedJudge(candidate=candidate.id, level=level, futility=futility)
    incumbent = machine.state.incumbent
    body: Json = {
        "candidate": candidate.id,
        "incumbent": incumbent.id,
        "proposal": waiting.proposal.id,
        "threshold": judge.threshold,
    }
    machine.emit("test.opened", body)
    return Contest(waiting=waiting, candidate=candidate, incumbent=incumbent, judge=judge, block=machine.state.frontier)


def close_contest(machine: Machine, contest: Contest, verdict: Verdict) -> None:
    """Write the verdict down and, where it accepts, let the candidate be the incumbent."""
    conclude(machine, contest.waiting, verdict)
    if isinstance(verdict, Accepted):
        machine.spending.accepted()
        machine.state.incumbent = contest.candidate
        machine.state.line.append(Reign(version=contest.candidate, memory=machine.state.memory))
        body: Json = {
            "candidate": contest.candidate.id,
            "before": contest.incumbent.id,
            "proposal": contest.waiting.proposal.id,
            "cycle": contest.waiting.cycle,
        }
        machine.emit("incumbent.changed", body)


def conclude(machine: Machine, waiting: Waiting, verdict: Verdict) -> None:
    """Write a verdict down and, unless the proposal goes on as another candidate, let the agent learn of it."""
    body: Json = {
        "verdict": encode(verdict),
        "proposal": waiting.proposal.id,
        "cycle": waiting.cycle,
        "surface": waiting.proposal.surface.value,
    }
    machine.emit("verdict.given", body)
    if not is_rebased(verdict):
        machine.state.news.append(news_of(waiting, _WORDS[type(verdict)]))


def is_rebased(verdict: Verdict) -> bool:
    """Whether the proposal goes on, on top of the new incumbent."""
    return isinstance(verdict, Undecided) and verdict.reason == REBASED


def unbuildable(machine: Machine, candidate: Version) -> Rejected:
    """The verdict over a candidate whose tree does not build: no trial, no evidence, no level spent."""
    nothing = Effect(mean=0.0, low=-1.0, high=1.0, pairs=0, wins=0, losses=0)
    offence = machine.state.quarantined.get(candidate.id)
    reason = f"does not build: {candidate.product.failure}" if offence is None else f"{QUARANTINED}: {offence}"
    threshold = 1 / machine.config.judge.alpha
    return Rejected(candidate=candidate.id, effect=nothing, e_value=1.0, threshold=threshold, reason=reason)
