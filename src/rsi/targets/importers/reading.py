"""What importers have in common: the files of a foreign folder, what its programs import, what an `rsi.toml` beside them may add.

Covers: hidden files, caches and what other tools wrote (left out), files that are no plain files, what is too large for a jail.
Does not cover: files outside the folder, modules that are imported by a name that is made at run time.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rsi.config import nearest, read_toml, validated
from rsi.core.errors import UserError
from rsi.core.protocols import Files
from rsi.core.syntax import syntax
from rsi.kernel.oversight import MAX_TREE_BYTES, path_problem
from rsi.targets.load import TARGET_FILE
from rsi.targets.spec import TargetSpec

__all__ = ["Code", "code_of", "folder_files", "guest_file", "put_under", "slug", "spec_of"]

_LEFT_OUT = {"openevolve_output", "node_modules", "logs", "results", "uv.lock", "results.tsv", "run.log", TARGET_FILE}
_NO_USE = (".pyc", ".pyo", ".ipynb", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".eval")
_MAY_ADD = {
    "brief": (),
    "score": ("metric", "direction", "low", "high", "timeout_s"),
    "case": ("timeout_s", "memory_mb"),
    "budget": ("trials",),
    "jail": ("tier", "preload", "processes"),
    "autonomy": ("level",),
}


def folder_files(folder: Path, only: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The plain files of a foreign folder that may matter to its programs.

    Args:
        folder: where they lie.
        only: ends of names, where not all of it is to enter a jail; then its size does not matter.

    Raises:
        UserError: it is none, a file has a name that a jail cannot have, or all of it is too large.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; name the one with the task")
    try:
        found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _walk(folder) if not only or path.name.endswith(only)}
    except OSError as error:
        raise UserError(f"cannot read {error.filename or folder}: {error.strerror}") from None
    problem = next((said for name in found if (said := path_problem(name))), None)
    if problem is not None:
        raise UserError(f"{folder}: {problem}; rename it")
    size = sum(map(len, found.values()))
    if size > MAX_TREE_BYTES and not only:
        largest = sorted(found, key=lambda name: -len(found[name]))[:3]
        raise UserError(
            f"{folder} has {size} bytes of files, and {MAX_TREE_BYTES} go into a jail; move away what is not needed: {', '.join(largest)}"
        )
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__" or path.name in _LEFT_OUT or path.name.endswith(_NO_USE):
            continue
        if path.is_symlink():
            continue
        if path.is_dir():
            if not (path / "pyvenv.cfg").exists():
                yield from _walk(path)
        elif path.is_file():
            yield path


def put_under(prefix: str, files: Files) -> dict[str, bytes]:
    """The same files in a folder of that name."""
    return {f"{prefix}/{name}": content for name, content in files.items()}


def guest_file(name: str) -> bytes:
    """One of rsi's programs that run foreign tasks."""
    return (Path(__file__).parent / "guest" / name).read_bytes()


def slug(text: str) -> str:
    """A target's name made of some other name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "task"


def spec_of(base: Mapping[str, Any], folder: Path) -> TargetSpec:
    """What an importer has found, with what an `rsi.toml` in the folder says instead.

    Raises:
        UserError: that file says what it may not say of an imported task.
    """
    path = folder / TARGET_FILE
    added = read_toml(path) if path.is_file() else {}
    for key, value in added.items():
        if key not in _MAY_ADD:
            raise UserError(
                f"{path}: {key!r} is no key of an imported task{nearest(key, list(_MAY_ADD))}; the rest is read from the task itself"
            )
        if _MAY_ADD[key] and not isinstance(value, dict):
            raise UserError(f"{path}: {key} should be a section, [{key}]")
        for inner in value if isinstance(value, dict) else ():
            if inner not in _MAY_ADD[key]:
                raise UserError(f"{path}: unknown key {inner!r} in [{key}] of an imported task{nearest(inner, list(_MAY_ADD[key]))}")
    merged = {**base, **{key: {**base.get(key, {}), **value} if isinstance(value, dict) else value for key, value in added.items()}}
    return validated(TargetSpec, merged, f"{path}: " if added else f"{folder}: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What can be seen of some programs without running them.

    Attributes:
        packages: installed packages that they import, rsi's own libraries and the standard library aside.
        files: those that were read.
        imported: every module that they import, by its whole name.
        words: names and attributes that stand in them.
    """

    packages: tuple[str, ...]
    files: frozenset[str]
    imported: frozenset[str]
    words: frozenset[str]


def code_of(files: Files, start: Iterable[str]) -> Code:
    """Programs and those of the same folder that they import, as far as their text shows it.

    Args:
        files: of the folder.
        start: programs to begin with; what is no Python is passed over.
    """
    modules: dict[str, bool] = {}
    words: set[str] = set()
    waiting, seen = list(start), set[str]()
    while waiting:
        name = waiting.pop()
        tree = None if name in seen or not name.endswith(".py") else _parsed(files[name])
        seen.add(name)
        if tree is None:
            continue
        for module, is_optional in _imports(tree):
            modules[module] = modules.get(module, True) and is_optional
            parts = module.replace(".", "/")
            waiting += [path for path in (f"{parts}.py", f"{parts}/__init__.py", f"{parts.split('/')[0]}/__init__.py") if path in files]
        words |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        words |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        words |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    own = {name.removesuffix(".py").split("/")[0] for name in files}
    outside = {module.split(".")[0]: is_optional for module, is_optional in sorted(modules.items(), reverse=True)}
    packages = sorted(
        top
        for top, is_optional in outside.items()
        if top not in sys.stdlib_module_names and top not in own and not (is_optional and find_spec(top) is None)
    )
    return Code(packages=tuple(packages), files=frozenset(seen), imported=frozenset(modules), words=frozenset(words))


def _parsed(content: bytes) -> ast.Module | None:
    try:
        return syntax(content)
    except (SyntaxError, ValueError):
        return None


def _imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Modules, and whether a failure of their import is caught."""
    caught = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Try) for part in node.body for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in caught) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, id(node) in caught
