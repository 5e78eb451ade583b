"""The kernel's end of what follows a call: the files that it brings out, and the limit of its whole family that it was over.

Covers: a message about files that is too long, late or wrong; files of a call that did not end clean (there are none).
Does not cover: what is in the files.
"""

import socket
import struct

from rsi.core.errors import JailError
from rsi.core.protocols import Files
from rsi.core.records import Outcome
from rsi.kernel.sandbox.collect import unpack
from rsi.kernel.sandbox.reading import Found, legible
from rsi.kernel.sandbox.wire import exactly

__all__ = ["LISTING_BYTES", "blob", "exceeded", "with_files"]

LISTING_BYTES = 16_000_000
"""What the list of files may take beside the files themselves."""


def blob(control: socket.socket, most: int) -> bytes:
    """One message of the zygote that is no report.

    Raises:
        JailError: it ended, was too slow, or its message is too long.
    """
    try:
        (size,) = struct.unpack(">Q", exactly(control, 8))
        if size > most:
            raise JailError("the jail's zygote broke its protocol")
        return exactly(control, size)
    except OSError as error:
        raise JailError(f"the jail's zygote ended or does not answer ({type(error).__name__})") from error


def exceeded(limit: object) -> Found | None:
    """What it means that the family of a call was over one of its limits together; None if it was over none."""
    match limit:
        case "memory":
            return Found(outcome=Outcome.OUT_OF_MEMORY, reason="its processes took more memory together than it may have")
        case "cpu":
            return Found(outcome=Outcome.TIMED_OUT, reason="its processes took more CPU time together than it may have")
        case "processes":
            return Found(outcome=Outcome.OUT_OF_MEMORY, reason="it started more processes than it may have")
        case _:
            return None


def with_files(found: Found, message: bytes, most: int) -> tuple[Found, Files]:
    """The outcome with its files. Files that cannot be brought out make a malformed answer of a good one."""
    if not most:
        return found, {}
    try:
        return found, unpack(message, most)
    except (ValueError, RecursionError) as error:
        reason = legible(f"its files cannot be brought out: {error}")
    return (Found(outcome=Outcome.MALFORMED, reason=reason) if found.outcome is Outcome.ANSWERED else found), {}
