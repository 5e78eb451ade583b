"""The archive of git objects and the one in memory hold to the contract of archives."""

from pathlib import Path

from rsi.core.protocols import Archive
from rsi.kernel.archive.git import GitArchive
from rsi.testing.conformance.archive import ArchiveConformance
from rsi.testing.in_memory import MemoryArchive


class TestGitArchive(ArchiveConformance):
    def make_archive(self, folder: Path) -> Archive:
        return GitArchive(folder)


class TestMemoryArchive(ArchiveConformance):
    def make_archive(self, folder: Path) -> Archive:
        return MemoryArchive()
