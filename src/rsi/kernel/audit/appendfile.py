"""A file that only grows, one whole record at a time: either all of a record is there, or nothing of it."""

import os
from collections.abc import Callable
from pathlib import Path

from rsi.core.errors import InfrastructureError, UserError

__all__ = ["AppendFile", "Write"]

Write = Callable[[int, bytes], int]
"""The system call that appends bytes to a descriptor and returns how many it took (`os.write`; tests pass one that fails)."""


class AppendFile:
    """Appends records with one system call each and takes back what was written only in part.

    Covers: `kill -9` (a finished `append` is in the kernel's page cache), full disk, read-only file system, another process that
    writes into the same file. Does not cover: loss of power before `sync`.
    """

    def __init__(self, path: Path, *, write: Write = os.write) -> None:
        """Open or create the file.

        Raises:
            UserError: it cannot be opened for writing.
        """
        self.path = path
        self._write = write
        self._dirty = False
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}; choose a folder that can be written") from None
        self._length = os.fstat(self._fd).st_size

    @property
    def length(self) -> int:
        """Bytes of all whole records."""
        return self._length

    def append(self, record: bytes) -> int:
        """Write one record and return the offset at which it begins.

        Raises:
            InfrastructureError: it could not be written as a whole; the file is as it was before.
        """
        start = self._length
        try:
            self._expect_own_end()
            written = self._write(self._fd, record)
        except OSError as error:
            self._take_back()
            raise InfrastructureError(f"cannot write {self.path}: {error.strerror}; nothing was added to it") from None
        if written != len(record):
            self._take_back()
            raise InfrastructureError(f"cannot write {self.path}: only {written} of {len(record)} bytes fitted; is the disk full?")
        self._length += written
        return start

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on (fewer at the end)."""
        return os.pread(self._fd, size, offset)

    def truncate(self, length: int) -> None:
        """Cut the file off after `length` bytes.

        Raises:
            InfrastructureError: the file system refuses.
        """
        try:
            os.ftruncate(self._fd, length)
        except OSError as error:
            raise InfrastructureError(f"cannot shorten {self.path}: {error.strerror}") from None
        self._length = length

    def sync(self) -> None:
        """Force what was appended to the disk.

        Raises:
            InfrastructureError: the disk refuses.
        """
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise InfrastructureError(f"cannot force {self.path} to the disk: {error.strerror}") from None

    def close(self) -> None:
        """Give the descriptor back; calling twice is harmless."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _expect_own_end(self) -> None:
        if self._dirty:
            os.ftruncate(self._fd, self._length)
            self._dirty = False
        if os.fstat(self._fd).st_size != self._length:
            raise InfrastructureError(f"{self.path} was changed by another process while it was in use; stop that one and resume")

    def _take_back(self) -> None:
        self._dirty = True
        try:
            os.ftruncate(self._fd, self._length)
        except OSError:
            return  # the next append tries again; opening the file cuts the torn record off too
        self._dirty = False
