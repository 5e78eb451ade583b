"""Reading git packs (version 2, SHA-256 names) without git: index look-up, zlib, and deltas.

Formats: gitformat-pack(5) of git 2.29 and later.
"""

import mmap
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from rsi.core.errors import IntegrityError

__all__ = ["Pack"]

_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_OFFSET_DELTA, _NAME_DELTA = 6, 7
_NAME = 32
_FANOUT_AT, _NAMES_AT = 8, 8 + 256 * 4


class Pack:
    """One pack and its index, mapped into memory."""

    def __init__(self, index: Path) -> None:
        """Open `pack-….idx` and the pack beside it.

        Raises:
            IntegrityError: it is no pack index of version 2.
        """
        self._path = index.with_suffix(".pack")
        self._index = _mapped(index)
        if self._index[:8] != b"\xfftOc\x00\x00\x00\x02":
            raise IntegrityError(f"{index} is no git pack index of version 2")
        self._pack = _mapped(self._path)
        self._count = self._fanout(255)

    def names(self) -> Iterator[str]:
        """Names (hex) of all objects, sorted."""
        for row in range(self._count):
            yield self._name(row).hex()

    def read(self, name: str) -> tuple[str, bytes] | None:
        """Kind and content of an object, None if it is not in this pack; the caller checks the name.

        Raises:
            IntegrityError: the pack is damaged at this object.
        """
        offset = self._find(bytes.fromhex(name))
        if offset is None:
            return None
        try:
            return self._object(offset)
        except (zlib.error, IndexError, KeyError, struct.error, RecursionError):
            raise IntegrityError(f"object {name} in {self._path} is damaged") from None

    def close(self) -> None:
        """Unmap the files."""
        self._index.close()
        self._pack.close()

    def _fanout(self, first: int) -> int:
        return _number(self._index, _FANOUT_AT + 4 * first) if first >= 0 else 0

    def _name(self, row: int) -> bytes:
        at = _NAMES_AT + row * _NAME
        return self._index[at : at + _NAME]

    def _find(self, name: bytes) -> int | None:
        low, high = self._fanout(name[0] - 1), self._fanout(name[0])
        while low < high:
            middle = (low + high) // 2
            found = self._name(middle)
            if found == name:
                return self._offset(middle)
            low, high = (middle + 1, high) if found < name else (low, middle)
        return None

    def _offset(self, row: int) -> int:
        offsets_at = _NAMES_AT + self._count * (_NAME + 4)
        offset = _number(self._index, offsets_at + row * 4)
        if offset < 1 << 31:
            return offset
        large_at = offsets_at + self._count * 4 + (offset - (1 << 31)) * 8
        return int.from_bytes(self._index[large_at : large_at + 8], "big")

    def _object(self, offset: int) -> tuple[str, bytes]:
        deltas: list[bytes] = []
        while True:
            kind, size, at = self._header(offset)
            if kind == _OFFSET_DELTA:
                back, at = self._distance(at)
                following = offset - back
            elif kind == _NAME_DELTA:
                base = self._find(self._pack[at : at + _NAME])
                at += _NAME
                following = -1 if base is None else base
            else:
                break
            if not 0 < following < len(self._pack) or len(deltas) > 4096:
                raise IndexError
            deltas.append(self._inflate(at, size))
            offset = following
        content = self._inflate(at, size)
        for delta in reversed(deltas):
            content = _patched(content, delta)
        return _KINDS[kind], content

    def _header(self, at: int) -> tuple[int, int, int]:
        byte = self._pack[at]
        kind, size, shift = (byte >> 4) & 7, byte & 15, 4
        while byte & 128:
            at += 1
            byte = self._pack[at]
            size |= (byte & 127) << shift
            shift += 7
        return kind, size, at + 1

    def _distance(self, at: int) -> tuple[int, int]:
        byte = self._pack[at]
        distance = byte & 127
        while byte & 128:
            at += 1
            byte = self._pack[at]
            distance = ((distance + 1) << 7) | (byte & 127)
        return distance, at + 1

    def _inflate(self, at: int, size: int) -> bytes:
        stream = zlib.decompressobj()
        content = stream.decompress(self._pack[at : at + size + (size >> 8) + 64], size + 1)
        while len(content) <= size and not stream.eof and stream.unconsumed_tail:
            content += stream.decompress(stream.unconsumed_tail, size + 1 - len(content))
        if len(content) != size:
            raise IndexError
        return content


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as handle:
            return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise IntegrityError(f"cannot read {path}: {error}") from None


def _number(data: mmap.mmap, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _patched(base: bytes, delta: bytes) -> bytes:
    """The content that a git delta makes of its base."""
    base_size, at = _length(delta, 0)
    size, at = _length(delta, at)
    parts: list[bytes] = []
    while at < len(delta):
        code = delta[at]
        at += 1
        if code & 128:
            start, count, at = _copy(delta, at, code)
            parts.append(base[start : start + count])
        else:
            parts.append(delta[at : at + code])
            at += code
    content = b"".join(parts)
    if len(base) != base_size or len(content) != size:
        raise IndexError
    return content


def _copy(delta: bytes, at: int, code: int) -> tuple[int, int, int]:
    values = [0, 0]
    for bit in range(7):
        if code & (1 << bit):
            values[bit >= 4] |= delta[at] << (8 * (bit % 4 if bit < 4 else bit - 4))
            at += 1
    return values[0], values[1] or 0x10000, at


def _length(delta: bytes, at: int) -> tuple[int, int]:
    size = shift = 0
    while True:
        byte = delta[at]
        at += 1
        size |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return size, at
