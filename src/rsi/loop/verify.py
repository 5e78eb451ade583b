"""Checking a run from its folder alone: the chain, the archive, and every decision derived again from its evidence."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rsi.config import RunConfig, from_json
from rsi.core.codec import decode
from rsi.core.errors import IntegrityError, MessageError, UserError
from rsi.core.protocols import Entry, Files, Suite
from rsi.core.records import Candidate, CandidateId, Json, Pool
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.identity import kernel_hash
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.evaluate import load_manifest
from rsi.loop.aim import Aim, target_as_it_was
from rsi.loop.cycle import live
from rsi.loop.inbox import Inbox
from rsi.loop.machine import Machine, Opening, Staff
from rsi.loop.parts import Parts, standard_parts
from rsi.loop.rejudge import rejudge_blocks
from rsi.loop.replay import UNCOUNTED, EndOfLog, Journal, Replayed, recorded_results
from rsi.loop.run import LOG_FILE, OBJECTS_FOLDER, profile_in

__all__ = ["Verification", "verify"]

SHAPELESS = (AssertionError, AttributeError, KeyError, TypeError, ValueError)
"""What the state machine runs into if a forged log names an archived answer of another shape than the one that is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a check of a run found.

    Attributes:
        ok: no problem and no mismatch.
        problems: what does not check, each naming its entry or object.
        entries: entries of the log that were read.
        finished: whether the run has ended; if not, only what it did so far was checked.
        digest: the log's digest over all decisions.
        rejudged: trials that were run again.
        mismatches: how many of them came out differently.
    """

    ok: bool
    problems: tuple[str, ...]
    entries: int
    finished: bool
    digest: str
    rejudged: int
    mismatches: int


@dataclass(slots=True)
class _Findings:
    problems: list[str] = field(default_factory=list)
    rejudged: int = 0
    mismatches: int = 0


def verify(folder: Path, rejudge: int = 0, *, parts: Parts | None = None) -> Verification:
    """Check the run in `folder`; nothing in it is changed.

    The log's chain, every archived object that it names, whether all trials were on the cases that the pools' seeds give, and every
    event derived again from the results of jobs. With `rejudge`, so many blocks of trials, drawn by the log's digest, are run again in
    fresh jails.

    Covers: anything changed, added or swapped, also under a chain written anew. Does not cover: entries cut off at the end (see
    `finished`); an answer of the agent, or scores of trials, forged together with all that follows from them (`rejudge` runs trials again).

    Raises:
        UserError: the folder holds no run.
    """
    if not (folder / LOG_FILE).is_file():
        raise UserError(f"{folder} holds no run (no {LOG_FILE}); name the folder of a run")
    try:
        log = FileEventLog.read(folder / LOG_FILE)
        entries = list(log.entries())
    except IntegrityError as error:
        return Verification(ok=False, problems=(str(error),), entries=0, finished=False, digest="", rejudged=0, mismatches=0)
    findings = _Findings()
    if entries:
        _check(folder, entries, log.digest(), rejudge, parts, findings)
        findings.problems.extend(_other_kernels(entries[0], log.kernels, failed=bool(findings.problems)))
    else:
        findings.problems.append("the log is empty")
    return Verification(
        ok=not findings.problems and not findings.mismatches,
        problems=tuple(findings.problems),
        entries=len(entries),
        finished=bool(entries) and entries[-1].kind == "run.ended",
        digest=log.digest(),
        rejudged=findings.rejudged,
        mismatches=findings.mismatches,
    )


def _check(folder: Path, entries: Sequence[Entry], digest: str, rejudge: int, parts: Parts | None, findings: _Findings) -> None:
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(closing(GitArchive(folder / OBJECTS_FOLDER, create=False)))
            findings.problems.extend(_missing_objects(entries, archive))
            config, start, opening = _beginning(entries[0])
            files, agents = archive.files(start.id), _agents(entries[0], archive)
            setting = parts or stack.enter_context(_parts(folder, config, files, agents, opening))
            findings.problems.extend(_other_cases(entries, setting.suite))
            _derive_again(entries, archive, config, files, agents, opening, setting)
        except (IntegrityError, MessageError, UserError) as error:
            findings.problems.append(str(error))
            return
        if rejudge and not findings.problems:
            findings.rejudged, findings.mismatches = rejudge_blocks(entries, archive, config, setting, rejudge, digest)


def _beginning(entry: Entry) -> tuple[RunConfig, Candidate, Opening]:
    body = entry.body
    if entry.kind != "run.started" or not isinstance(body, dict):
        raise IntegrityError(f"entry 0 ({entry.kind}) is not the start of a run")
    config = from_json(body.get("config"))
    opening = Opening(
        tier=str(body.get("tier")),
        kernel=str(body.get("kernel")),
        commitments=body.get("pools"),
        secrets=None,
        machine=profile_in(entry, config),
        target=body.get("target"),
    )
    return config, decode(Candidate, body.get("start")), opening


def _agents(entry: Entry, archive: GitArchive) -> dict[str, Files]:
    """The agents of a run on a target, as they were archived; none where an agent improves itself."""
    named = entry.body.get("agents", []) if isinstance(entry.body, dict) else []
    items = [item for item in named if isinstance(item, dict)] if isinstance(named, list) else []
    return {str(item.get("name")): archive.files(CandidateId(str(item.get("candidate")))) for item in items}


@contextmanager
def _parts(folder: Path, config: RunConfig, files: Files, agents: dict[str, Files], opening: Opening) -> Iterator[Parts]:
    """The outside world of the run: its cases, and jails for what is judged again."""
    if not config.target:
        yield standard_parts(config, load_manifest(files))
        return
    aim = Aim(target=target_as_it_was(folder, config.target, opening.target), agents=agents)
    with aim.parts(config) as parts:
        yield parts


def _other_kernels(first: Entry, kernels: Sequence[str], *, failed: bool) -> Iterator[str]:
    """Entries by another kernel than the one that the run began with; where something failed, also that this rsi has another one."""
    named = first.body.get("kernel") if isinstance(first.body, dict) else None
    for kernel in kernels:
        if kernel != named:
            yield f"entry 0 names kernel {named}, but kernel {kernel} wrote into the log"
    if failed and named != kernel_hash():
        yield f"kernel {named} made this run; this rsi has kernel {kernel_hash()} and may decide otherwise: check with the rsi that made it"


def _missing_objects(entries: Sequence[Entry], archive: GitArchive) -> Iterator[str]:
    """Objects named in the log that are not there or do not have their name."""
    for entry in entries:
        body = entry.body if isinstance(entry.body, dict) else {}
        try:
            for name in (body.get("result"), body.get("patch"), body.get("asked"), *_inner(body, "items", "content")):
                if isinstance(name, str):
                    archive.blob(name)
            for candidate in (body.get("candidate"), body.get("start")):
                if isinstance(candidate, dict):
                    archive.files(CandidateId(str(candidate["id"])))
            for agent in _inner(body, "agents", "candidate"):
                archive.files(CandidateId(str(agent)))
        except IntegrityError as error:
            yield f"entry {entry.seq} ({entry.kind}): {error}"


def _inner(body: Mapping[str, Json], name: str, key: str) -> list[Json]:
    """One field of each item of a list in a body."""
    items = body.get(name)
    return [item.get(key) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _other_cases(entries: Sequence[Entry], suite: Suite) -> Iterator[str]:
    """Blocks of trials on other cases than those which the pool's secret seed gives at their place."""
    for entry in entries:
        if entry.kind != "trials.done" or not isinstance(entry.body, dict):
            continue
        first, rows = entry.body.get("first"), entry.body.get("trials")
        pool: Pool = decode(Pool, entry.body.get("pool"))
        if not isinstance(first, int) or not isinstance(rows, list):
            yield f"entry {entry.seq} ({entry.kind}): no block of trials"
            continue
        wanted = [(case.id, case.family) for case in suite.cases(pool, first, len(rows))]
        if wanted != [(row.get("case"), row.get("family")) for row in rows if isinstance(row, dict)]:
            yield f"entry {entry.seq} ({entry.kind}): its cases are not cases {first} to {first + len(rows) - 1} of the pool `{pool.value}`"


