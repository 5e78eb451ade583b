"""Reading what a target says of itself: `rsi-agent.toml`, strictly, with an error that names the nearest known key.

Covers: unknown, missing and wrongly typed keys, module names that are none, files that are too large or no TOML.
Does not cover: whether the entry has the functions that it should have (a call finds out), and whether a preloaded package is installed
here (the jail says so when it is opened).
"""

import difflib
import tomllib
from collections.abc import Mapping

from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.records import Manifest, Surface

__all__ = ["MANIFEST_FILE", "load_manifest"]

MANIFEST_FILE = "rsi-agent.toml"
"""Where in its tree a target has its manifest."""

_KEYS = {"name": str, "entry": str, "surfaces": dict, "build": bool, "preload": list, "protected": list, "models": bool, "blocks": list}
_LARGEST_BYTES = 100_000


def load_manifest(files: Files) -> Manifest:
    """The manifest of a tree.

    Raises:
        UserError: there is none, or it says something that a manifest cannot say; names the key and the nearest one.
    """
    data = _read(files)
    for key, value in data.items():
        if key not in _KEYS:
            raise UserError(f"{MANIFEST_FILE}: unknown key {key!r}{_nearest(key, _KEYS)}")
        if type(value) is not _KEYS[key]:
            raise UserError(f"{MANIFEST_FILE}: {key} must be a {_KEYS[key].__name__}, not {type(value).__name__}")
    missing = sorted({"name", "entry", "surfaces"} - set(data))
    if missing:
        raise UserError(f"{MANIFEST_FILE}: {missing[0]} is missing")
    name, entry = str(data["name"]), str(data["entry"])
    if not name.strip() or not name.isprintable() or len(name) > 100:
        raise UserError(f"{MANIFEST_FILE}: name must be 1 to 100 printable characters")
    _check_entry(entry, files)
    return Manifest(
        name=name,
        entry=entry,
        surfaces=_surfaces(data["surfaces"]),
        build=data.get("build") is True,
        preload=_preload(data.get("preload", [])),
        protected=_texts("protected", data.get("protected", [])),
        models=data.get("models") is True,
        blocks=_texts("blocks", data.get("blocks", [])),
    )


def _read(files: Files) -> Mapping[str, object]:
    if MANIFEST_FILE not in files:
        raise UserError(f"this tree has no {MANIFEST_FILE}; it says which module answers and which files may be edited")
    raw = files[MANIFEST_FILE]
    if len(raw) > _LARGEST_BYTES:
        raise UserError(f"{MANIFEST_FILE}: {len(raw)} bytes; at most {_LARGEST_BYTES} are read")
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{MANIFEST_FILE}: not TOML: {error}") from None


def _check_entry(entry: str, files: Files) -> None:
    path = entry.replace(".", "/")
    if not all(part.isidentifier() for part in entry.split(".")):
        raise UserError(f"{MANIFEST_FILE}: entry {entry!r} is no module name")
    if f"{path}.py" not in files and f"{path}/__init__.py" not in files:
        raise UserError(f"{MANIFEST_FILE}: entry {entry!r} names {path}.py, which is not in the tree")


def _surfaces(data: object) -> dict[Surface, tuple[str, ...]]:
    assert isinstance(data, dict)
    known = [surface.value for surface in Surface]
    found: dict[Surface, tuple[str, ...]] = {}
    for key, patterns in data.items():
        if key not in known:
            raise UserError(f"{MANIFEST_FILE}: unknown surface {key!r}{_nearest(key, known)}")
        found[Surface(key)] = _texts(f"surfaces.{key}", patterns)
    return found


def _preload(data: object) -> tuple[str, ...]:
    names = _texts("preload", data)
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise UserError(f"{MANIFEST_FILE}: preload: {name!r} is no module name")
    return names


def _texts(key: str, data: object) -> tuple[str, ...]:
    if not isinstance(data, list) or not all(isinstance(item, str) and item for item in data):
        raise UserError(f"{MANIFEST_FILE}: {key} must be a list of texts")
    return tuple(data)


def _nearest(key: str, known: Mapping[str, object] | list[str]) -> str:
    close = difflib.get_close_matches(key.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known))}"
