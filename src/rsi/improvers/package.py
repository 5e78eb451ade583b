"""An improver as one file of plain data that says its own hash, and back; the file may come from anybody.

Covers: any changed byte (the file says the SHA-256 of all the rest, and has one form only); duplicate keys, depth, numbers and sizes out
of bounds; paths that leave the tree, steer Python or git, or are confused with one another; a tree, a name or a chain of runs that does not
fit what the file says elsewhere. Nothing is unpacked to a disk, and nothing is executed.
Does not cover: a certificate that somebody made up, together with its hash; what the files do, which is the jail's part.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from rsi.core.codec import canonical, decode, encode, loads, sha256_hex
from rsi.core.errors import IntegrityError, MessageError, UserError
from rsi.core.protocols import Files
from rsi.core.records import Json
from rsi.improvers.checks import problem_of
from rsi.improvers.records import Improver

__all__ = ["MAX_BYTES", "Packed", "pack", "unpack"]

MAX_BYTES = 24_000_000
"""Of a file: room for the largest tree in base64 and some text around it."""
_FORMAT = "rsi improver 1"
_KEYS = {"files", "format", "id", "improver"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """An improver with its files.

    Attributes:
        id: SHA-256 of everything else: record, certificate and files.
        raw: the bytes of its file.
    """

    id: str
    improver: Improver
    files: Files
    raw: bytes


def pack(improver: Improver, files: Files) -> Packed:
    """One file of an improver; the same improver always gives the same bytes.

    Raises:
        UserError: what it consists of could not be read back by anybody: it is too large, say, or a path is not allowed.
    """
    problem = problem_of(improver, files)
    if problem is not None:
        raise UserError(f"this version cannot be kept as an improver: {problem}")
    shown: dict[str, Json] = {path: _shown(content) for path, content in files.items()}
    body: dict[str, Json] = {"files": shown, "format": _FORMAT, "improver": encode(improver)}
    identity = sha256_hex(canonical(body))
    raw = canonical({**body, "id": identity}) + b"\n"
    if len(raw) > MAX_BYTES:
        raise UserError(f"this version cannot be kept as an improver: its file would have {len(raw)} bytes; at most {MAX_BYTES} are read")
    return Packed(id=identity, improver=improver, files=dict(sorted(files.items())), raw=raw)


def unpack(raw: bytes, where: str) -> Packed:
    """The improver in a file.

    Args:
        raw: bytes from anywhere.
        where: the file, for messages.

    Raises:
        IntegrityError: the file is not as it was written; names it.
        UserError: it is, but whoever wrote it put something in that no improver may have.
    """
    data = _checked(raw, where)
    try:
        improver: Improver = decode(Improver, data["improver"])
    except MessageError as error:
        raise IntegrityError(f"{where} holds no improver that this version of rsi can read: {error}") from None
    files = _files(data["files"], where)
    problem = problem_of(improver, files)
    if problem is not None:
        raise UserError(f"{where} cannot be used: {problem}")
    packed = pack(improver, files)
    if packed.raw != raw:
        raise IntegrityError(f"{where} is not in the one form that an improver has; it was not written by rsi")
    return packed


def _checked(raw: bytes, where: str) -> dict[str, Json]:
    """The fields of a file whose hash fits."""
    try:
        data = loads(raw, max_bytes=MAX_BYTES)
    except MessageError as error:
        raise IntegrityError(f"{where} is no file of an improver, or it was changed: {error}") from None
    if not isinstance(data, dict) or set(data) != _KEYS or data["format"] != _FORMAT:
        raise IntegrityError(f"{where} is no file of an improver; `rsi improver export` writes one")
    body = {key: value for key, value in data.items() if key != "id"}
    if data["id"] != sha256_hex(canonical(body)):
        raise IntegrityError(f"{where} was changed after it was written: its content does not have the hash that it says")
    return data


def _shown(content: bytes) -> Json:
    """A file as text where people can read it, else as base64."""
    text = _text(content)
    return {"base64": base64.b64encode(content).decode("ascii")} if text is None else text


def _text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if any(char < " " and char not in "\n\t" or char == "\x7f" for char in text) else text


def _files(data: Json, where: str) -> Files:
    if not isinstance(data, dict):
        raise IntegrityError(f"{where} holds no files")
    return {path: _content(shown, f"{where}, file {path[:80]!r}") for path, shown in data.items()}


def _content(shown: Json, where: str) -> bytes:
    if isinstance(shown, str):
        return shown.encode("utf-8")
    if isinstance(shown, Mapping) and set(shown) == {"base64"}:
        try:
            return base64.b64decode(str(shown["base64"]), validate=True)
        except (binascii.Error, ValueError):
            pass
    raise IntegrityError(f"{where} is neither text nor base64")
