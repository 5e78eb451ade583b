"""Asks one of rsi's guests what a task consists of, in a process of its own: that loads the user's code, as its own tool would.

Covers: code that does not load, takes too long, or is no such task. Does not cover: what the user's code does; it is trusted.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rsi.core.codec import canonical, loads, sha256_hex
from rsi.core.errors import MessageError, UserError
from rsi.core.protocols import Files
from rsi.core.records import Json

__all__ = ["describe"]

_TIMEOUT_S = 600.0
_MOST_BYTES = 64_000_000


def describe(guest: str, settings: Mapping[str, Any], files: Files, name: str) -> dict[str, Json]:
    """What a guest says of a task; asked once for the same files.

    Args:
        guest: its file.
        settings: which task.
        files: of the task, as far as what it says can depend on them.
        name: of the task, for messages.

    Raises:
        UserError: it could not be loaded; with the last line of what was said.
    """
    stamp = sha256_hex(canonical({path: sha256_hex(content) for path, content in files.items()}))
    said = _said(guest, json.dumps(settings), stamp, name)
    try:
        found = loads(said, max_bytes=_MOST_BYTES)
    except MessageError as error:
        raise UserError(f"{name} is no such task: {error}") from None
    assert isinstance(found, dict)
    return found


@cache
def _said(guest: str, settings: str, stamp: str, name: str) -> bytes:
    program = Path(__file__).parent / "guest" / guest
    try:
        ended = subprocess.run(
            [sys.executable, "-B", "-P", str(program), settings],
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"{name} did not load within {_TIMEOUT_S:g} s") from None
    if ended.returncode:
        said = [line for line in ended.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        raise UserError(f"{name} cannot be loaded: {said[-1][:400] if said else f'it ended with code {ended.returncode}'}")
    return ended.stdout
