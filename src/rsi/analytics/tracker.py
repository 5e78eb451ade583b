"""From a log's entries alone to where the run stands: `Tracker` takes them one by one (for a live view), `progress_of` all at once."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rsi.analytics.calibrated import Calibrated, calibrated
from rsi.analytics.capability import FreshScores
from rsi.analytics.course import ablated, chosen
from rsi.analytics.ledger import Ledger
from rsi.analytics.meter import Meter
from rsi.analytics.progress import Attempt, Chosen, Costs, Failure, Fate, Incumbent, Progress, Retreat, Share, Tried
from rsi.analytics.reading import beside, number, take
from rsi.analytics.retested import removes, with_removed
from rsi.analytics.safeguard import SafetyCertificate, safety_certificate
from rsi.analytics.team import Crew, author, is_foretold
from rsi.core.errors import IntegrityError
from rsi.core.protocols import Entry
from rsi.core.records import (
    Accepted,
    Candidate,
    CandidateId,
    CaseId,
    Certificate,
    Cycle,
    JailProof,
    Json,
    Outcome,
    Proposal,
    ProposalId,
    Rejected,
    Undecided,
    Verdict,
)
from rsi.kernel.judge import Belief, Skill, TrackRecord

__all__ = ["BASELINE", "Tracker", "progress_of"]

BASELINE = "incumbent"
"""In costs by surface: trials of the incumbent, against which every surface is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reign:
    candidate: CandidateId
    proposal: ProposalId | None
    cycle: int | None
    programs: int


