"""The words of a call: its questions, and one message about how it ended, whatever ends it. Guest side: read as text by the zygote.

Covers: values that are no plain data, errors of every kind, an error about the error, exits.
Does not cover: a candidate that writes a message of its own; the kernel checks nonce, shape and that nothing follows.
"""

import _thread
import json
import os
import struct
import sys
import traceback
import types
from collections.abc import Callable

__all__ = ["QUESTION", "REPLY", "RESULT", "Answer", "Ask", "Case", "Last", "Unspeakable", "case", "send"]

RESULT, QUESTION, REPLY = 3, 4, 5
"""The descriptors that the message goes to, that questions go to, and that replies come from; the last two only where somebody answers."""
_encode = json.JSONEncoder(allow_nan=False).encode
_TRACE_CHARACTERS, _LINE_CHARACTERS = 4_000, 500


class Answer:
    """Writes exactly one message about what the block inside it did, and ends the process, however the block ends."""

    def __init__(self, nonce: str) -> None:
        """Answer the request that has this nonce."""
        self.nonce = nonce
        self.value: object = None

    def __enter__(self) -> "Answer":
        """Begin the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        """End the process after the message; a `SystemExit` ends it without one."""
        if kind is None:
            self._end({"nonce": self.nonce, "value": self.value})
        if kind is not None and issubclass(kind, SystemExit):
            os._exit(0)
        word = "memory" if kind is not None and issubclass(kind, MemoryError) else "crashed"
        with Last():
            del self.value
            lines = "".join(traceback.format_exception(kind, error, trace.tb_next if trace else None, limit=-6)).splitlines()
            text = "\n".join(line[:_LINE_CHARACTERS] for line in lines)
            self._end({"nonce": self.nonce, "error": word, "text": text[-_TRACE_CHARACTERS:]})

    def _end(self, message: dict[str, object]) -> None:
        with Unspeakable(self.nonce):
            sys.stdout.flush()
            sys.stderr.flush()
            send(RESULT, json.dumps(message, allow_nan=False).encode())
            os._exit(0)


class Ask:
    """What a function asks the kernel with: plain data in, plain data out, one question after the other."""

    def __init__(self, nonce: str) -> None:
        """Ask for the request that has this nonce."""
        self.nonce = nonce
        self.number = 0
        self.turn = _thread.allocate_lock()

    def __call__(self, question: object) -> object:
        """The kernel's reply.

        Raises:
            TypeError, ValueError: the question is no plain data.
            EOFError: nobody answers any more.
        """
        with self.turn:
            body = _encode({"nonce": self.nonce, "number": self.number + 1, "ask": question}).encode()
            self.number += 1
            send(QUESTION, body)
            (size,) = struct.unpack(">Q", _told(8))
            return json.loads(_told(size))


def _told(size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = os.read(REPLY, size - len(data))
        if not chunk:
            raise EOFError("nobody answers any more")
        data += chunk
    return bytes(data)


class Case:
    """Keeps the error that ended the block inside it, in one line; what ends a process goes on to do so."""

    error: str | None = None

    def __enter__(self) -> "Case":
        """Begin the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> bool:
        """Keep an error."""
        if kind is None or error is None or not issubclass(kind, Exception):
            return False
        self.error = traceback.format_exception_only(kind, error)[-1].strip()[:_LINE_CHARACTERS]
        return True


def case(function: Callable[[object], object], item: object) -> dict[str, object]:
    """What a function makes of one item: a value that can be written as plain data, or the error."""
    with Case() as done:
        value = function(item)
        _encode(value)
        return {"value": value}
    return {"error": done.error}


class Unspeakable:
    """Says that a value cannot be written as plain data, for the block that tried to."""

    def __init__(self, nonce: str) -> None:
        """Answer the request that has this nonce."""
        self.nonce = nonce

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        """End the process after a message about the error."""
        with Last():
            word = "memory" if kind is not None and issubclass(kind, MemoryError) else "malformed"
            text = f"{getattr(kind, '__name__', '')}: {error}"[:500]
            send(RESULT, json.dumps({"nonce": self.nonce, "error": word, "text": text}).encode())
            os._exit(0)


class Last:
    """Ends the process without a word if even the words for an error fail."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        """End the process."""
        os._exit(1)


def send(channel: int, body: bytes) -> None:
    """Write one message: eight bytes of length, then the body."""
    rest = memoryview(struct.pack(">Q", len(body)) + body)
    while rest:
        rest = rest[os.write(channel, rest) :]
