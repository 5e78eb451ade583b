"""Which functions a module of a tree has, and how many arguments they take: read from its syntax, never by importing it."""

import ast
from functools import lru_cache

from rsi.core.protocols import Files
from rsi.kernel.workspace.shape import parsed

__all__ = ["MANY", "arguments_of"]

MANY = 1_000
"""As many arguments as one likes; or nobody can tell."""


def arguments_of(files: Files, module: str, function: str) -> int | None:
    """How many arguments by position a function of a module of the tree takes at most; None if the module has no such function.

    Where the syntax does not tell (a name that is imported or assigned, a module that does not parse), it is `MANY`.
    """
    path = module.replace(".", "/")
    source = files.get(f"{path}.py", files.get(f"{path}/__init__.py"))
    return MANY if source is None else _arguments_in(source, function)


@lru_cache(maxsize=64)
def _arguments_in(source: bytes, function: str) -> int | None:
    tree = parsed(source)
    if tree is None:
        return MANY
    found: int | None = None
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found = _positions(statement.args) if statement.name == function else found
        elif isinstance(statement, ast.ClassDef):
            found = MANY if statement.name == function else found
        elif any({function, "*"} & {*_names(node)} for node in ast.walk(statement)):
            found = MANY
    return found


def _positions(arguments: ast.arguments) -> int:
    return MANY if arguments.vararg else len(arguments.posonlyargs) + len(arguments.args)


def _names(node: ast.AST) -> tuple[str, ...]:
    """Names that a piece of syntax may bind; a star import is told by `*`."""
    if isinstance(node, ast.alias):
        return (node.asname or node.name.partition(".")[0], node.name)
    if isinstance(node, ast.Name):
        return (node.id,)
    return (node.name,) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ()
