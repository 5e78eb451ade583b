"""Version 0 itself as the problem: what an improver makes of it in one pass, measured by how that improves sealed programs.

An improvement problem is a target, a suite and a budget; here the target is the agent that the improvers came from. Every improver
practises, diagnoses and proposes as in a run, over the same tree (version 0), on the same practice problems, within the same budget, and
knows nothing of earlier passes. What it proposes is composed and built, and improves programs beside version 0. So the ratio of two
improvers' gains says whether the next improvement of the system comes easier to the one than to the other.

Covers: proposals that may not be applied, do not merge with those before them or do not build (left out, as in a run); passes that fail.
Does not cover: a judge. What a pass proposes counts as it is, harm included.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rsi.bench.improvers.entrants import Entrant
from rsi.bench.improvers.kept import hash_of
from rsi.core.codec import decode, encode
from rsi.core.errors import MessageError
from rsi.core.protocols import Files, Limits
from rsi.core.records import CandidateId, Case, Json, Outcome, Pool, Proposal, ProposalId
from rsi.kernel.evaluate import BUILD_FILE, Bench, Failed, Sitting, agent_call, build, evaluator_of, run_trials
from rsi.kernel.judge import Episode
from rsi.kernel.oversight import authorise
from rsi.kernel.workspace import Composer, Composition
from rsi.suites.gym import Gym

__all__ = ["Itself", "Pass"]

_LIMITS = Limits(wall_s=3_600.0, cpu_s=3_600.0)
_NOTE = 200
_TEXTS = (".py", ".json", ".toml")
_FORETOLD: Json = {"p_better": 0.5, "low": 0.0, "high": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The size of one pass and of what it is measured by.

    Attributes:
        batches: practice batches.
        tasks: programs of each batch.
        practice: evaluations that practice on one batch may take.
        propose: evaluations that proposing may take.
        count: proposals at most.
        pool: from whose kinds of problems come those on which version 0 and what became of it meet.
        cases: how many of them.
        evaluations: budget of an episode there; rehearsals of a pass are told of it.
    """

    batches: int
    tasks: int
    practice: int
    propose: int
    count: int
    pool: Pool
    cases: int
    evaluations: int


@dataclass(slots=True, kw_only=True)
class _Sight:
    """One improver in one pass.

    Attributes:
        bench: its jail, and that of the programs.
        number: of the pass: what is drawn for it is the same for everybody.
        luck: of the improver's own random choices.
        used: evaluations so far.
    """

    entrant: Entrant
    bench: Bench
    number: int
    luck: int
    used: int = 0


