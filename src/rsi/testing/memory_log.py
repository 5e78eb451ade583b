"""An event log that lives as long as its object: for tests of whatever needs a log but no file."""

from collections.abc import Iterator

from rsi.core.protocols import Entry
from rsi.core.records import Json
from rsi.kernel.audit.chain import GENESIS, Digest, seal, unseal

__all__ = ["MemoryLog"]


class MemoryLog:
    """An `EventLog` in memory: chained and digested like a log in a file, so that equal events give equal digests and hashes."""

    def __init__(self, *, kernel: str = "test") -> None:
        """An empty log whose entries say that `kernel` wrote them."""
        self._kernel = kernel
        self._head = GENESIS
        self._lines: list[bytes] = []
        self._digest = Digest()

    def append(self, kind: str, body: Json, clock: Json = None) -> Entry:
        """Keep one entry.

        Raises:
            MessageError: body or clock is not plain data.
        """
        sealed = seal(seq=len(self._lines), kind=kind, body=body, clock=clock, prev=self._head, kernel=self._kernel)
        self._lines.append(sealed.line)
        self._head = sealed.entry.hash
        self._digest.add(sealed)
        return sealed.entry

    def entries(self) -> Iterator[Entry]:
        """All entries so far, oldest first, each a copy of its own."""
        prev = GENESIS
        for seq, line in enumerate(tuple(self._lines)):
            entry = unseal(line, seq=seq, prev=prev, where="memory").entry
            prev = entry.hash
            yield entry

    def digest(self) -> str:
        """SHA-256 (hex) over kinds and bodies of all entries but `run.resumed`."""
        return self._digest.hex()

    def sync(self) -> None:
        """Nothing to force: there is no disk."""
