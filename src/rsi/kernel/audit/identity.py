"""Which kernel wrote an entry: a short hash of the source that decides."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["kernel_hash", "source_hash"]

_DECIDES = ("config", "core", "kernel", "loop", "suites", "targets")


def kernel_hash() -> str:
    """The hash of the sources that decide: `rsi.config`, `core`, `kernel`, `loop`, `suites` and `targets`.

    Covers: what decides, its defaults and the generators of cases. Does not cover: the Python that runs it, and the libraries it uses.
    """
    return source_hash(*_DECIDES)


@cache
def source_hash(*packages: str) -> str:
    """First 16 hex digits of the SHA-256 over names and contents of all files of these packages of `rsi`.

    The same source gives the same hash wherever it is installed. Compiled files are left out.
    """
    hasher = hashlib.sha256()
    for package in packages:
        for name, content in sorted(_sources(files("rsi") / package, f"rsi.{package}")):
            hasher.update(f"{name}\0{len(content)}\0".encode() + content)
    return hasher.hexdigest()[:16]


def _sources(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        name = f"{prefix}/{item.name}"
        if item.is_dir():
            if item.name != "__pycache__":
                yield from _sources(item, name)
        elif not item.name.endswith(".pyc"):
            yield name, item.read_bytes()
