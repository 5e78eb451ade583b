"""What an outside agent may do in its work tree: which paths it may write, which wishes are granted.

Covers: writes through the protocol, and wishes (permissions) as far as the agent says what they are about. Does not cover: what an agent
does without asking; where it works in a jail that stays in the jail, and of its tree only what a surface allows is taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from rsi.core.records import Manifest
from rsi.kernel.oversight import edit_problem

__all__ = ["Rights"]

_HARMLESS = frozenset({"read", "search", "think"})
_WRITES = frozenset({"edit", "delete", "move"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Of one session.

    Attributes:
        tree: the work tree's path, as the agent knows it.
        manifest: says what may be edited.
        is_confined: whether a jail or namespaces hold what it does without asking.
        has_network: whether it was granted the network.
    """

    tree: str
    manifest: Manifest
    is_confined: bool
    has_network: bool

    def inside(self, path: str) -> str | None:
        """A path that the agent names, as a path of the tree; None if it leads elsewhere."""
        given = PurePosixPath(path)
        if "\0" in path or ".." in given.parts:
            return None
        if not given.is_absolute():
            return str(given) if given.parts else None
        if not given.is_relative_to(self.tree) or given == PurePosixPath(self.tree):
            return None
        return str(given.relative_to(self.tree))

    def problem_of_write(self, path: str, text: str = "") -> str | None:
        """Why a file may not be written, None if it may."""
        mine = self.inside(path)
        if mine is None:
            return "outside the work tree"
        return edit_problem(mine, text, {}, self.manifest)

    def allows(self, kind: str | None, paths: Iterable[str]) -> bool:
        """Whether a wish of the agent is granted."""
        named = list(paths)
        if kind in _WRITES:
            return (bool(named) or self.is_confined) and all(self.problem_of_write(path) is None for path in named)
        if kind in _HARMLESS:
            return self.is_confined or all(self.inside(path) is not None for path in named)
        if kind == "fetch":
            return self.has_network
        return self.is_confined
