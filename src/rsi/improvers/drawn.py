"""Drawing the record of an improver from the folder of a finished run: everything in it follows from the run's log and archive."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from rsi.analytics import Attempt, Progress, progress_of
from rsi.config import from_json
from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import IntegrityError, UserError
from rsi.core.protocols import Entry, Files
from rsi.core.records import Certificate, Json, TreeId
from rsi.improvers.package import Packed, pack
from rsi.improvers.records import Arrival, Change, Improver, Passage
from rsi.improvers.store import PREFIX, Store
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.evaluate import load_manifest
from rsi.loop.run import LOG_FILE, OBJECTS_FOLDER
from rsi.loop.state import run_seed

__all__ = ["improver_of", "keep_release", "passage_of"]


def keep_release(store: Store, folder: Path, *, at: float) -> Packed:
    """Keep the release of a finished run whose gain is certified; one that is there already stays as it is.

    Args:
        folder: of the run.
        at: seconds since 1970.

    Raises:
        UserError: there is nothing to keep, with the reason, or the store cannot be written.
        IntegrityError: the log or the archive does not check.
    """
    improver, files = improver_of(folder, store)
    packed = pack(improver, files)
    store.add(packed, Arrival(at=at, source=str(folder.resolve()), checked=store.vouches(improver.passages[:-1])))
    return packed


def improver_of(folder: Path, store: Store) -> tuple[Improver, Files]:
    """The release of a run as an improver, with its files.

    Where the run itself began from an improver of the store, the runs behind that one come first.

    Raises:
        UserError: the run is not finished, or has no certified gain.
        IntegrityError: the log or the archive does not check.
    """
    passage, files, agent = passage_of(folder)
    before = _before(agent, passage.start, store)
    return Improver(name=load_manifest(files).name, tree=passage.release, passages=(*before, passage)), files


def passage_of(folder: Path) -> tuple[Passage, Files, str]:
    """What a run certified, the files of its release, and the agent that it was started with.

    Raises:
        UserError: the run is not finished, or has no certified gain.
        IntegrityError: the log or the archive does not check.
    """
    log = FileEventLog.read(folder / LOG_FILE)
    entries = list(log.entries())
    progress = progress_of(entries)
    certificate = _certified(folder, progress)
    started = _body(entries[0])
    config = from_json(started.get("config"))
    with closing(GitArchive(folder / OBJECTS_FOLDER, create=False)) as archive:
        files, release = archive.files(certificate.release), archive.tree(certificate.release)
    passage = Passage(
        run=progress.run,
        seed=config.run.seed,
        config=sha256_hex(canonical(started.get("config"))),
        suite=config.suite,
        build_seed=run_seed(config, "build"),
        kernel=str(started.get("kernel")),
        head=log.head,
        digest=log.digest(),
        ended=_ended(entries[-1]),
        start=progress.start.tree,
        release=release,
        certificate=certificate,
        changes=tuple(map(_change, progress.accepted)),
    )
    return passage, files, config.agent


def _certified(folder: Path, progress: Progress) -> Certificate:
    certificate = progress.certificate
    if progress.ended is None:
        raise UserError(f"{folder} is not finished; only the release of a finished run is certified, take it up again with `rsi run`")
    if certificate is None:
        raise UserError(f"{folder} has no certificate: it ended with {progress.ended!r}, and nothing was shown to be better than the start")
    if certificate.low <= 0:
        raise UserError(f"the gain of {folder} is not certified: its interval reaches down to {100 * certificate.low:+.1f} points")
    if certificate.release != progress.incumbents[-1].candidate:
        raise UserError(f"the release of {folder} was undone after it was certified")
    return certificate


def _before(agent: str, start: TreeId, store: Store) -> tuple[Passage, ...]:
    identity = agent.removeprefix(PREFIX)
    if identity == agent or identity not in store.ids():
        return ()
    known = store.read(identity).improver
    return known.passages if known.tree == start else ()


def _change(attempt: Attempt) -> Change:
    belief, verdict = attempt.belief, attempt.verdict
    return Change(
        surface=attempt.proposal.surface,
        limitation=attempt.limitation.text if attempt.limitation else "",
        reason=attempt.proposal.reason,
        pairs=verdict.effect.pairs if verdict else 0,
        gain=belief.mean if belief else None,
        spread=belief.spread if belief else None,
        p_better=belief.p_better if belief else None,
    )


def _body(entry: Entry) -> Mapping[str, Json]:
    if not isinstance(entry.body, dict):
        raise IntegrityError(f"entry {entry.seq} ({entry.kind}) has no fields")
    return entry.body


def _ended(entry: Entry) -> float:
    """Seconds since 1970 at the end of the run, as its clock said."""
    at = entry.clock.get("at") if isinstance(entry.clock, dict) else None
    return float(at) if isinstance(at, int | float) else 0.0
