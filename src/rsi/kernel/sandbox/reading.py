"""What the bytes that came out of a call mean: an answer or the reason why there is none. Pure; the only reader of a candidate's bytes.

Covers: a second message, bytes behind the message, another call's nonce, a length that is a lie, sizes, and everything `core.codec.loads`
refuses; control characters, escape sequences and direction marks in what people will read.
Does not cover: whether an answer is right.
"""

import json
import re
import signal
import struct
from dataclasses import dataclass
from enum import StrEnum

from rsi.core.codec import loads
from rsi.core.errors import MessageError
from rsi.core.protocols import Limits
from rsi.core.records import Json, Outcome

__all__ = ["ENVELOPE_BYTES", "Ending", "Found", "Violation", "legible", "plain_reason", "understand"]

ENVELOPE_BYTES = 65_536
"""What a message may have around its value: nonce, or the text of an error."""
_SIGNALS = frozenset(signal.Signals)
_REASON_CHARACTERS, _ERROR_CHARACTERS = 2_000, 500


class Violation(StrEnum):
    """What no honest candidate does; the reason of a violation begins with one of these, so that a report can name the attack."""

    FORBIDDEN_CALL = "forbidden system call"
    SURPLUS = "bytes behind the message"
    FOREIGN = "message of another call"
    SHAPE = "message of unknown shape"
    QUESTION = "question that may not be asked"
    PATH = "path out of its folder"
    BROKE_JAIL = "broke its jail"

    def found(self, detail: str) -> "Found":
        """The outcome of a call that did this; `detail` is made safe to show."""
        return Found(outcome=Outcome.VIOLATION, reason=legible(f"{self.value}: {detail}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a call's process ended.

    Attributes:
        status: as `wait` gives it; None if nobody could say.
        told: its time was over and it was killed for that.
        full: its files were too many or too big and it was killed for that.
        result: bytes on the result pipe, cut behind the first that can be no part of an acceptable message.
        cpu_s: CPU seconds that it used.
    """

    status: int | None
    told: bool
    full: bool = False
    result: bytes
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Outcome with its value (only if answered) or reason."""

    outcome: Outcome
    value: Json = None
    reason: str = ""


def legible(text: str) -> str:
    """Text that is safe to show: everything that is not printable, newlines and tabs aside, becomes a visible escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def plain_reason(text: str, folders: dict[str, str]) -> str:
    """A traceback without what differs from machine to machine: the names of folders and addresses in memory."""
    for folder, word in folders.items():
        text = text.replace(folder + "/", word)
    return re.sub(r"0x[0-9a-f]{6,}", "0x…", text)


def understand(ending: Ending, nonce: str, limits: Limits, items: int | None = None) -> Found:
    """Judge the end of a call by its status first and by its bytes second; `items`: how many it had, if it was one for each."""
    stopped = _stopped_by(ending.status)
    if stopped == signal.SIGSYS:
        return Violation.FORBIDDEN_CALL.found("one that no computation needs; it ended the process")
    if ending.told or stopped == signal.SIGXCPU or (stopped == signal.SIGKILL and ending.cpu_s >= limits.cpu_s):
        return Found(outcome=Outcome.TIMED_OUT, reason="its time was over")
    if ending.full:
        return Found(
            outcome=Outcome.OUT_OF_MEMORY, reason=f"its files were more than {limits.disk_bytes} bytes or {limits.entries} entries"
        )
    if len(ending.result) < 8:
        return _silent(ending.status, stopped)
    (size,) = struct.unpack(">Q", ending.result[:8])
    body = ending.result[8:]
    if size > limits.answer_bytes + ENVELOPE_BYTES:
        return Found(outcome=Outcome.MALFORMED, reason=f"a message of {size} bytes; at most {limits.answer_bytes} are read")
    if len(body) < size:
        return _silent(ending.status, stopped)
    if len(body) > size:
        return Violation.SURPLUS.found("something was written behind the one message of the call")
    return _message(body, nonce, limits, items)


def _stopped_by(status: int | None) -> int:
    """The signal that ended a process, 0 if none did."""
    return 0 if status is None else status & 0x7F


def _silent(status: int | None, stopped: int) -> Found:
    if stopped == signal.SIGKILL:
        return Found(outcome=Outcome.OUT_OF_MEMORY, reason="killed, most likely for its memory or the number of its processes")
    if stopped:
        name = signal.Signals(stopped).name if stopped in _SIGNALS else f"signal {stopped}"  # most real-time signals have no name
        return Found(outcome=Outcome.CRASHED, reason=f"killed by {name}")
    code = "unknown" if status is None else status >> 8
    return Found(outcome=Outcome.CRASHED, reason=f"ended without an answer (exit status {code})")


def _message(body: bytes, nonce: str, limits: Limits, items: int | None) -> Found:
    try:
        data = loads(body, max_bytes=limits.answer_bytes + ENVELOPE_BYTES, max_depth=41 if items is None else 43)
    except MessageError as error:
        return Found(outcome=Outcome.MALFORMED, reason=legible(str(error)))
    if not isinstance(data, dict) or data.get("nonce") != nonce:
        return Violation.FOREIGN.found("its nonce is not that of this call")
    if set(data) != {"nonce", "value"}:
        return _failure(data)
    value = data["value"] if items is None else _items(data["value"], items)
    if items is not None and value is None:
        return Violation.SHAPE.found(f"not one value or error for each of {items} items")
    return Found(outcome=Outcome.ANSWERED, value=value)


def _items(value: Json, count: int) -> list[Json] | None:
    """One `{"value": v}` or `{"error": text}` for each item, the texts made safe to show; None if it is anything else."""
    if not isinstance(value, list) or len(value) != count:
        return None
    found: list[Json] = []
    for item in value:
        if not isinstance(item, dict) or len(item) != 1:
            return None
        if "value" in item:
            found.append(item)
        elif isinstance(text := item.get("error"), str):
            found.append({"error": legible(text[:_ERROR_CHARACTERS])})
        else:
            return None
    return found


def _failure(data: dict[str, Json]) -> Found:
    word, text = data.get("error"), data.get("text")
    kinds = {"crashed": Outcome.CRASHED, "memory": Outcome.OUT_OF_MEMORY, "malformed": Outcome.MALFORMED}
    if set(data) != {"nonce", "error", "text"} or not isinstance(text, str) or not isinstance(word, str) or word not in kinds:
        return Violation.SHAPE.found(json.dumps(sorted(data))[:200])
    return Found(outcome=kinds[word], reason=_last_line_first(legible(text).strip()) or word)


def _last_line_first(text: str) -> str:
    """A traceback that begins with what people look for: the error itself."""
    last = text.rpartition("\n")[2]
    return f"{last[:_REASON_CHARACTERS]}\n{text[-_REASON_CHARACTERS:]}"[:_REASON_CHARACTERS] if "\n" in text else text[-_REASON_CHARACTERS:]
