"""The event log in a file: one line per entry, each chained to the one before by its hash.

Covers: an entry that was changed, removed, added or swapped (found at opening and when reading, and named); a process killed or a
disk filled while a line was written (the unfinished line is cut off, nothing else). Does not cover: whole entries cut off at the end, or a
chain written anew from some entry on; both change `digest()` or the last hash, so compare those with a copy kept elsewhere.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from rsi.core.errors import InfrastructureError, IntegrityError, UserError
from rsi.core.protocols import Entry
from rsi.core.records import Json
from rsi.kernel.audit.appendfile import AppendFile, Write
from rsi.kernel.audit.chain import GENESIS, Digest, Sealed, seal, unseal

__all__ = ["FileEventLog"]


class FileEventLog:
    """An event log over a file of lines; use `read` for a log that must stay as it is.

    Attributes:
        torn: bytes of an unfinished last line that a read-only opening left in place; 0 after an opening for appending.
    """

    torn: int

    def __init__(self, path: Path, *, kernel: str, write: Write = os.write) -> None:
        """Open or create the log for appending, verify all of it and cut off a last line that was not finished.

        Args:
            path: the file.
            kernel: short hash of the kernel's source, written into each entry.
            write: the system call that appends.

        Raises:
            UserError: the file cannot be opened for writing.
            IntegrityError: an entry does not check.
        """
        self._file: AppendFile | None = AppendFile(path, write=write)
        self._begin(path, kernel)
        if self.torn:
            self._file.truncate(self._length)
            self.torn = 0

    @classmethod
    def read(cls, path: Path) -> "FileEventLog":
        """Open a log to look at it: nothing is written, cut off or locked; `append` is refused.

        Raises:
            UserError: no such file.
            IntegrityError: an entry does not check.
        """
        log = cls.__new__(cls)
        log._file = None
        log._begin(path, "")
        return log

    @property
    def kernels(self) -> tuple[str, ...]:
        """Short hashes of all kernel sources that wrote into this log, in order of appearance."""
        return tuple(self._kernels)

    @property
    def head(self) -> str:
        """Hash of the last entry: the shortest witness of the whole log."""
        return self._head

    def __len__(self) -> int:
        """Number of entries."""
        return self._count

    def append(self, kind: str, body: Json, clock: Json = None) -> Entry:
        """Write one entry so that `kill -9` cannot lose it.

        Raises:
            InfrastructureError: it could not be written; nothing was appended.
            MessageError: body or clock is not plain data.
        """
        if self._file is None:
            raise InfrastructureError(f"{self._path} is open for reading only")
        sealed = seal(seq=self._count, kind=kind, body=body, clock=clock, prev=self._head, kernel=self._kernel)
        self._file.append(sealed.line)
        self._take(sealed)
        return sealed.entry

    def entries(self) -> Iterator[Entry]:
        """All entries so far, oldest first, verified anew while they are read.

        Raises:
            IntegrityError: an entry does not follow from the one before; names the entry.
        """
        for sealed in self._sealed(self._length):
            yield sealed.entry

    def digest(self) -> str:
        """SHA-256 (hex) over kinds and bodies of all entries but `run.resumed`: equal for equal decisions."""
        return self._digest.hex()

    def sync(self) -> None:
        """Force what was appended to the disk.

        Raises:
            InfrastructureError: the disk refuses.
        """
        if self._file is not None:
            self._file.sync()

    def close(self) -> None:
        """Give the file back; what was written stays."""
        if self._file is not None:
            self._file.close()

    def _begin(self, path: Path, kernel: str) -> None:
        self._path = path
        self._kernel = kernel
        self._count = 0
        self._length = 0
        self._head = GENESIS
        self._digest = Digest()
        self._kernels: dict[str, None] = {}
        self.torn = 0
        for sealed in self._sealed(None):
            self._take(sealed)

    def _take(self, sealed: Sealed) -> None:
        self._count += 1
        self._length += len(sealed.line)
        self._head = sealed.entry.hash
        self._digest.add(sealed)
        self._kernels.setdefault(sealed.kernel)

    def _sealed(self, end: int | None) -> Iterator[Sealed]:
        """Verified entries up to offset `end` (None: up to the last line that is finished)."""
        seq, prev, offset = 0, GENESIS, 0
        for line in self._lines():
            if offset == end:
                return
            if end is None and not line.endswith(b"\n"):
                self.torn = len(line)
                return
            sealed = unseal(line, seq=seq, prev=prev, where=str(self._path))
            seq, prev, offset = seq + 1, sealed.entry.hash, offset + len(line)
            yield sealed
        if end is not None and offset != end:
            raise IntegrityError(f"entry {seq} of {self._path} is gone; the file was cut off while it was in use")

    def _lines(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as handle:
                yield from handle
        except OSError as error:
            raise UserError(f"cannot read {self._path}: {error.strerror}; name the folder of a run") from None
