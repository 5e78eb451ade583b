r"""Which paths a patch may name.

Covers: absolute paths, `..`, backslashes, drive letters and NTFS streams, control characters and NUL, everything that is not plain
ASCII (so no lone surrogates, no look-alikes, no HFS+ ignorable characters), hidden parts (`.git`, `.gitattributes`, `.gitmodules`),
names that only differ in case from another file or folder, a file where a folder stands and the other way round (the shape of a
link trick), compiled Python and files that Python reads at start. Does not cover: what the content does; that is the jail's part.
"""

import re
from collections.abc import Iterable, Iterator

__all__ = ["collision", "path_problem"]

MAX_PATH = 200
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\Z")
_REFUSED_PARTS = frozenset({"__pycache__", "sitecustomize.py", "usercustomize.py", "conftest.py", "git~1"})
_REFUSED_ENDS = (".pyc", ".pyo", ".so", ".pyd", ".pth", ".")


def path_problem(path: str) -> str | None:
    """What is wrong with a path of a patch, or None."""
    if not path or len(path) > MAX_PATH:
        return f"a path has 1 to {MAX_PATH} characters"
    for part in path.split("/"):
        if not _PART.match(part):
            return f"the path {ascii(path)} is not made of plain names (letters, digits, `_`, `-`, `.`, not beginning with `.` or `-`)"
        if part.casefold() in _REFUSED_PARTS or part.casefold().endswith(_REFUSED_ENDS):
            return f"files such as {ascii(path)} are read by Python or git itself and may not be written"
    return None


def collision(path: str, others: Iterable[str]) -> str | None:
    """The other path that a path would be confused with (by case, or file against folder), or None."""
    folded = {_fold(prefix): prefix for prefix in _prefixes(path)}
    for other in others:
        for prefix in _prefixes(other):
            mine = folded.get(_fold(prefix))
            if mine is None:
                continue
            clash_of_case = mine.rstrip("/") != prefix.rstrip("/")
            clash_of_kind = mine.endswith("/") != prefix.endswith("/")
            if clash_of_case or clash_of_kind:
                return other
    return None


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split("/")
    for end in range(1, len(parts)):
        yield "/".join(parts[:end]) + "/"
    yield path


def _fold(prefix: str) -> str:
    return prefix.rstrip("/").casefold()
