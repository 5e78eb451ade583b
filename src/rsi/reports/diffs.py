"""Reading a unified diff in the order in which it matters: code first, and little of data."""

import re

__all__ = ["code_first"]

_DATA_LINES = 16
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


def code_first(lines: list[str]) -> list[str]:
    """The lines of a unified diff with files of data (JSON) behind all others, and only the first 16 lines of each of those.

    Covers: changed lines that look like the beginning of another file (hunks are read by their counts). Does not cover: code in a file
    whose name says that it is data.
    """
    files = _files(lines)
    data = [file for file in files if _is_data(file)]
    return [line for file in files if not _is_data(file) for line in file] + [line for file in data for line in file[:_DATA_LINES]]


def _is_data(file: list[str]) -> bool:
    return any(line.startswith(("--- ", "+++ ")) and line.endswith(".json") for line in file[:2])


def _files(lines: list[str]) -> list[list[str]]:
    """The lines of each file; inside a hunk every line is one of its own, whatever it looks like."""
    files: list[list[str]] = [[]]
    old = new = 0
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if old > 0 or new > 0:
            old -= line[:1] in (" ", "-")
            new -= line[:1] in (" ", "+")
        elif hunk := _HUNK.match(line):
            old, new = (int(size or 1) for size in hunk.groups())
        elif line.startswith("--- ") and after.startswith("+++ "):
            files.append([])
        files[-1].append(line)
    return files
