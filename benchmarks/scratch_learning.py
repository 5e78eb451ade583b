"""Learning from scratch: a way of learning practises, trains on what it found and names what recurs, until its programs are spent.

Nobody judges here, so that a way shows what it is worth and not what a judge made of it: whatever an agent proposes to change of what
it has *learned* is taken at once, what it proposes to change of its way is not. All ways have the same tasks, seeds and budget.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.scratch_ways import LEARNED, Way
from rsi.core.codec import canonical, decode, sha256_hex
from rsi.core.errors import MessageError
from rsi.core.protocols import Files, Jail, Limits, Suite
from rsi.core.records import Json, Manifest, Outcome, Proposal
from rsi.kernel.evaluate import Bench, Failed, agent_call, build, load_manifest
from rsi.kernel.workspace import Stale, apply
from rsi.loop.state import derive_seed
from rsi.suites import secret_seeds, suite

__all__ = ["Course", "Learned", "kept_learned", "learn", "learned_by", "practice_of", "taken"]

_LIMITS = Limits(wall_s=900.0, cpu_s=900.0)
_LEAST_CHARGE = 10
_SALT = "benchmarks.scratch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What every way of learning gets.

    Attributes:
        seed: decides the practice tasks and all random choices.
        programs: that may be tried in practice, in all.
        rounds: of practising and learning among which they are shared out.
        tasks: per round.
    """

    seed: int
    programs: int
    rounds: int
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What became of an agent.

    Attributes:
        files: its tree, not built.
        programs: that it was charged for.
        solved: tasks that it says it solved, round by round.
        failure: why it stopped before its programs were spent; else empty.
    """

    files: Files
    programs: int
    solved: tuple[int, ...]
    failure: str


class _Broken(Exception):
    """The agent did not answer as it must."""


def practice_of(seed: int) -> Suite:
    """The practice tasks of a seed; the salt keeps them apart from those of every run."""
    return suite("list_functions", secret_seeds(20_000 + seed, salt=_SALT))


def learn(jail: Jail, files: Files, course: Course, source: Suite) -> Learned:
    """Let an agent learn until its programs are spent; where it fails, what it has learned by then counts."""
    pupil = _Pupil(jail=jail, files=files, course=course, source=source, manifest=load_manifest(files))
    failure = ""
    try:
        while pupil.programs < course.programs:
            pupil.go_on()
    except _Broken as error:
        failure = str(error)
    return Learned(files=pupil.files, programs=pupil.programs, solved=tuple(pupil.solved), failure=failure)


@dataclass(slots=True, kw_only=True)
class _Pupil:
    """An agent that is learning."""

    jail: Jail
    files: Files
    course: Course
    source: Suite
    manifest: Manifest
    memory: Json = None
    programs: int = 0
    solved: list[int] = field(default_factory=list)

    def go_on(self) -> None:
        """One round: practise, take it in, change what is learned."""
        course, number = self.course, len(self.solved)
        files = self._built()
        allowed = min(-(-course.programs // course.rounds), course.programs - self.programs)
        batch = self.source.practice_batch(number, course.tasks)
        practised = self._ask(files, "practise", {"batch": batch, "programs": allowed})
        used = practised.get("programs", allowed)
        # As in a run: whatever it reports, a tenth of the allotment is charged, so that every agent comes to an end.
        self.programs += min(allowed, max(used if type(used) is int else allowed, allowed // _LEAST_CHARGE, 1))
        said = practised.get("solved")
        self.solved.append(said if type(said) is int else 0)
        diagnosed = self._ask(files, "diagnose", {"findings": [practised.get("findings")]})
        self.memory = diagnosed.get("memory")
        asked: Json = {"limitations": diagnosed.get("limitations"), "count": 4, "programs": 0, "once": True}
        proposed = self._ask(files, "propose", asked)
        self.memory = proposed.get("memory")
        self.files, verdicts = taken(self.files, proposed.get("proposals"))
        self.memory = self._ask(files, "learn", {"verdicts": verdicts}).get("memory")

    def _built(self) -> Files:
        made = build(self.jail, self.files, self.manifest, derive_seed(self.course.seed, "build"), _LIMITS)
        if isinstance(made, Failed):
            raise _Broken(f"it does not build: {made.outcome.value}, {made.reason[:300]}")
        return made.files

    def _ask(self, files: Files, call: str, message: Json) -> dict[str, Json]:
        assert isinstance(message, dict)
        seed = derive_seed(self.course.seed, call, len(self.solved))
        reply = agent_call(self.jail, files, self.manifest, call, {**message, "memory": self.memory, "seed": seed}, _LIMITS)
        if reply.outcome is not Outcome.ANSWERED or not isinstance(reply.value, dict):
            raise _Broken(f"{call}: {reply.outcome.value}, {reply.reason[:300]}")
        return reply.value


def taken(files: Files, proposals: Json) -> tuple[Files, list[Json]]:
    """The tree with every proposal that changes only what is learned, and what the agent is told of each."""
    verdicts: list[Json] = []
    for item in proposals if isinstance(proposals, list) else []:
        if not isinstance(item, dict):
            continue
        after = _after(files, item)
        verdicts.append({"surface": item.get("surface"), "tag": item.get("tag"), "verdict": "refused" if after is None else "accepted"})
        files = files if after is None else after
    return files, verdicts


def _after(files: Files, item: dict[str, Json]) -> Files | None:
    rest = {key: value for key, value in item.items() if key != "tag"}
    try:
        proposal: Proposal = decode(Proposal, {**rest, "id": "p", "improver": "", "parent": ""})
    except MessageError:
        return None
    if any(edit.path not in LEARNED or edit.after is None for edit in proposal.edits):
        return None
    after = apply(files, proposal.edits)
    return None if isinstance(after, Stale) else after


def learned_by(bench: Bench, way: Way, course: Course, folder: Path) -> Learned:
    """What a way of learning makes of a course; read from `folder` if it was measured before."""
    path = folder / f"{_name(way.files, course)}.json"
    found = kept_learned(path)
    if found is None:
        found = learn(bench.jail, way.files, course, practice_of(course.seed))
        _keep(path, found)
    return found


def _name(files: Files, course: Course) -> str:
    tree: list[Json] = [[path, sha256_hex(content)] for path, content in sorted(files.items())]
    return sha256_hex(canonical([tree, course.seed, course.programs, course.rounds, course.tasks]))[:32]


def kept_learned(path: Path) -> Learned | None:
    """What was written there before, if anything was."""
    if not path.is_file():
        return None
    data = json.loads(path.read_bytes())
    files = {name: text.encode("utf-8") for name, text in data["files"].items()}
    return Learned(files=files, programs=data["programs"], solved=tuple(data["solved"]), failure=data["failure"])


def _keep(path: Path, learned: Learned) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {name: content.decode("utf-8") for name, content in learned.files.items()}
    solved: Sequence[int] = learned.solved
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"files": files, "programs": learned.programs, "solved": list(solved), "failure": learned.failure}))
    draft.replace(path)