class Itself:
    """Passes over version 0, as a game of a tournament.

    Args:
        zero: version 0.
        gym: where practice and sealed problems come from.
        size: of a pass.
    """

    def __init__(self, zero: Entrant, gym: Gym, size: Pass) -> None:
        """Nothing is played yet."""
        self._zero, self._gym, self._size = zero, gym, size
        self._files = {path: content for path, content in zero.files.items() if path != BUILD_FILE}
        self._manifest = zero.manifest
        self._starts: dict[int, float] = {}
        self._counting = threading.Lock()

    @property
    def terms(self) -> Json:
        """What version 0 is, and the size of a pass."""
        return {"zero": [hash_of(self._files), self._zero.build_seed], "size": encode(self._size)}

    def name(self, number: int) -> str:
        """The problem's name."""
        return f"{self._zero.name}, pass {number}"

    def play(self, entrant: Entrant, bench: Bench, *, number: int, repetition: int, luck: int) -> Episode:
        """One pass of an improver, and what version 0 gains by it."""
        sight, note, files = _Sight(entrant=entrant, bench=bench, number=number, luck=luck), "", None
        try:
            files = self._changed(sight)
        except MessageError as ended:
            note = str(ended)[:_NOTE]
        start = self._start(number, bench)
        return Episode(
            problem=self.name(number),
            seed=repetition,
            family="itself",
            start=start,
            final=start if files is None else self._score(files, number, bench, otherwise=start),
            used=sight.used,
            note=note,
        )

    def _changed(self, sight: _Sight) -> Files | None:
        """Version 0 with all that the improver proposes for it, ready to run; None where that leaves it as it is."""
        size = self._size
        first = sight.number * (size.batches + 1)
        findings: list[Json] = []
        for batch in range(first, first + size.batches):
            message = {"batch": self._gym.practice_batch(batch, size.tasks), "programs": size.practice, "memory": None}
            findings.append(self._asked(sight, "practise", message, batch, size.practice)["findings"])
        known = self._asked(sight, "diagnose", {"findings": findings, "memory": None})
        answer = self._asked(sight, "propose", self._wish(known, first + size.batches), first + size.batches, size.propose)
        files = self._composed(answer.get("proposals"))
        return None if files == self._files else files

    def _wish(self, known: Mapping[str, Json], batch: int) -> dict[str, Json]:
        texts: dict[str, Json] = {path: content.decode() for path, content in self._files.items() if path.endswith(_TEXTS)}
        return {
            "limitations": known["limitations"],
            "memory": known["memory"],
            "count": self._size.count,
            "programs": self._size.propose,
            "machine": None,
            "target": {"name": self._manifest.name, "kind": "agent", "case": None, "files": texts},
            "history": [],
            "batch": self._gym.practice_batch(batch, self._size.tasks),
            "evaluations": self._size.evaluations,
        }

    def _asked(self, sight: _Sight, call: str, message: Mapping[str, Json], batch: int = 0, budget: int = 0) -> dict[str, Json]:
        """The answer to one message; with a budget, the call may have programs of a practice batch run.

        Raises:
            MessageError: there is none.
        """
        entrant, payload = sight.entrant, {**message, "seed": sight.luck + batch}
        if not budget:
            reply = agent_call(sight.bench.jail, entrant.files, entrant.manifest, call, payload, _LIMITS)
        else:
            rehearsals = self._gym.practice_rehearsals(batch, self._size.tasks)
            with evaluator_of(self._gym, sight.bench.spare(), rehearsals, budget=budget, wall_s=_LIMITS.wall_s) as evaluator:
                sitting = Sitting(evaluator, rehearsals, budget)
                reply = agent_call(sight.bench.jail, entrant.files, entrant.manifest, call, payload, _LIMITS, sitting.serving)
            sight.used += sitting.used
        if reply.outcome is not Outcome.ANSWERED:
            raise MessageError(f"{call}: {reply.outcome.value}: {reply.reason}")
        if not isinstance(reply.value, dict) or not _NEEDED[call] <= reply.value.keys():
            raise MessageError(f"{call}: malformed: an answer has {', '.join(sorted(_NEEDED[call]))}")
        return reply.value

    def _composed(self, proposals: Json) -> Files:
        """Version 0 with these proposals on, one after the other; those that cannot be are left out."""
        composer, on = Composer(self._files), list[ProposalId]()
        made: Files = self._files
        for number, item in enumerate(proposals[: self._size.count] if isinstance(proposals, list) else []):
            proposal = _read(item, number)
            if proposal is None or authorise(proposal, self._files, self._manifest) is not None:
                continue
            if composer.add(proposal.id, proposal.edits) is not None:
                continue
            found = composer.compose([*on, proposal.id])
            if isinstance(found, Composition):
                on, made = [*on, proposal.id], found.files
        return made

    def _start(self, number: int, bench: Bench) -> float:
        with self._counting:
            known = self._starts.get(number)
        if known is None:
            known = self._score(self._files, number, bench, otherwise=0.0)
            with self._counting:
                self._starts[number] = known
        return known

    def _score(self, files: Files, number: int, bench: Bench, *, otherwise: float) -> float:
        """Mean score of what a version makes of the pass's sealed problems, where no valid answer counts as 0; if it builds."""
        made = build(bench.jail, files, self._manifest, self._zero.build_seed, _LIMITS)
        if isinstance(made, Failed):
            return otherwise
        cases: Sequence[Case] = self._gym.cases(self._size.pool, number * self._size.cases, self._size.cases)
        trials, _ = run_trials(
            bench.jail,
            bench.spare,
            suite=self._gym,
            candidate=CandidateId("0"),
            files=made.files,
            manifest=self._manifest,
            cases=cases,
            programs=self._size.evaluations,
            seed=number,
            limits=_LIMITS,
        )
        return sum(trial.score or 0.0 for trial in trials) / len(trials)


_NEEDED: Mapping[str, frozenset[str]] = {
    "practise": frozenset({"findings"}),
    "diagnose": frozenset({"limitations", "memory"}),
    "propose": frozenset({"proposals"}),
}


def _read(item: Json, number: int) -> Proposal | None:
    """A proposal; None where it is none. What it foretells is not looked at."""
    if not isinstance(item, dict):
        return None
    rest: dict[str, Json] = {key: value for key, value in item.items() if key != "tag"}
    try:
        found: Proposal = decode(
            Proposal, {**rest, "prediction": _FORETOLD, "id": ProposalId(f"p{number:04d}"), "improver": "", "parent": ""}
        )
    except MessageError:
        return None
    return found
