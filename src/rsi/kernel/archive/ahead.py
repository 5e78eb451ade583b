"""Objects that were written and not yet packed, once more in one file: forcing this to the disk forces them all at once.

To force each object's own file costs a run more than all else that it does with the object. So a record of each is appended here, and what
a loss of power took of the objects is written again from here when the archive is opened next.

Covers: loss of power after `sync`; `kill -9` and full disk while a record was written (the record is cut off). Does not cover: loss of
power before `sync`; a disk that loses what it was forced to keep.
"""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rsi.core.errors import InfrastructureError

__all__ = ["Ahead"]

_NAME, _SIZE = 64, 12
_HEAD = _NAME + _SIZE
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class Ahead:
    """Records of objects in a file that is there only as long as some are not packed."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self._path = path
        self._fd = -1
        self._length = 0
        self._is_dirty = self._is_torn = False
        self._lock = threading.Lock()

    def add(self, name: str, packed: bytes) -> None:
        """Keep an object as it stands in its own file.

        Raises:
            InfrastructureError: there is no room for it; nothing was added.
        """
        record = b"%s%*d" % (name.encode(), _SIZE, len(packed)) + packed
        with self._lock:
            try:
                self._make_ready()
                if os.write(self._fd, record) != len(record):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError as error:
                self._take_back()
                raise InfrastructureError(f"cannot write {self._path}: {error.strerror}; nothing was changed") from None
            self._length += len(record)
            self._is_dirty = True

    def sync(self) -> None:
        """Force all records to the disk.

        Raises:
            OSError: the disk refuses.
        """
        if self._is_dirty:
            os.fsync(self._fd)
            self._is_dirty = False

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of all objects that are here, oldest first."""
        for name, start, size in self._places():
            yield name, os.pread(self._fd, size, start)

    def drop(self) -> None:
        """Forget all records: the objects are on the disk by now."""
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the file back; what was forced stays."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._length, self._is_dirty, self._is_torn = -1, 0, False, False

    def _make_ready(self) -> None:
        if self._fd < 0:
            self._open()
        if self._is_torn:
            os.ftruncate(self._fd, self._length)
            self._is_torn = False

    def _open(self) -> None:
        """Open the file, make one where there is none, and cut off a record that was not finished."""
        is_new = not self._path.exists()
        self._fd = os.open(self._path, _FLAGS, 0o644)
        if is_new:
            _force_folder(self._path.parent)
        self._length = max((start + size for _, start, size in self._places()), default=0)
        os.ftruncate(self._fd, self._length)

    def _places(self) -> Iterator[tuple[str, int, int]]:
        """Name of each object, and where its content begins and how long it is; nothing where there is no file."""
        if self._fd < 0:
            if not self._path.exists():
                return
            self._open()
        at, end = 0, os.fstat(self._fd).st_size
        while len(head := os.pread(self._fd, _HEAD, at)) == _HEAD and head[_NAME:].strip().isdigit():
            size = int(head[_NAME:])
            if at + _HEAD + size > end:
                return
            yield head[:_NAME].decode("ascii", "replace"), at + _HEAD, size
            at += _HEAD + size

    def _take_back(self) -> None:
        """Leave no part of a record in the way of the next; where that fails too, the next record tries again, and so does an opening."""
        self._is_torn = self._fd >= 0
        with suppress(OSError):
            self._make_ready()


def _force_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
