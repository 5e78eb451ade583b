"""Checking a run from its folder alone: the chain, the archive, and every decision derived again from its evidence."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from rsi.config import RunConfig, from_json
from rsi.core.codec import decode
from rsi.core.errors import IntegrityError, MessageError, UserError
from rsi.core.protocols import Entry, Files
from rsi.core.records import Candidate, CandidateId
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.evaluate import load_manifest
from rsi.loop.cycle import live
from rsi.loop.machine import Machine, Opening
from rsi.loop.parts import Parts, standard_parts
from rsi.loop.rejudge import rejudge_blocks
from rsi.loop.replay import UNCOUNTED, EndOfLog, Journal, Replayed, recorded_results
from rsi.loop.run import LOG_FILE, OBJECTS_FOLDER

__all__ = ["Verification", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a check of a run found.

    Attributes:
        ok: no problem and no mismatch.
        problems: what does not check, each naming its entry or object.
        entries: entries of the log that were read.
        digest: the log's digest over all decisions.
        rejudged: trials that were run again.
        mismatches: how many of them came out differently.
    """

    ok: bool
    problems: tuple[str, ...]
    entries: int
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

    The log's chain, every archived object that it names, and every event derived again from the results of jobs. With `rejudge`,
    so many blocks of trials, drawn by the log's digest, are run again in fresh jails.

    Raises:
        UserError: the folder holds no run.
    """
    if not (folder / LOG_FILE).is_file():
        raise UserError(f"{folder} holds no run (no {LOG_FILE}); name the folder of a run")
    try:
        log = FileEventLog.read(folder / LOG_FILE)
        entries = list(log.entries())
    except IntegrityError as error:
        return Verification(ok=False, problems=(str(error),), entries=0, digest="", rejudged=0, mismatches=0)
    findings = _Findings()
    if entries:
        _check(folder, entries, log.digest(), rejudge, parts, findings)
    else:
        findings.problems.append("the log is empty")
    return Verification(
        ok=not findings.problems and not findings.mismatches,
        problems=tuple(findings.problems),
        entries=len(entries),
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
            files = archive.files(start.id)
            setting = parts or standard_parts(config, load_manifest(files))
            _derive_again(entries, archive, config, files, opening, setting)
        except (IntegrityError, MessageError, UserError) as error:
            findings.problems.append(str(error))
            return
        if rejudge and not findings.problems:
            findings.rejudged, findings.mismatches = rejudge_blocks(entries, archive, config, setting, rejudge, digest)


def _beginning(entry: Entry) -> tuple[RunConfig, Candidate, Opening]:
    body = entry.body
    if entry.kind != "run.started" or not isinstance(body, dict):
        raise IntegrityError(f"entry 0 ({entry.kind}) is not the start of a run")
    opening = Opening(tier=str(body["tier"]), kernel=str(body["kernel"]), commitments=body["pools"], secrets=None)
    return from_json(body["config"]), decode(Candidate, body["start"]), opening


def _missing_objects(entries: Sequence[Entry], archive: GitArchive) -> Iterator[str]:
    """Objects named in the log that are not there or do not have their name."""
    for entry in entries:
        body = entry.body if isinstance(entry.body, dict) else {}
        try:
            for name in (body.get("result"), body.get("patch")):
                if isinstance(name, str):
                    archive.blob(name)
            for candidate in (body.get("candidate"), body.get("start")):
                if isinstance(candidate, dict):
                    archive.files(CandidateId(str(candidate["id"])))
        except IntegrityError as error:
            yield f"entry {entry.seq} ({entry.kind}): {error}"


def _derive_again(entries: Sequence[Entry], archive: GitArchive, config: RunConfig, files: Files, opening: Opening, parts: Parts) -> None:
    """Replay the run into a scratch archive; every event must come out as it stands in the log.

    Raises:
        IntegrityError: an entry does not follow from those before it.
    """
    past = [entry for entry in entries if entry.kind != UNCOUNTED]
    journal = Journal(None, past, lambda entry: None)
    floor = Replayed(recorded_results(past, archive), journal)
    with tempfile.TemporaryDirectory() as scratch, closing(GitArchive(Path(scratch) / OBJECTS_FOLDER)) as copy:
        revealed = Opening(tier=opening.tier, kernel=opening.kernel, commitments=parts.commitments, secrets=parts.secrets)
        machine = Machine(config, files, opening=revealed, archive=copy, suite=parts.suite, journal=journal, floor=floor)
        try:
            live(machine)
        except EndOfLog:
            return
        finally:
            machine.desk.close()
    if journal.is_replaying:
        raise IntegrityError(f"{journal.place} stands behind the end of the run")