class Tracker:
    """Follows a run: give it every entry once, in order, and ask for the progress at any time."""

    def __init__(self) -> None:
        """Nothing is known before the first entry."""
        self._opening: Entry | None = None
        self._meter = Meter()
        self._cycles: list[Cycle] = []
        self._attempts: dict[ProposalId, Attempt] = {}
        self._proposals: dict[CandidateId, ProposalId] = {}
        self._reigns: list[_Reign] = []
        self._fresh: dict[CandidateId, FreshScores] = {}
        self._opened: dict[CaseId, int] = {}
        self._certificate: Certificate | None = None
        self._safety: SafetyCertificate | None = None
        self._shares: dict[str, Share] = {}
        self._tried: Counter[tuple[str, bool, str, CandidateId | None, ProposalId | None]] = Counter()
        self._retreats: list[Retreat] = []
        self._predictions = TrackRecord()
        self._skill: Skill | None = None
        self._ended: str | None = None
        self._resumed = self._entries = 0
        self._calibrated: Calibrated | None = None
        self._chosen: Chosen | None = None
        self._ledger = Ledger()
        self._crew = Crew()
        self._readers: Mapping[str, Callable[[Entry], None]] = {
            "run.started": self._read_start,
            "calibration.done": self._read_calibration,
            "job.done": self._read_job,
            "model.called": self._meter.read_call,
            "cycle.opened": self._read_cycle,
            "proposal.made": self._read_proposal,
            "proposal.refused": self._read_refusal,
            "candidate.added": self._read_candidate,
            "course.chosen": self._read_course,
            "version.joined": self._read_joined,
            "lineage.ablated": self._read_ablation,
            "test.opened": self._read_test,
            "trials.done": self._read_trials,
            "verdict.given": self._read_verdict,
            "incumbent.changed": self._read_change,
            "lineage.quarantined": self._read_quarantine,
            "certificate.issued": self._read_certificate,
            "run.ended": self._read_end,
            "run.resumed": self._read_resume,
        }

    def add(self, entry: Entry) -> None:
        """Take the next entry; events of unknown kinds are passed over.

        Raises:
            IntegrityError: a field is missing or has another type than the table of events says.
        """
        self._entries += 1
        self._meter.read_clock(entry)
        self._ledger.add(entry)
        self._crew.add(entry)
        reader = self._readers.get(entry.kind)
        if reader is not None:
            reader(entry)

    @property
    def progress(self) -> Progress:
        """Where the run stands after the entries so far.

        Raises:
            IntegrityError: the log has no `run.started`.
        """
        opening = self._opening
        if opening is None:
            raise IntegrityError("the log does not begin with run.started")
        return Progress(
            run=take(opening, "run", str),
            seed=take(opening, "seed", int),
            agent=take(opening, "agent", str),
            tier=take(opening, "tier", str),
            asked=beside(opening, "asked", str) or "",
            proof=beside(opening, "jail", JailProof),
            improves=not take(opening, "frozen", bool),
            start=take(opening, "start", Candidate),
            cycles=tuple(self._cycles),
            incumbents=tuple(self._incumbent(number, reign) for number, reign in enumerate(self._reigns)),
            attempts=with_removed(self._attempts, (reign.proposal for reign in self._reigns)),
            trials=self._meter.trials,
            costs=self._costs(opening),
            failures=tuple(
                Failure(call=call, outcome=outcome, reason=reason, times=times)
                for (call, outcome, reason), times in self._meter.failures.most_common()
            ),
            certificate=self._certificate,
            shares=dict(self._shares),
            safety=self._safety,
            ended=self._ended,
            resumed=self._resumed,
            entries=self._entries,
            predictions=self._skill_so_far(),
            tried=tuple(self._tried_by(*key, times) for key, times in self._tried.items()),
            retreats=tuple(self._retreats),
            calibrated=self._calibrated,
            uses=self._ledger.uses,
            course=self._chosen,
            machine=opening.body.get("machine") if isinstance(opening.body, dict) else None,
            target=self._crew.target,
            agents=self._crew.credits(self._attempts.values()),
        )

    def _skill_so_far(self) -> Skill | None:
        if self._skill is None or self._skill.closed != self._predictions.closed:
            self._skill = self._predictions.skill()
        return self._skill

    def _tried_by(
        self, name: str, is_violation: bool, call: str, candidate: CandidateId | None, proposal: ProposalId | None, times: int
    ) -> Tried:
        made = self._attempts.get(proposal) if proposal else None
        improver = made.proposal.improver if made else None
        return Tried(
            name=name, is_violation=is_violation, call=call, candidate=candidate, proposal=proposal, improver=improver, times=times
        )

    def _incumbent(self, number: int, reign: _Reign) -> Incumbent:
        fresh = self._fresh[reign.candidate]
        return Incumbent(
            number=number,
            candidate=reign.candidate,
            proposal=reign.proposal,
            cycle=reign.cycle,
            programs=reign.programs,
            capability=fresh.overall(),
            families=fresh.families(),
        )

    def _costs(self, opening: Entry) -> Costs:
        meter = self._meter
        return Costs(
            budget=number(opening.body, "config", "run", "programs"),
            programs=meter.purposes.total(),
            purposes=dict(meter.purposes),
            surfaces=dict(meter.surfaces),
            wall_s=meter.wall_s,
            cpu_s=meter.cpu_s,
            sealed={name: meter.sealed_s[name] / cases for name, cases in meter.sealed_cases.items() if cases},
            timed_out=meter.timed_out,
            standstill_s=meter.standstill_s,
            models=meter.models,
        )

    def _read_start(self, entry: Entry) -> None:
        self._opening = entry
        start: Candidate = take(entry, "start", Candidate)
        self._crown(entry, start.id, None, None)

    def _crown(self, entry: Entry, candidate: CandidateId, proposal: ProposalId | None, cycle: int | None) -> None:
        self._reigns.append(_Reign(candidate=candidate, proposal=proposal, cycle=cycle, programs=self._meter.purposes.total()))
        self._fresh[candidate] = FreshScores(since=entry.seq, scores={})

    def _read_job(self, entry: Entry) -> None:
        call: str = take(entry, "call", str)
        outcome: str = take(entry, "outcome", str)
        self._meter.purposes[call] += take(entry, "programs", int)
        if outcome == Outcome.ANSWERED:
            return
        reason: str = take(entry, "reason", str)
        self._meter.failures[call, outcome, reason] += 1
        is_violation = outcome == Outcome.VIOLATION
        if call == "build" or is_violation:
            name = reason.partition(":")[0] if is_violation else outcome.replace("_", " ")
            self._note_tried(name, is_violation, call, CandidateId(take(entry, "improver", str)))

    def _note_tried(self, name: str, is_violation: bool, call: str, candidate: CandidateId) -> None:
        self._tried[name, is_violation, call, candidate, self._proposals.get(candidate)] += 1

    def _read_cycle(self, entry: Entry) -> None:
        self._cycles.append(take(entry, "cycle", Cycle))

    def _read_proposal(self, entry: Entry) -> None:
        proposal: Proposal = take(entry, "proposal", Proposal)
        cycle: int = take(entry, "cycle", int)
        weaknesses = (item for c in self._cycles if c.index == cycle for item in c.limitations if item.id == proposal.limitation)
        patch: str = take(entry, "patch", str)
        weak = next(weaknesses, None)
        self._attempts[proposal.id] = Attempt(
            proposal=proposal,
            cycle=cycle,
            limitation=weak,
            patch=patch,
            removes=removes(entry),
            by=author(entry),
            is_foretold=is_foretold(entry),
        )

    def _attempt(self, entry: Entry, name: ProposalId) -> Attempt:
        if name not in self._attempts:
            raise IntegrityError(f"entry {entry.seq} ({entry.kind}) is about proposal {name!r}, which nobody made")
        return self._attempts[name]

    def _read_refusal(self, entry: Entry) -> None:
        name = ProposalId(take(entry, "proposal", str))
        reason: str = take(entry, "reason", str)
        self._attempts[name] = replace(self._attempt(entry, name), fate=Fate.REFUSED, reason=reason)
        why = reason.partition(":")[0]
        if why in _ATTACKS:
            self._tried[why, True, "propose", None, name] += 1

    def _read_candidate(self, entry: Entry) -> None:
        name = ProposalId(take(entry, "proposal", str))
        candidate: Candidate = take(entry, "candidate", Candidate)
        self._proposals[candidate.id] = name
        self._attempts[name] = replace(self._attempt(entry, name), candidate=candidate.id)

    def _read_test(self, entry: Entry) -> None:
        name = ProposalId(take(entry, "proposal", str))
        threshold: float = take(entry, "threshold", float)
        self._attempts[name] = replace(self._attempt(entry, name), fate=Fate.TESTING, threshold=threshold)

    def _read_course(self, entry: Entry) -> None:
        self._chosen = chosen(entry)

    def _read_joined(self, entry: Entry) -> None:
        name = ProposalId(take(entry, "proposal", str))
        self._attempts[name] = replace(self._attempt(entry, name), fate=Fate.TESTING, verdict=None, reason="")

    def _read_ablation(self, entry: Entry) -> None:
        self._attempts |= ablated(entry, self._attempts)

    def _read_trials(self, entry: Entry) -> None:
        candidate = CandidateId(take(entry, "candidate", str))
        purpose: str = take(entry, "purpose", str)
        rows: list[dict[str, Json]] = take(entry, "trials", list[dict[str, Json]])
        programs = number(entry.body, "programs")
        spent = sum(number(row, "programs") or 0 for row in rows) if programs is None else programs
        self._meter.trials += len(rows)
        self._meter.purposes[purpose] += spent
        self._meter.timed_out += sum(row.get("outcome") == Outcome.TIMED_OUT for row in rows)
        for row in rows:
            if row.get("outcome") != Outcome.ANSWERED:
                self._note_tried(str(row.get("label")), row.get("outcome") == Outcome.VIOLATION, "solve", candidate)
        if purpose == "certificate":
            self._meter.read_sealed(entry, candidate, len(rows))
        if purpose == "judge":
            self._charge(candidate, _drawn(entry.body), spent)
            for row in rows:
                self._read_score(entry, candidate, row)

    def _charge(self, candidate: CandidateId, drawn: Sequence[ProposalId], spent: int) -> None:
        """A round is paid by the edits whose coin it tossed, in equal parts; trials outside of a race by who was run."""
        alone = [] if candidate in self._fresh else [self._proposals.get(candidate)]
        names = [name for name in (drawn or alone) if name in self._attempts]
        if not names:
            self._meter.surfaces[BASELINE] += spent
        for place, name in enumerate(names):
            part = spent // len(names) + (place < spent % len(names))
            attempt = self._attempts[name]
            self._meter.surfaces[attempt.proposal.surface.value] += part
            self._attempts[name] = replace(attempt, programs=attempt.programs + part)

    def _read_score(self, entry: Entry, candidate: CandidateId, row: dict[str, Json]) -> None:
        case = CaseId(str(row.get("case")))
        opened = self._opened.setdefault(case, entry.seq)
        fresh = self._fresh.get(candidate)
        if fresh is not None and opened > fresh.since:
            score = row.get("score")
            fresh.scores[case] = (str(row.get("family")), float(score) if isinstance(score, int | float) else 0.0)

    def _read_verdict(self, entry: Entry) -> None:
        name = ProposalId(take(entry, "proposal", str))
        verdict: Verdict = take(entry, "verdict", Verdict)
        reason = "" if isinstance(verdict, Accepted) else verdict.reason
        belief: Belief | None = take(entry, "belief", Belief | None)
        attempt = self._attempt(entry, name)
        self._attempts[name] = replace(attempt, fate=_FATES[type(verdict)], verdict=verdict, reason=reason, belief=belief)
        if belief is not None and attempt.removes is None and attempt.prediction is not None:
            self._predictions.hear(attempt.prediction, verdict, belief)

    def _read_calibration(self, entry: Entry) -> None:
        self._calibrated = calibrated(entry)

    def _read_change(self, entry: Entry) -> None:
        name = ProposalId(take(entry, "proposal", str))
        self._crown(entry, CandidateId(take(entry, "candidate", str)), name, take(entry, "cycle", int))

    def _read_quarantine(self, entry: Entry) -> None:
        """The versions undone were never incumbents, as far as the story goes on; their changes were not kept."""
        name: str = take(entry, "name", str)
        undone: list[str] = take(entry, "undone", list[str])
        back: str | None = take(entry, "incumbent", str | None)
        offender = CandidateId(take(entry, "candidate", str))
        call: str = take(entry, "call", str)
        self._retreats.append(Retreat(candidate=offender, call=call, name=name, incumbent=CandidateId(back) if back else None))
        for candidate in map(CandidateId, undone):
            last = self._proposals.get(candidate)
            why = name if candidate == offender else f"descends from {offender[:12]} ({name})"
            for proposal in () if last is None else self._attempts[last].step or (last,):
                self._attempts[proposal] = replace(self._attempts[proposal], fate=Fate.REJECTED, reason=f"quarantined: {why}")
        self._reigns = [reign for reign in self._reigns if reign.candidate not in undone or reign.proposal is None]

    def _read_certificate(self, entry: Entry) -> None:
        self._certificate = take(entry, "certificate", Certificate)
        self._safety = safety_certificate(entry)
        families: dict[str, dict[str, Json]] = take(entry, "families", dict[str, dict[str, Json]])
        self._shares = {family: _share(numbers) for family, numbers in families.items()}

    def _read_end(self, entry: Entry) -> None:
        self._ended = take(entry, "reason", str)

    def _read_resume(self, entry: Entry) -> None:
        self._resumed += 1


def _drawn(body: Json) -> list[ProposalId]:
    """The edits whose coin was tossed in the round that a block belongs to."""
    played = body.get("race") if isinstance(body, dict) else None
    names = played.get("drawn") if isinstance(played, dict) else None
    return [ProposalId(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []


_ATTACKS = ("quarantined", "secret in the tree")
"""What the reason of a refusal begins with that is no mere failing."""
_FATES: Mapping[type, Fate] = {Accepted: Fate.ACCEPTED, Rejected: Fate.REJECTED, Undecided: Fate.UNDECIDED}


def _share(numbers: dict[str, Json]) -> Share:
    start, release = (float(value) if isinstance(value := numbers.get(name), int | float) else 0.0 for name in ("start", "release"))
    return Share(pairs=number(numbers, "pairs") or 0, start=start, release=release)


def progress_of(entries: Iterable[Entry]) -> Progress:
    """Where a run stands after these entries, from the first one on.

    Raises:
        IntegrityError: they are not the entries of a run, or a field is not what the table of events says.
    """
    tracker = Tracker()
    for entry in entries:
        tracker.add(entry)
    return tracker.progress
