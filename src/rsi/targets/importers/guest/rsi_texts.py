"""Reads the texts that are improved, and hands them out as they are. Guest side: part of the tree of a target whose files are texts.

Covers: texts that are no UTF-8 (an error). Does not cover: what is made of them; no text is executed here.
"""

import json

__all__ = ["texts"]


def texts(case: object) -> dict[str, str]:
    """Each text by its name; the case is not looked at."""
    with open("rsi_texts.json", encoding="utf-8") as file:
        paths = json.load(file)
    return {name: _read(path) for name, path in paths.items()}


def _read(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()
