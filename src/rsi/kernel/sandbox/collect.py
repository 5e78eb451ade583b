"""Files that a call leaves behind, brought out: plain files of its own folder and nothing else. Runs on both sides, as text and imported.

The zygote gathers after the last process of the call is gone; the kernel believes nothing of what it says and checks again.

Covers: symbolic links, FIFOs, devices, sockets and other file systems (left behind), files that have another name outside the folder (left
behind), rights and owners (only bytes come out, so no setuid bit does), names that are no plain relative path or no Unicode, sparse files,
too many files, too many bytes, folders too deep (refused as a whole: half a result is none).
Does not cover: what is in the files.
"""

import collections
import json
import os
import stat
import struct
from collections.abc import Iterator, Mapping

__all__ = ["MOST_FILES", "gather", "unpack", "unusable"]

MOST_FILES = 10_000
"""How many entries a folder may have in all, whatever their kind."""
_DEPTH = 40
_AS_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_AS_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def unusable(path: str) -> bool:
    """Whether this is not a plain relative POSIX path of printable Unicode."""
    parts = path.split("/")
    odd = "\\" in path or not path.isprintable() or any(part in ("", ".", "..") for part in parts)
    return odd or len(path) > 1000 or len(parts) > _DEPTH


def gather(folder: str, most_bytes: int) -> bytes:
    """All plain files below `folder` as one message: 8 bytes of length, a head (JSON), the files' bytes. Nobody may be writing there."""
    head: dict[str, object]
    try:
        found = _plain_files(folder, most_bytes)
        head = {"files": [[path, len(content)] for path, content in found.items()]}
    except (OSError, ValueError) as error:
        found, head = {}, {"refused": str(error)[:500]}
    text = json.dumps(head).encode()
    return b"".join([struct.pack(">Q", len(text)), text, *found.values()])


def _plain_files(folder: str, most_bytes: int) -> dict[str, bytes]:
    found: dict[str, tuple[os.stat_result, bytes]] = {}
    root = os.open(folder, _AS_FOLDER)
    try:
        left = [MOST_FILES]
        for path, place, name in _walk(root, "", os.fstat(root).st_dev, left):
            if unusable(path):
                raise ValueError(f"a file whose name cannot be used: {ascii(path[:200])}")
            state, content = _read(name, place, most_bytes)
            most_bytes -= len(content)
            found[path] = (state, content)
    finally:
        os.close(root)
    names = collections.Counter(state.st_ino for state, _ in found.values())
    return {path: content for path, (state, content) in sorted(found.items()) if state.st_nlink == names[state.st_ino]}


def _walk(place: int, above: str, device: int, left: list[int]) -> Iterator[tuple[str, int, str]]:
    """Path, open folder and name of every plain file, whatever else is there passed over."""
    with os.scandir(place) as entries:
        names = sorted(entry.name for entry in entries)
    left[0] -= len(names)
    if left[0] < 0:
        raise ValueError(f"more than {MOST_FILES} files")
    if above.count("/") > _DEPTH:
        raise ValueError(f"folders deeper than {_DEPTH}")
    for name in names:
        state = os.stat(name, dir_fd=place, follow_symlinks=False)
        if stat.S_ISDIR(state.st_mode) and state.st_dev == device:
            inner = os.open(name, _AS_FOLDER, dir_fd=place)
            try:
                yield from _walk(inner, f"{above}{name}/", device, left)
            finally:
                os.close(inner)
        elif stat.S_ISREG(state.st_mode) and state.st_dev == device:
            yield above + name, place, name


def _read(name: str, place: int, most: int) -> tuple[os.stat_result, bytes]:
    file = os.open(name, _AS_FILE, dir_fd=place)
    try:
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode) or state.st_size > most:
            raise ValueError("more bytes of files than the call may bring out")
        content = bytearray()
        while chunk := os.read(file, min(1 << 20, most + 1 - len(content))):
            content += chunk
        if len(content) > most:
            raise ValueError("more bytes of files than the call may bring out")
    finally:
        os.close(file)
    return state, bytes(content)


def unpack(message: bytes, most_bytes: int) -> Mapping[str, bytes]:
    """The files of a message, checked again.

    Raises:
        ValueError: they were refused or the message is not what it says; the text says why, for people.
    """
    if len(message) < 8:
        raise ValueError("the call did not end clean")
    (size,) = struct.unpack(">Q", message[:8])
    head = json.loads(message[8 : 8 + size])
    if isinstance(head, dict) and isinstance(head.get("refused"), str):
        raise ValueError(head["refused"])
    items = head.get("files") if isinstance(head, dict) else None
    if not isinstance(items, list) or len(items) > MOST_FILES:
        raise ValueError("a message about files of unknown shape")
    files: dict[str, bytes] = {}
    at = 8 + size
    for item in items:
        path, length = _item(item)
        if path in files:
            raise ValueError(f"two files of one name: {path}")
        files[path] = message[at : at + length]
        at += length
    if at != len(message) or at - 8 - size > most_bytes:
        raise ValueError("files of another size than said")
    if any(above in files for path in files for above in _above(path)):
        raise ValueError("a file that is a folder too")
    return files


def _item(item: object) -> tuple[str, int]:
    match item:
        case [str(path), int(length)] if type(length) is int and length >= 0 and not unusable(path):
            return path, length
    raise ValueError("a file whose name or size cannot be used")


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
