"""Writing to people and to machines: plain lines, one JSON object, one line of complaint."""

import json
import sys
import unicodedata
from typing import Annotated

from cyclopts import Parameter

from rsi.cli.view.text import clean
from rsi.core.records import Json

__all__ = ["JsonFlag", "PlainFlag", "complain", "harmless", "print_json", "say"]

JsonFlag = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON object instead of text.")]
"""For machines: everything else that a verb says goes to stderr."""

PlainFlag = Annotated[bool, Parameter(name="--plain", negative=(), help="One line per event instead of the live view.")]
"""For logs and pipes; also chosen where the output is no terminal."""


def say(text: str = "") -> None:
    """Print one line to stdout at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_json(value: Json) -> None:
    """Print one JSON object as one line to stdout."""
    say(json.dumps(value, sort_keys=True))


def complain(message: str, code: int) -> int:
    """Print one line to stderr, and return the exit code."""
    sys.stderr.write(f"rsi: {clean(message, 600)}\n")
    sys.stderr.flush()
    return code


def harmless(text: str) -> str:
    """Text of many lines (a diff) with every control and formatting character made visible, line breaks and tabs kept."""
    return "".join(char if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else "�" for char in text)
