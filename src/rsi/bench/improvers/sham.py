"""A sham: version 0 with as many changes as the latest version has, all of which mean nothing.

Each change gives another name to one local variable of one function. If tables show that a sham gains more than version 0, then they
would show it of anything.
"""

import ast
import difflib
import random
from collections.abc import Iterator

from rsi.core.protocols import Files
from rsi.core.syntax import syntax

__all__ = ["changes_between", "sham"]

_OWN_NAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_HIDDEN_NAMES = (ast.Global, ast.Nonlocal, ast.JoinedStr, ast.ExceptHandler, ast.Match)
_WATCHED = {"locals", "vars", "eval", "exec", "dir", "globals"}


def changes_between(old: Files, new: Files) -> int:
    """How many places of a tree differ: blocks of neighbouring lines, and one for each file that is no text."""
    return sum(_blocks(old.get(path, b""), new.get(path, b"")) for path in sorted({*old, *new}))


def _blocks(old: bytes, new: bytes) -> int:
    if old == new:
        return 0
    try:
        a, b = old.decode().splitlines(), new.decode().splitlines()
    except UnicodeDecodeError:
        return 1
    return sum(code[0] != "equal" for code in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes())


def sham(files: Files, changes: int, rng: random.Random) -> tuple[Files, int]:
    """The tree with that many neutral changes, and how many there are (fewer where it has too few local variables)."""
    sources = {path: content.decode() for path, content in files.items() if path.endswith(".py")}
    options = [(path, start, name) for path in sorted(sources) for start, name in _locals_of(sources[path])]
    rng.shuffle(options)
    made = 0
    for path, start, name in options:
        if made == changes:
            break
        renamed = _renamed(sources[path], start, name)
        if renamed is not None:
            sources[path] = renamed
            made += 1
    return {**files, **{path: source.encode() for path, source in sources.items()}}, made


def _locals_of(source: str) -> Iterator[tuple[str, str]]:
    """(name of a plain function of the module, name of a local variable of it that is no parameter)."""
    for node in syntax(source).body:
        if isinstance(node, ast.FunctionDef) and _is_plain(node):
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            parameters = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
            yield from ((node.name, name) for name in sorted(names - parameters))


def _is_plain(function: ast.FunctionDef) -> bool:
    """Whether nothing in it has names of its own or could look at names: renaming all that is written is renaming all."""
    inside = [node for statement in function.body for node in ast.walk(statement)]
    return not any(isinstance(node, (*_OWN_NAMES, *_HIDDEN_NAMES)) or isinstance(node, ast.Name) and node.id in _WATCHED for node in inside)


def _renamed(source: str, function: str, name: str) -> str | None:
    """The source with that variable under another name; None where it has been renamed before or cannot be."""
    found = next(node for node in syntax(source).body if isinstance(node, ast.FunctionDef) and node.name == function)
    new = f"{name}_"
    if name.endswith("_") or new in {getattr(node, "id", getattr(node, "arg", "")) for node in ast.walk(found)}:
        return None
    lines = source.encode().splitlines(keepends=True)
    places = {(n.lineno, n.col_offset) for n in ast.walk(found) if isinstance(n, ast.Name) and n.id == name}
    for line, column in sorted(places, reverse=True):
        text = lines[line - 1]
        lines[line - 1] = text[:column] + new.encode() + text[column + len(name.encode()) :]
    return b"".join(lines).decode()
