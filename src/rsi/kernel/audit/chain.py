"""How entries hang together: the line of an entry, its hash over the one before, and the digest over all decisions."""

import hashlib
import json
from dataclasses import dataclass

from rsi.core.codec import canonical, sha256_hex
from rsi.core.errors import IntegrityError, MessageError
from rsi.core.protocols import Entry
from rsi.core.records import Json

__all__ = ["GENESIS", "UNCOUNTED", "Digest", "Sealed", "seal", "unseal"]

GENESIS = "0" * 64
"""What the first entry names as the hash of the one before it."""
UNCOUNTED = frozenset({"run.resumed"})
"""Kinds that say how a run was worked on, not what it decided: outside the digest."""

_FIELDS = {"seq", "kind", "body", "clock", "prev", "kernel", "hash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An entry together with its form on disk.

    Attributes:
        line: canonical JSON of all fields, with the newline.
        decision: canonical JSON of `[kind, body]`, which is what the digest covers.
        kernel: short hash of the kernel's source that wrote it.
    """

    entry: Entry
    line: bytes
    decision: bytes
    kernel: str


class Digest:
    """SHA-256 over the decisions of a log, in order: free of clocks, of hashes and of `UNCOUNTED` kinds."""

    def __init__(self) -> None:
        """The digest of an empty log."""
        self._hasher = hashlib.sha256()

    def add(self, sealed: Sealed) -> None:
        """Take the next entry in."""
        if sealed.entry.kind not in UNCOUNTED:
            self._hasher.update(sealed.decision)

    def hex(self) -> str:
        """The digest of what was added so far."""
        return self._hasher.hexdigest()


def seal(*, seq: int, kind: str, body: Json, clock: Json, prev: str, kernel: str) -> Sealed:
    """Entry number `seq`, chained to `prev`, the hash of the one before.

    Raises:
        MessageError: body or clock is not plain data.
    """
    what, inside, when = (_plain(part, kind) for part in (kind, body, clock))
    head = b'{"body":' + inside + b',"clock":' + when
    tail = b',"kernel":' + canonical(kernel) + b',"kind":' + what + b',"prev":"' + prev.encode() + b'","seq":%d}' % seq
    name = sha256_hex(head + tail)
    return Sealed(
        entry=Entry(seq=seq, kind=kind, body=body, clock=clock, hash=name),
        line=head + b',"hash":"' + name.encode() + b'"' + tail + b"\n",
        decision=b"[" + what + b"," + inside + b"]",
        kernel=kernel,
    )


def unseal(line: bytes, *, seq: int, prev: str, where: str) -> Sealed:
    """The entry in a line, if it is number `seq`, follows from `prev` and is, byte for byte, what `seal` would write.

    Raises:
        IntegrityError: it is not; names the entry and `where` it stands.
    """
    at = f"entry {seq} of {where}"
    data = _parse(line, at)
    if data["seq"] != seq:
        raise IntegrityError(f"{at}: entry {data['seq']} stands in its place; entries were removed, added or swapped")
    if data["prev"] != prev:
        raise IntegrityError(f"{at} does not follow from the entry before it; one of the two was changed")
    sealed = _reseal(data, at)
    if sealed.line != line:
        raise IntegrityError(f"{at} was changed after it was written: its hash does not fit")
    return sealed


def _parse(line: bytes, at: str) -> dict[str, Json]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise IntegrityError(f"{at} cannot be read: not JSON") from None
    if not isinstance(data, dict) or set(data) != _FIELDS:
        raise IntegrityError(f"{at} cannot be read: not the fields of an entry")
    texts = all(isinstance(data[name], str) for name in ("kind", "prev", "kernel", "hash"))
    if not texts or type(data["seq"]) is not int:
        raise IntegrityError(f"{at} cannot be read: a field has the wrong type")
    return data


def _reseal(data: dict[str, Json], at: str) -> Sealed:
    try:
        return seal(
            seq=int(str(data["seq"])),
            kind=str(data["kind"]),
            body=data["body"],
            clock=data["clock"],
            prev=str(data["prev"]),
            kernel=str(data["kernel"]),
        )
    except MessageError as error:
        raise IntegrityError(f"{at} cannot be read: {error}") from None


def _plain(part: Json, kind: str) -> bytes:
    try:
        return canonical(part)
    except (ValueError, TypeError, RecursionError) as error:
        raise MessageError(f"event {kind!r} is not plain data: {error}") from None
