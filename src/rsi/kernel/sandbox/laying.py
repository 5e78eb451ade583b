"""The files of a call where its code finds them: in its folder; compiled forms of its modules in memory. Guest side: read as text.

Covers: modules of the folder in whatever package, in compiled form or as sources; forms of another interpreter (passed over).
Does not cover: programs that a call starts: they see the folder alone.
"""

import importlib.machinery
import importlib.util
import marshal
import os
import sys
import types
from collections.abc import Sequence

__all__ = ["lay_out", "offer"]

_HEAD = 16
"""Bytes of a compiled form before its code: what made it, and of which source."""


def lay_out(folder: str, files: list[tuple[str, int]], content: memoryview) -> memoryview:
    """Write the files into the empty folder, make it the working folder, and return what stands behind the files."""
    os.chdir(folder)
    at, made = 0, {""}
    for path, size in files:
        above = path.rpartition("/")[0]
        if above not in made:
            os.makedirs(above, exist_ok=True)
            made.add(above)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        rest, at = content[at : at + size], at + size
        while rest:
            rest = rest[os.write(file, rest) :]
        os.close(file)
    return content[at:]


def offer(folder: str, forms: list[tuple[str, int]], content: memoryview) -> memoryview:
    """Let modules in a folder be read in their compiled forms, as if these lay beside them; what stands behind the forms."""
    known, at, tail = {}, 0, f".{sys.implementation.cache_tag}.pyc"
    for path, size in forms:
        form, at = content[at : at + size], at + size
        if path.endswith(tail) and form[:4] == importlib.util.MAGIC_NUMBER:
            known[os.path.join(folder, path[: -len(tail)].replace("__pycache__/", "") + ".py")] = form[_HEAD:]

    class Formed(importlib.machinery.SourceFileLoader):
        """Reads a compiled form from memory."""

        def get_code(self, fullname: str) -> types.CodeType:
            """The form of a module that is known."""
            code: types.CodeType = marshal.loads(known[self.path])
            return code

    class Finder:
        """Finds the modules of which there are forms, before anybody looks for files."""

        @staticmethod
        def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
            """As every finder of `sys.meta_path` does."""
            for base in [folder] if path is None else path:
                place = os.path.join(base, name.rpartition(".")[2])
                for file, inside in ((f"{place}/__init__.py", [place]), (f"{place}.py", None)):
                    if file in known:
                        loader = Formed(name, file)
                        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)
            return None

    if known:
        sys.meta_path.insert(sys.meta_path.index(importlib.machinery.PathFinder), Finder)
    return content[at:]
