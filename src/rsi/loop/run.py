"""Starting a run, and taking it up again where it was left: the same call does both."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from rsi.config import RunConfig, to_json
from rsi.core.codec import decode, encode
from rsi.core.errors import Halted, UserError
from rsi.core.protocols import Entry, Files
from rsi.core.records import Candidate, CandidateId, Json
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.archive.index import Index
from rsi.kernel.audit.identity import kernel_hash
from rsi.kernel.audit.lock import RunLock
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.audit.spool import Spool
from rsi.kernel.evaluate import load_manifest
from rsi.kernel.sandbox import STANDARD_PROFILE
from rsi.loop.cycle import live
from rsi.loop.heartbeat import Heartbeat
from rsi.loop.inbox import Inbox
from rsi.loop.jails import admit
from rsi.loop.machine import Machine, Opening, Staff
from rsi.loop.parts import Parts, standard_parts
from rsi.loop.replay import UNCOUNTED, Journal, recorded_results
from rsi.loop.workshop import Workshop
from rsi.schedule import WorkerPool

__all__ = ["LOG_FILE", "OBJECTS_FOLDER", "RunResult", "profile_in", "run"]

LOG_FILE = "log.jsonl"
"""The truth of a run, in its folder."""
SPOOL_FILE = "spool.jsonl"
OBJECTS_FOLDER = "objects.git"
"""The archive of a run, in its folder."""
INDEX_FILE = "index.sqlite"
_INCUMBENTS = {"incumbent.changed": "candidate", "lineage.quarantined": "incumbent"}
_TOGETHER = 64
_AT_ONCE = frozenset({"run.started", "cycle.opened", "incumbent.changed", "certificate.issued", "run.ended"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a call of `run` ended.

    Attributes:
        finished: whether the run is over; if not, the same call takes it up again.
        reason: why it ended or was stopped.
    """

    finished: bool
    reason: str


def run(
    folder: Path,
    config: RunConfig,
    start_files: Files,
    *,
    workers: int,
    observer: Callable[[Entry], None],
    stop: threading.Event,
    parts: Parts | None = None,
    agents: Mapping[str, Files] | None = None,
    target: Json = None,
) -> RunResult:
    """Run, or go on with the run in `folder`, until it ends or `stop` is set.

    Args:
        folder: the run folder; made if there is none.
        start_files: version 0.
        workers: real workers; they change the wall time and no decision.
        observer: sees every entry of the log in order, those of the past included.
        stop: set it from any thread; jails are closed, the folder can be taken up again.
        parts: jails and suite; the real ones of an agent that improves itself if None.
        agents: in a run on a target, the trees of those who improve it, by name.
        target: what the log says of that target (`rsi.loop.aim.told_of`).

    Raises:
        UserError: the folder is in use, cannot be written, or holds a run with another configuration, agent or rsi; or the jails of this
            machine are not what the run's cases ask for (see `rsi.loop.jails`).
        InfrastructureError: our own machinery failed; the folder can be taken up again.
        IntegrityError: the log or the archive was changed, or does not follow from itself.
    """
    with ExitStack() as stack:
        stack.enter_context(RunLock(folder))
        log = stack.enter_context(closing(FileEventLog(folder / LOG_FILE, kernel=kernel_hash())))
        past = list(log.entries())
        archive = stack.enter_context(closing(GitArchive(folder / OBJECTS_FOLDER)))
        spool = stack.enter_context(closing(Spool(folder / SPOOL_FILE)))
        if past and past[-1].kind == "run.ended":
            return _told_again(past, observer, archive, spool)
        setting = parts or standard_parts(config, load_manifest(start_files))
        opening = replace(_opening(setting, _profile(config, setting, past)), target=target)
        _check_same(past, config, opening)
        heart = stack.enter_context(Heartbeat(lambda: setting.now()[0]))
        opening = replace(opening, beside=admit(config, setting, opening.tier), standstill_s=lambda: heart.standstill_s)
        if past:
            past.append(log.append(UNCOUNTED, {}, {"at": round(setting.now()[1], 3), **opening.beside}))
        indexing = stack.enter_context(closing(_Indexing(Index.rebuild(folder / INDEX_FILE, past))))
        story = _Story()
        journal = Journal(log, past, _all(indexing, story, observer), setting.now, archive.sync)
        gateway = setting.make_gateway(folder)
        pool = stack.enter_context(WorkerPool(workers, setting.make_jail, setting.make_spare))
        if gateway is not None:
            stack.callback(gateway.close)  # before the pool's end, which waits for workers that wait for a model
        floor = Workshop(recorded_results(past, archive), spool, pool, journal, stop)
        staff = Staff(agents=agents or {}, gateway=gateway, inbox=Inbox(folder, archive), outside=setting.outside, shell=setting.shell)
        machine = Machine(
            config, start_files, opening=opening, archive=archive, suite=setting.suite, journal=journal, floor=floor, staff=staff
        )
        _check_same_start(past, machine)
        stack.callback(machine.desk.close)
        return _live(machine, story, archive, spool)


