"""Looking into a run's folder without touching it: log, index in memory, archive, and the names people use for candidates."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rsi.core.errors import IntegrityError, UserError
from rsi.core.records import CandidateId
from rsi.kernel.archive.git import GitArchive
from rsi.kernel.archive.index import Index
from rsi.kernel.archive.views import RunView
from rsi.kernel.audit.log import FileEventLog

__all__ = ["OpenRun", "is_run", "open_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run's folder, open for reading."""

    folder: Path
    log: FileEventLog
    index: Index
    archive: GitArchive
    view: RunView

    @property
    def versions(self) -> tuple[CandidateId, ...]:
        """The start and every candidate that became the best so far, in order: version 0, 1, 2 …"""
        return tuple(step.candidate.id for step in self.index.lineage(self.view.incumbent))

    def candidate(self, text: str) -> CandidateId:
        """The candidate that a person means: `start`, `release`, `v3` (third kept version) or the first digits of its name.

        Raises:
            UserError: there is none, or more than one.
        """
        if text in ("start", "release"):
            return self.versions[0] if text == "start" else self.view.incumbent
        match = re.fullmatch(r"v(\d{1,6})", text)
        if match is None:
            return self.index.find(text)
        if int(match[1]) >= len(self.versions):
            raise UserError(f"{self.folder} has versions v0 to v{len(self.versions) - 1}, no {text}")
        return self.versions[int(match[1])]


def is_run(folder: Path) -> bool:
    """Whether this is the folder of a run."""
    return (folder / "log.jsonl").is_file()


@contextmanager
def open_run(folder: Path) -> Iterator[OpenRun]:
    """A run's folder, checked entry by entry while it is read.

    Raises:
        UserError: there is no such folder, or it is not that of a run.
        IntegrityError: the log does not check.
    """
    if not is_run(folder):
        why = "it has no log.jsonl" if folder.is_dir() else "there is no such folder"
        raise UserError(f"{folder} is not the folder of a run: {why}; `rsi run` makes one below runs/")
    log = FileEventLog.read(folder / "log.jsonl")
    index = Index.rebuild(None, log.entries())
    try:
        view = index.run()
        if view is None:
            raise IntegrityError(f"{folder}/log.jsonl does not begin with the start of a run")
        archive = GitArchive(folder / "objects.git", create=False)
        try:
            yield OpenRun(folder=folder, log=log, index=index, archive=archive, view=view)
        finally:
            archive.close()
    finally:
        index.close()
