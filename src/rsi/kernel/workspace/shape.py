"""When are two trees the same program? Where they differ only in what no run of them can tell.

Of a Python file only its syntax counts: comments, blank lines, line breaks, redundant brackets and the quotes of texts do not, nor do
docstrings, unless some Python file of the tree reads them (`__doc__`, `getdoc`); if one reads source code (`getsource`), files count as
they are. Of other texts trailing blanks, the kind of line ends and blank lines at the end do not count; other files count byte by byte.

Python is parsed to a syntax tree and never compiled to code. Whatever does not parse, or is nested deeper than code that people write,
counts as a text like any other, so that the answer depends neither on the parser's patience nor on how deep the caller's stack is.

Covers: moved blanks, reformatted code, changed comments. Does not cover: renamed variables, reordered statements, code that does the same
in another way; these are judged like any other change.
"""

import ast
from functools import lru_cache

from rsi.core.codec import sha256_hex
from rsi.core.protocols import Files
from rsi.core.syntax import syntax

__all__ = ["parsed", "shape_of"]

_MOST_BYTES = 300_000
_MOST_DEPTH = 120
_UNREAD = frozenset({"type_comment", "type_ignores", "kind", "ctx"})


def shape_of(files: Files) -> str:
    """A name (hex) that trees share if and only if they differ at most in what is said above."""
    python = [content for path, content in files.items() if path.endswith(".py")]
    reads_source = any(b"getsource" in content for content in python)
    reads_docs = any(b"__doc__" in content or b"getdoc" in content for content in python)
    lines = [f"{path}\0{_name(path, content, reads_source, reads_docs)}" for path, content in sorted(files.items())]
    return sha256_hex("\n".join(lines).encode())


def parsed(content: bytes) -> ast.Module | None:
    """The syntax tree of a Python file; None where there is none."""
    if len(content) > _MOST_BYTES:
        return None
    try:
        return syntax(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=1_024)
def _name(path: str, content: bytes, reads_source: bool, reads_docs: bool) -> str:
    if path.endswith(".py") and not reads_source:
        tree = parsed(content)
        said = None if tree is None else _said(tree, reads_docs)
        if said is not None:
            return "syntax " + sha256_hex(said.encode("utf-8", "surrogatepass"))
    return "text " + sha256_hex(_tidy(content))


def _tidy(content: bytes) -> bytes:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip("\n").encode()


def _said(tree: ast.Module, reads_docs: bool) -> str | None:
    """All that a syntax tree says, in the order of its nodes; None where it is too deep."""
    said: list[str] = []
    todo: list[tuple[object, int]] = [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        if isinstance(node, ast.AST):
            if depth > _MOST_DEPTH:
                return None
            said.append(type(node).__name__)
            todo.extend([(getattr(node, name, None), depth + 1) for name in type(node)._fields if name not in _UNREAD])
        elif isinstance(node, list):
            kept = node if reads_docs else [item for item in node if not _is_bare_text(item)]
            said.append(str(len(kept)))
            todo.extend([(item, depth) for item in kept])
        else:
            said.append(hex(node) if type(node) is int else repr(node))
    return "\n".join(said)


def _is_bare_text(item: object) -> bool:
    """A docstring, or any other text that stands for itself: a statement that does nothing."""
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