def _all(*observers: Callable[[Entry], None]) -> Callable[[Entry], None]:
    def observe(entry: Entry) -> None:
        for observer in observers:
            observer(entry)

    return observe


class _Indexing:
    """Lets the index follow the log: at once where a cycle begins or something is kept, else many entries at a time.

    What is not indexed yet when a process is killed is indexed when the run is taken up again.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._waiting: list[Entry] = []

    def __call__(self, entry: Entry) -> None:
        self._waiting.append(entry)
        if len(self._waiting) >= _TOGETHER or entry.kind in _AT_ONCE:
            self._catch_up()

    def close(self) -> None:
        """Index all that waits and give the index back."""
        with closing(self._index):
            self._catch_up()

    def _catch_up(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._index.follow(waiting)


class _Story:
    """What there is left to do when the run is over follows from three of its entries: how it began, the last incumbent, how it ended."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Json]] = {}
        self._incumbent: Json = None

    def __call__(self, entry: Entry) -> None:
        if entry.kind in ("run.started", "run.ended") and isinstance(entry.body, dict):
            self._kept[entry.kind] = entry.body
        if entry.kind in _INCUMBENTS and isinstance(entry.body, dict):
            self._incumbent = entry.body.get(_INCUMBENTS[entry.kind])

    @property
    def start(self) -> CandidateId:
        """Version 0."""
        first: Candidate = decode(Candidate, self._kept["run.started"]["start"])
        return first.id

    @property
    def release(self) -> CandidateId:
        """The last incumbent: the last one accepted, or the one that the run went back to."""
        return CandidateId(str(self._incumbent)) if self._incumbent else self.start

    @property
    def reason(self) -> str:
        """Why the run ended."""
        return str(self._kept["run.ended"]["reason"])


def _told_again(past: Sequence[Entry], observer: Callable[[Entry], None], archive: GitArchive, spool: Spool) -> RunResult:
    """What came of a run that has ended, its entries told as when they were made."""
    story = _Story()
    for entry in past:
        story(entry)
        observer(entry)
    return _tidy(story, archive, spool)


def _live(machine: Machine, story: _Story, archive: GitArchive, spool: Spool) -> RunResult:
    try:
        live(machine)
    except Halted as halt:
        return RunResult(finished=False, reason=str(halt))
    return _tidy(story, archive, spool)


def _tidy(story: _Story, archive: GitArchive, spool: Spool) -> RunResult:
    """What is left to do behind the last event: name the release for git, store candidates as deltas, drop what the log has by now."""
    archive.mark("start", story.start)
    archive.mark("release", story.release)
    archive.head(story.release)
    archive.pack()
    spool.clear()
    return RunResult(finished=True, reason=story.reason)


def _opening(parts: Parts, machine: Json) -> Opening:
    return Opening(tier=parts.tier(), kernel=kernel_hash(), commitments=parts.commitments, secrets=parts.secrets, machine=machine)


def _profile(config: RunConfig, parts: Parts, past: Sequence[Entry]) -> Json:
    """What agents are told of the machine: what stands in the log of a run that goes on, measured once where a new one wants it."""
    if past:
        return profile_in(past[0], config)
    return parts.measure() if config.run.profile == "measured" else STANDARD_PROFILE


def profile_in(first: Entry, config: RunConfig) -> Json:
    """The profile of the machine that a run began with: the standard one, or the one that was measured and written down."""
    told = first.body.get("machine") if isinstance(first.body, dict) else None
    return told if config.run.profile == "measured" else STANDARD_PROFILE


def _check_same(past: Sequence[Entry], config: RunConfig, opening: Opening) -> None:
    if not past or not isinstance(past[0].body, dict):
        return
    body = past[0].body
    changed = _difference(body.get("config"), to_json(config))
    if changed is not None:
        raise UserError(f"this run was begun with another configuration: {changed}; use the same one, or a new folder")
    if body.get("kernel") != opening.kernel:
        raise UserError(f"this run was begun by another version of rsi (kernel {body.get('kernel')}); use that one, or a new folder")
    if body.get("tier") != opening.tier:
        raise UserError(f"this run was begun in a jail of tier {body.get('tier')}, here it is {opening.tier}; use a new folder")


def _check_same_start(past: Sequence[Entry], machine: Machine) -> None:
    body = past[0].body if past else None
    if not isinstance(body, dict):
        return
    what = "agent" if machine.state.team is None else "target"
    if body.get("start") != encode(machine.state.start.candidate) or body.get("target") != machine.opening.target:
        raise UserError(f"this run was begun with another {what}: its files differ; use the same ones, or a new folder")
    team = {} if machine.state.team is None else machine.state.team.agents
    if body.get("agents", []) != [{"name": one.name, "candidate": one.version.id} for one in team.values()]:
        raise UserError("this run was begun with other agents: their files differ; use the same ones, or a new folder")


def _difference(old: Json, new: Json, at: str = "") -> str | None:
    """The first key in which two configurations differ, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            found = _difference(old.get(key), new.get(key), f"{at}.{key}" if at else key)
            if found is not None:
                return found
        return None
    return None if old == new else f"{at} was {old!r} and is now {new!r}"
