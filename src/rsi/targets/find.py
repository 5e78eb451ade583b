"""A target by the name that a person types: a folder, or `KIND:NAME` for what an importer reads."""

from collections.abc import Callable, Mapping
from pathlib import Path

from rsi.config import nearest
from rsi.core.errors import UserError
from rsi.targets.importers import from_autoresearch, from_gepa, from_inspect, from_openevolve
from rsi.targets.load import Target, load_target

__all__ = ["IMPORTERS", "find_target"]

IMPORTERS: Mapping[str, Callable[[str], Target]] = {
    "oe": from_openevolve,
    "gepa": from_gepa,
    "autoresearch": from_autoresearch,
    "inspect": from_inspect,
}
"""What stands before the colon, and who makes a target of what stands behind it."""


def find_target(name: str) -> Target:
    """The target of that name.

    Raises:
        UserError: there is none; names the next step.
    """
    kind, colon, rest = name.partition(":")
    if kind in IMPORTERS:
        return IMPORTERS[kind](rest)
    if colon and IMPORTERS and not Path(name).exists():
        raise UserError(f"{name}: no importer is called {kind!r}{nearest(kind, list(IMPORTERS))}")
    return load_target(Path(name))
