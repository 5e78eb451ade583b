"""The archive of git objects holds to the contract of archives."""

from pathlib import Path

from rsi.core.protocols import Archive
from rsi.kernel.archive.git import GitArchive
from rsi.testing.conformance.archive import ArchiveConformance


class TestGitArchive(ArchiveConformance):
    def make_archive(self, folder: Path) -> Archive:
        return GitArchive(folder)
