"""The files of a call where its code finds them: in its folder; compiled forms of its modules in memory. Guest side: read as text.

Covers: modules of the folder in whatever package, in compiled form or as sources; forms of another interpreter (passed over).
Does not cover: programs that a call starts: they see the folder alone.
"""

import importlib.machinery
import os
import sys

__all__ = ["lay_out", "offer"]


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
    known, at = {}, 0
    for path, size in forms:
        known[os.path.join(folder, path)] = content[at : at + size]
        at += size

    class Formed(importlib.machinery.SourceFileLoader):
        """Reads a compiled form from memory."""

        def get_data(self, path: str) -> bytes:
            """The bytes of a file."""
            return bytes(known[path]) if path in known else super().get_data(path)

    kinds = [
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (Formed, importlib.machinery.SOURCE_SUFFIXES),
        (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
    ]

    def inside(path: str) -> importlib.machinery.FileFinder:
        if path != folder and not path.startswith(folder + "/"):
            raise ImportError("not of this call")
        return importlib.machinery.FileFinder(path, *kinds)

    sys.path_hooks.insert(0, inside)
    return content[at:]
