"""Installed packages that a target declares: where they lie, found without importing them, so that a jail sees these and no others.

Covers: of all that is installed only the folders of the declared packages (`numpy` and its `numpy.libs`), read-only; rsi itself is refused.
Does not cover: what a package's own code does when it is imported (it runs inside the jail, in the zygote, and is trusted as far as that);
at S2, packages installed in the interpreter's own folder (not in a virtual environment) stay readable, and at S1 everything does.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path

from rsi.core.errors import UserError

__all__ = ["Package", "locate"]

_PLACES = {"site-packages", "dist-packages"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package.

    Attributes:
        name: as it is imported.
        origin: the file that is its beginning.
        parts: folders and files that its distribution installed beside one another, `origin` among or below them.
    """

    name: str
    origin: Path
    parts: tuple[Path, ...]


def locate(preload: Iterable[str]) -> tuple[Package, ...]:
    """The packages that these modules belong to, without those of the standard library.

    Raises:
        UserError: one is no module name, is not installed, or cannot be shown to a jail by itself.
    """
    for module in preload:
        if not all(part.isidentifier() for part in module.split(".")) or module == "antigravity":
            raise UserError(f"{module!r} cannot be preloaded: it is no name of a module")
    names = {module.partition(".")[0] for module in preload}
    return tuple(_package(name) for name in sorted(names - sys.stdlib_module_names))


@cache
def _package(name: str) -> Package:
    spec = None if name == __name__.partition(".")[0] else find_spec(name)
    place = next((parent for parent in Path(spec.origin or "").parents if parent.name in _PLACES), None) if spec else None
    if spec is None or spec.origin is None:
        raise UserError(f"the target preloads {name}, which is not installed here; install it with: pip install {name}")
    if place is None:
        raise UserError(f"{name} cannot be preloaded: only packages that are installed in site-packages are shown to a jail")
    found = {place / Path(spec.origin).relative_to(place).parts[0], *(place / part for part in _beside(name))}
    return Package(name=name, origin=Path(spec.origin), parts=tuple(sorted(part for part in found if part.exists())))


def _beside(name: str) -> set[str]:
    """Names in site-packages that the package's distribution owns; its metadata and programs aside."""
    files = [file for owner in packages_distributions().get(name, []) for file in Distribution.from_name(owner).files or []]
    tops = {file.parts[0] for file in files if len(file.parts) > 1}
    return {top for top in tops if top[0] not in "._" and not top.endswith((".dist-info", ".egg-info"))}