def _derive_again(
    entries: Sequence[Entry],
    archive: GitArchive,
    config: RunConfig,
    files: Files,
    agents: dict[str, Files],
    opening: Opening,
    parts: Parts,
) -> None:
    """Replay the run into a scratch archive; every event must come out as it stands in the log.

    Raises:
        IntegrityError: an entry does not follow from those before it.
    """
    past = [entry for entry in entries if entry.kind != UNCOUNTED]
    journal = Journal(None, past, lambda entry: None)
    floor = Replayed(recorded_results(past, archive), journal)
    with tempfile.TemporaryDirectory() as scratch, closing(GitArchive(Path(scratch) / OBJECTS_FOLDER)) as copy:
        revealed = replace(opening, commitments=parts.commitments, secrets=parts.secrets)
        staff = Staff(agents=agents, inbox=Inbox(None, archive))
        machine = Machine(config, files, opening=revealed, archive=copy, suite=parts.suite, journal=journal, floor=floor, staff=staff)
        try:
            live(machine)
        except EndOfLog:
            return
        except SHAPELESS as error:
            what = f"{type(error).__name__}: {error}"
            raise IntegrityError(f"{journal.place} cannot follow: a result before it has the wrong shape ({what})") from error
        finally:
            machine.desk.close()
    if journal.is_replaying:
        raise IntegrityError(f"{journal.place} stands behind the end of the run")
