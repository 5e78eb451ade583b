"""Logs of runs that never took place: a builder of entries for tests of views, reports and analytics.

Every method writes the event that the loop would write, with bodies as in the table of events; nothing is checked, so that tests can
tell stories that a loop never would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from rsi.core.codec import canonical, encode, sha256_hex
from rsi.core.protocols import Archive, Entry, Files
from rsi.core.records import (
    Accepted,
    Candidate,
    CandidateId,
    Certificate,
    Cycle,
    Effect,
    FileEdit,
    JailProof,
    Json,
    Limitation,
    Prediction,
    Proposal,
    ProposalId,
    Rejected,
    Surface,
    TreeId,
    Undecided,
    Verdict,
)
from rsi.kernel.judge import Prior, estimate_of

__all__ = ["RunBuilder", "example_run"]

FAMILIES = ("level 1", "level 2", "level 3", "level 4")
"""Families of the cases that a builder's trials are about, in rotation."""

_HOPE = Prediction(p_better=0.6, low=-0.01, high=0.08)
_PRIOR = Prior(better=0.3, worse=0.2, gain=0.06, loss=0.04)


class RunBuilder:
    """Writes entries one after the other, a second apart.

    Args:
        archive: keeps the candidates' files; without one, names are made up.
        seed: the run's seed.
        frozen: whether it is a frozen control.
        proof: what attacks showed of its jails (of tier S2, if none is given) before it began.

    Attributes:
        entries: what was written so far.
        incumbent: the best version so far.
    """

    def __init__(self, *, archive: Archive | None = None, seed: int = 7, frozen: bool = False, proof: JailProof | None = None) -> None:
        """Write `run.started`."""
        self.entries: list[Entry] = []
        self._archive = archive
        self._proposals: dict[ProposalId, Proposal] = {}
        self._tested: dict[ProposalId, CandidateId] = {}
        self._cycles = 0
        self._cases = 0
        self._at = 1_790_000_000.0
        self._files: dict[CandidateId, Files] = {}
        start = self._keep({"solve.py": b"DEPTH = 3\n", "train.py": b"RATE = 0.1\n"}, None, None)
        self.incumbent = start.id
        self.start = start.id
        body: dict[str, Json] = {
            "run": "a1b2c3d4e5f6",
            "seed": seed,
            "config": {"run": {"programs": 40_000_000, "seed": seed}},
            "agent": "seed",
            "start": encode(start),
            "tier": proof.tier if proof else "S2",
            "kernel": "0" * 64,
            "pools": {"practice": "1" * 64, "judge": "2" * 64, "sealed": "3" * 64},
            "frozen": frozen,
        }
        self.add("run.started", body, beside={"jail": encode(proof), "asked": "S2"})

    def add(
        self, kind: str, body: Json, *, cpu_s: float = 0.5, seconds: float = 1.0, beside: Mapping[str, Json] = MappingProxyType({})
    ) -> Entry:
        """Write any event; `beside` stands in its clock part."""
        self._at += seconds
        clock: Json = {"at": self._at, "wall_s": cpu_s, "cpu_s": cpu_s, **beside}
        before = self.entries[-1].hash if self.entries else ""
        name = sha256_hex(before.encode() + canonical([kind, body, clock]))
        self.entries.append(Entry(seq=len(self.entries), kind=kind, body=body, clock=clock, hash=name))
        return self.entries[-1]

    def job(self, call: str, *, programs: int = 0, outcome: str = "answered", reason: str = "") -> None:
        """An agent call came due."""
        body: dict[str, Json] = {"job": f"{len(self.entries)}-{call}", "call": call, "improver": self.incumbent, "outcome": outcome}
        self.add("job.done", body | {"reason": reason, "programs": programs, "result": None})

    def cycle(self, *limitations: Limitation) -> int:
        """A cycle opens; returns its number."""
        found = limitations or (Limitation(id="w1", kind="not found", text="level 3 tasks run out of budget", evidence={"missed": 12}),)
        cycle = Cycle(index=self._cycles, improver=self.incumbent, limitations=found, proposals=())
        self._cycles += 1
        self.add("cycle.opened", {"cycle": encode(cycle)})
        return cycle.index

    def propose(
        self,
        *,
        surface: Surface = Surface.CODE,
        reason: str = "search deeper",
        limitation: str = "w1",
        path: str = "solve.py",
        after: str | None = "DEPTH = 4\n",
        also: Mapping[str, str] | None = None,
        prediction: Prediction | None = _HOPE,
    ) -> ProposalId:
        """A proposal to write `after` to `path`, and `also` to other paths, is made in the present cycle; returns its name.

        Args:
            prediction: None: it came without one.
        """
        name = ProposalId(f"p{len(self._proposals) + 1}")
        proposal = Proposal(
            id=name,
            improver=self.incumbent,
            parent=self.incumbent,
            surface=surface,
            limitation=limitation,
            reason=reason,
            edits=tuple(FileEdit(path=at, before=None, after=text) for at, text in {path: after, **(also or {})}.items()),
            prediction=prediction or _HOPE,
        )
        self._proposals[name] = proposal
        named = tuple(replace(e, after=None if e.after is None else sha256_hex(e.after.encode())) for e in proposal.edits)
        patch = sha256_hex(canonical(encode(proposal)))
        told: dict[str, Json] = {} if prediction else {"foretold": False}
        self.add("proposal.made", {"proposal": encode(replace(proposal, edits=named)), "patch": patch, "cycle": self._cycles - 1, **told})
        return name

    def refuse(self, proposal: ProposalId, reason: str = "the path is not editable") -> None:
        """Oversight says no."""
        self.add("proposal.refused", {"proposal": proposal, "reason": reason})

    def test(self, proposal: ProposalId, *, threshold: float = 20.0) -> CandidateId:
        """The proposal is applied to the incumbent, archived, and its test opens; returns the candidate's name."""
        files = dict(self._files[self.incumbent])
        for edit in self._proposals[proposal].edits:
            files.pop(edit.path, None)
            if edit.after is not None:
                files[edit.path] = edit.after.encode()
        candidate = self._keep(files, self.incumbent, proposal)
        self.add("candidate.added", {"candidate": encode(candidate), "proposal": proposal})
        body: dict[str, Json] = {"candidate": candidate.id, "incumbent": self.incumbent, "proposal": proposal, "threshold": threshold}
        self.add("test.opened", body)
        self._tested[proposal] = candidate.id
        return candidate.id

    def trials(
        self,
        candidate: CandidateId,
        scores: Sequence[float | None],
        *,
        first: int | None = None,
        purpose: str = "judge",
        programs: int = 100,
        outcome: str = "crashed",
        cpu_s: float = 0.5,
    ) -> int:
        """One block of trials on cases `first`… (None: cases that nobody has opened); returns the number of the first case.

        `outcome` is that of the trials without a score.
        """
        begin = self._cases if first is None else first
        on: list[Json] = [name for name, tested in self._tested.items() if tested == candidate]
        played: Json = {"round": begin, "incumbent": self.incumbent, "drawn": on, "on": on} if purpose == "judge" else None
        self._cases = max(self._cases, begin + len(scores))
        rows: list[Json] = [_row(purpose, begin + i, score, programs, outcome) for i, score in enumerate(scores)]
        pool = "judge" if purpose == "judge" else "sealed"
        body: Json = {"candidate": candidate, "pool": pool, "purpose": purpose, "race": played, "trials": rows}
        self.add("trials.done", body, cpu_s=cpu_s)
        return begin

    def accept(self, proposal: ProposalId, candidate: CandidateId, *, mean: float = 0.1, low: float = 0.03, high: float = 0.17) -> None:
        """The change is kept and becomes the incumbent."""
        effect = Effect(mean=mean, low=low, high=high, pairs=96, wins=14, losses=4)
        self._conclude(proposal, Accepted(candidate=candidate, effect=effect, e_value=31.0, threshold=20.0))
        before, self.incumbent = self.incumbent, candidate
        cycle: Json = self._cycles - 1
        self.add("incumbent.changed", {"candidate": candidate, "before": before, "proposal": proposal, "cycle": cycle})

    def reject(self, proposal: ProposalId, candidate: CandidateId, *, reason: str = "no prospect") -> None:
        """The change is not kept."""
        effect = Effect(mean=-0.02, low=-0.1, high=0.05, pairs=48, wins=3, losses=4)
        self._conclude(proposal, Rejected(candidate=candidate, effect=effect, e_value=0.4, threshold=20.0, reason=reason))

    def leave(self, proposal: ProposalId, candidate: CandidateId, *, reason: str = "the budget ended") -> None:
        """The test ends without a decision."""
        effect = Effect(mean=0.01, low=-0.3, high=0.3, pairs=16, wins=1, losses=1)
        self._conclude(proposal, Undecided(candidate=candidate, effect=effect, e_value=1.1, threshold=20.0, reason=reason))

    def certify(self, *, start: float = 0.5, gain: float = 0.18, low: float = 0.11, high: float = 0.25, pairs: int = 200) -> None:
        """Sealed cases are opened for start and release."""
        certificate = Certificate(
            start=self.start,
            release=self.incumbent,
            pairs=pairs,
            start_score=start,
            release_score=start + gain,
            gain=gain,
            low=low,
            high=high,
        )
        families: dict[str, Json] = {
            family: {"pairs": pairs // 4, "start": max(0.0, start + shift), "release": min(1.0, start + gain + shift)}
            for family, shift in zip(FAMILIES, (0.3, 0.1, -0.1, -0.3), strict=True)
        }
        self.add("certificate.issued", {"certificate": encode(certificate), "families": families})

    def end(self, reason: str = "budget") -> None:
        """The last event."""
        self.add("run.ended", {"reason": reason, "programs": 0, "pools": {"practice": "1", "judge": "2", "sealed": "3"}})

    def resume(self, *, after_s: float = 1000.0) -> None:
        """The run is taken up again after a while."""
        self.add("run.resumed", {}, cpu_s=0.0, seconds=after_s)

    def _keep(self, files: Files, parent: CandidateId | None, proposal: ProposalId | None) -> Candidate:
        parents = () if parent is None else (parent,)
        tree = TreeId(sha256_hex(repr(sorted(files.items())).encode()))
        name = CandidateId(sha256_hex(f"{parent} {tree}".encode()))
        if self._archive is not None:
            name = self._archive.add(files, parents=parents, message=f"proposal {proposal}")
            tree = self._archive.tree(name)
        self._files[name] = files
        return Candidate(id=name, tree=tree, parent=parent, proposal=proposal)

    def _conclude(self, proposal: ProposalId, verdict: Verdict) -> None:
        """Give a verdict, and as the belief what a race would believe of a first change."""
        self._tested.pop(proposal, None)
        estimate = estimate_of(verdict.effect)
        body: Json = {
            "verdict": encode(verdict),
            "proposal": proposal,
            "cycle": self._cycles - 1,
            "surface": self._proposals[proposal].surface.value,
            "belief": None if estimate is None else encode(_PRIOR.believe(estimate)),
        }
        self.add("verdict.given", body)


def _row(purpose: str, number: int, score: float | None, programs: int, outcome: str) -> Json:
    return {
        "case": f"{purpose}-{number}",
        "family": FAMILIES[number % len(FAMILIES)],
        "outcome": outcome if score is None else "answered",
        "score": score,
        "label": "solved" if score == 1 else "not found",
        "programs": programs,
    }


def example_run(*, archive: Archive | None = None, text: str = "", accepted: int = 3) -> RunBuilder:
    """A whole run in which some changes are kept, one each is refused, rejected and left undecided, and a gain is certified.

    Args:
        archive: keeps the candidates' files.
        text: stands wherever an agent writes words, after the usual ones.
        accepted: how many changes are kept; without any, the certificate shows no gain.
    """
    run = RunBuilder(archive=archive)
    surfaces = (Surface.PARAMETERS, Surface.CODE, Surface.TRAINING, Surface.SEARCH)
    for index in range(accepted):
        _kept_change(run, surfaces[index % len(surfaces)], index, text)
    run.cycle(Limitation(id="w1", kind="fitted", text=f"level 4 is fitted, not solved {text}"))
    run.job("propose", outcome="timed_out", reason=f"no answer within its limits {text}", programs=600_000)
    run.refuse(run.propose(reason=f"edit the judge {text}", path="../judge.py"), reason=f"the path leaves the tree {text}")
    doomed = run.propose(reason=f"search less {text}", surface=Surface.SEARCH, after="DEPTH = 1\n")
    candidate = run.test(doomed)
    run.trials(candidate, [0.0, 1.0] * 24, first=run.trials(run.incumbent, [1.0, 0.0, 1.0] * 16))
    run.reject(doomed, candidate, reason=f"no prospect {text}")
    open_end = run.propose(reason=f"perhaps {text}", surface=Surface.TRAINING, path="train.py", after="RATE = 0.9\n")
    run.leave(open_end, run.test(open_end))
    for who in (run.start, run.incumbent):
        run.trials(who, [1.0, 0.0] * 100, purpose="certificate", first=0, programs=1000)
    if accepted:
        run.certify()
    else:
        run.certify(gain=0.0, low=-0.06, high=0.06)
    run.end()
    return run


def _kept_change(run: RunBuilder, surface: Surface, index: int, text: str) -> None:
    run.job("practise", programs=1_000_000)
    run.job("diagnose")
    run.job("propose", programs=50_000)
    run.cycle(Limitation(id="w1", kind="not found", text=f"level {index + 1} tasks run out of budget {text}"))
    name = run.propose(surface=surface, reason=f"search deeper {text}", after=f"DEPTH = {index + 4}\n# {text}\n")
    candidate = run.test(name)
    first = run.trials(run.incumbent, [1.0, 0.0, 0.0, 1.0] * 24)
    run.trials(candidate, [1.0, 0.0, 1.0, 1.0] * 24, first=first)
    run.accept(name, candidate)
    run.trials(candidate, [1.0, 1.0, 0.0, 1.0] * 16)
