"""What a call asks while it runs, and what it is told: two more pipes, in the rhythm of `wire.Exchange`.

Covers: questions of another call, replayed, out of turn, too long, too many, before the reply to the last one, behind the result, and
everything that `core.codec.loads` refuses; a call that closes its ends, never reads a reply, or ends in the middle; an error of ours.
Does not cover: what a question means; whether a reply is read before the next question once it fits into its pipe.
"""

import os
import select
import struct
from collections.abc import Container
from dataclasses import dataclass, field
from types import TracebackType

from rsi.core.codec import canonical, loads
from rsi.core.errors import MessageError, RsiError
from rsi.core.protocols import Limits, Serve
from rsi.core.records import Json
from rsi.kernel.sandbox.reading import Found, Violation

__all__ = ["Dialogue", "Hearing", "Question"]

_CHUNK = 1 << 18
_ENVELOPE_BYTES = 128
"""What a question may have around what is asked: nonce and number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Plain data that a call asked."""

    value: Json


@dataclass(slots=True)
class Hearing:
    """Reads the questions of one call, bound to it by its nonce and numbered from 1, and counts what it is told."""

    nonce: str
    limits: Limits
    asked: int = 0
    told_bytes: int = 0
    _heard: bytearray = field(default_factory=bytearray)

    def take(self, chunk: bytes) -> Question | Found | None:
        """Some more bytes: the question that is whole with them, None if there is none yet, or the violation that they are."""
        self._heard += chunk
        if len(self._heard) < 8:
            return None
        (size,) = struct.unpack(">Q", self._heard[:8])
        if size > self.limits.question_bytes + _ENVELOPE_BYTES:
            return Violation.QUESTION.found(f"one of {size} bytes; at most {self.limits.question_bytes} are read")
        if len(self._heard) < 8 + size:
            return None
        if len(self._heard) > 8 + size:
            return Violation.SURPLUS.found("something was written behind a question, before its reply")
        body = bytes(self._heard[8:])
        self._heard.clear()
        return self._read(body)

    def reply(self, answer: Json) -> bytes | Found:
        """The bytes of a reply, or the violation that the call was told more than it may be."""
        body = canonical(answer)
        self.told_bytes += len(body)
        if self.told_bytes > self.limits.reply_bytes:
            return Violation.QUESTION.found(f"the replies to its questions are more than {self.limits.reply_bytes} bytes together")
        return struct.pack(">Q", len(body)) + body

    def _read(self, body: bytes) -> Question | Found:
        try:
            data = loads(body, max_bytes=self.limits.question_bytes + _ENVELOPE_BYTES, max_depth=41)
        except MessageError as error:
            return Violation.QUESTION.found(str(error))
        if not isinstance(data, dict) or data.get("nonce") != self.nonce:
            return Violation.FOREIGN.found("the nonce of a question is not that of this call")
        if set(data) != {"nonce", "number", "ask"}:
            return Violation.SHAPE.found("a question without its number, or with more than that")
        self.asked += 1
        if type(data["number"]) is not int or data["number"] != self.asked:
            return Violation.QUESTION.found(f"out of turn; number {self.asked} was due")
        if self.asked > self.limits.questions:
            return Violation.QUESTION.found(f"more than {self.limits.questions} of them")
        return Question(value=data["ask"])


class Dialogue:
    """The pipes on which one call asks and is told. Use it as a context: leaving it closes all ends that are here.

    Attributes:
        passed: the call's ends, to be handed over and closed here.
        objection: the violation that a question was.
        fault: what `serve` raised.
    """

    def __init__(self, hearing: Hearing, serve: Serve) -> None:
        """Make the pipes."""
        self._hearing, self._serve = hearing, serve
        self._questions, asks = os.pipe()
        is_told, self._replies = os.pipe()
        os.set_blocking(self._questions, False)
        os.set_blocking(self._replies, False)
        self.passed = [asks, is_told]
        self.objection: Found | None = None
        self.fault: RsiError | None = None
        self._rest = memoryview(b"")
        self._poller: select.poll | None = None

    def __enter__(self) -> "Dialogue":
        """The dialogue itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close what is open."""
        self.hand_over()
        os.close(self._questions)
        os.close(self._replies)

    @property
    def is_broken(self) -> bool:
        """Whether the call must end for what it asked, or for what became of it here."""
        return self.objection is not None or self.fault is not None

    def hand_over(self) -> None:
        """The call has its ends, or never will."""
        while self.passed:
            os.close(self.passed.pop())

    def join(self, poller: select.poll) -> None:
        """Wait for questions with this poller."""
        self._poller = poller
        poller.register(self._questions, select.POLLIN)

    def go_on(self, ready: Container[int], has_result: bool) -> bool:
        """Take and give what can be taken and given now; whether a question was dealt with.

        `has_result`: something of the call's result is there, so that no question can follow.
        """
        if self._rest and self._replies in ready:
            self._write()
        if self._questions not in ready:
            return False
        chunk = os.read(self._questions, _CHUNK)
        if not chunk:
            self._forget(self._questions)
            return False
        heard = self._early(has_result) or self._hearing.take(chunk)
        if isinstance(heard, Question):
            self._answer(heard.value)
        elif heard is not None:
            self.objection = heard
        return heard is not None

    def end(self, has_result: bool) -> None:
        """The call is over, or will be at once: wait for nothing more. Harmless if said twice."""
        if self._poller is None:
            return
        self._forget(self._questions)
        self._forget(self._replies)
        self._poller = None
        if has_result and not self.is_broken and select.select([self._questions], [], [], 0)[0] and os.read(self._questions, 1):
            self.objection = self._early(has_result)

    def _early(self, has_result: bool) -> Found | None:
        """The violation that a question is now, whatever it says."""
        if has_result:
            return Violation.SURPLUS.found("a question came behind the result")
        return Violation.SURPLUS.found("it asked again before it had read its reply") if self._rest else None

    def _answer(self, question: Json) -> None:
        try:
            reply = self._hearing.reply(self._serve(question))
        except RsiError as error:
            self.fault = error
            return
        if isinstance(reply, Found):
            self.objection = reply
            return
        self._rest = memoryview(reply)
        self._write()
        if self._rest and self._poller is not None:
            self._poller.register(self._replies, select.POLLOUT)

    def _write(self) -> None:
        """Write as much as the pipe takes; what nobody will read is forgotten."""
        try:
            self._rest = self._rest[os.write(self._replies, self._rest) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._rest = memoryview(b"")
        if not self._rest:
            self._forget(self._replies)

    def _forget(self, fd: int) -> None:
        if self._poller is not None:
            try:
                self._poller.unregister(fd)
            except KeyError:
                return
