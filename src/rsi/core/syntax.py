"""Syntax trees of Python texts, one at a time.

CPython 3.11 counts the depth of a tree that it builds once for all threads, so that two threads that parse at the same time can both end in
`SystemError: AST constructor recursion depth mismatch` (https://github.com/python/cpython/issues/106905). Everything that parses in the
kernel's process holds this lock; an error in the text itself is raised as ever.
"""

import ast
import threading
import warnings

__all__ = ["syntax"]

_PARSING = threading.Lock()
"""Held by whoever parses."""


def syntax(source: str | bytes) -> ast.Module:
    """The syntax tree of a text, without the warnings that the text deserves.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: there is none.
    """
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)
