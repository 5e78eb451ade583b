"""A jail that is none: it runs calls in this very process (tier S0). For unit tests with code of our own, never for a candidate.

Covers: the protocol: outcomes, plain data, limits on the size of the answer, questions and their limits, a fresh import of the files in
every call.
Does not cover: anything a jail is for. No isolation, no time, no memory limit.
"""

import contextlib
import importlib
import io
import json
import os
import struct
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rsi.core.codec import canonical, loads
from rsi.core.errors import MessageError, RsiError
from rsi.core.protocols import Call, Limits, Reply, Serve
from rsi.core.records import Clock, Json, Outcome
from rsi.kernel.sandbox.asking import Hearing, Question
from rsi.kernel.sandbox.reading import Found

__all__ = ["InProcessJail"]

_NONCE = "in this process"


class _Guard:
    """Keeps what ended a block, whatever it was."""

    error: BaseException | None = None

    def __enter__(self) -> "_Guard":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self.error = error
        return True


class _Talk:
    """What a function here is given to ask with: its questions go through the reader of real jails.

    Attributes:
        objection: the violation that a question was.
        fault: what whoever answers raised.
    """

    def __init__(self, limits: Limits, serve: Serve) -> None:
        self._hearing, self._serve = Hearing(_NONCE, limits), serve
        self.objection: Found | None = None
        self.fault: RsiError | None = None

    def __call__(self, question: Json) -> Json:
        message = {"nonce": _NONCE, "number": self._hearing.asked + 1, "ask": question}
        body = json.dumps(message, allow_nan=False).encode()
        heard = self._hearing.take(struct.pack(">Q", len(body)) + body)
        assert heard is not None
        return self._answer(heard) if isinstance(heard, Question) else self._object(heard)

    def _answer(self, question: Question) -> Json:
        try:
            reply = self._hearing.reply(self._serve(question.value))
        except RsiError as error:
            self.fault = error
            raise SystemExit from error
        return loads(reply[8:], max_bytes=len(reply)) if isinstance(reply, bytes) else self._object(reply)

    def _object(self, found: Found) -> Json:
        self.objection = found
        raise SystemExit(found.reason)


class InProcessJail:
    """Runs each call here and now; remembers the calls it got."""

    def __init__(self) -> None:
        """Start without a call."""
        self.calls: list[Call] = []

    @property
    def tier(self) -> str:
        """Always `S0`."""
        return "S0"

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """Import the module from the files and call the function.

        Raises:
            RsiError: `serve` raised it.
        """
        self.calls.append(call)
        talk = None if serve is None else _Talk(call.limits, serve)
        value: Json = None
        out, err = io.StringIO(), io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _Guard() as guard:
            value = _import_and_call(call, Path(folder), talk)
        if talk is not None and talk.fault is not None:
            raise talk.fault
        outcome, value, reason = _judged(value, guard.error, call.limits.answer_bytes)
        if talk is not None and talk.objection is not None:
            outcome, value, reason = talk.objection.outcome, None, talk.objection.reason
        return Reply(outcome=outcome, value=value, reason=reason, stdout=out.getvalue(), stderr=err.getvalue(), clock=Clock())

    def close(self) -> None:
        """Nothing to end."""


class _WorkingFolder:
    """The process has one working folder, and calls of several threads are in theirs: whoever ends goes back to where the first began."""

    def __init__(self) -> None:
        self._lock, self._inside, self._home = threading.Lock(), 0, ""

    def enter(self, folder: Path) -> None:
        with self._lock:
            if not self._inside:
                self._home = os.getcwd()
            self._inside += 1
            os.chdir(folder)

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            os.chdir(self._home)


_CWD = _WorkingFolder()


def _import_and_call(call: Call, folder: Path, talk: _Talk | None) -> Json:
    for path, content in call.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    _CWD.enter(folder)
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(call.module)
        function, payload = _asking(getattr(module, call.function), talk), json.loads(canonical(call.payload))
        result: Json = [_case(function, item) for item in payload] if call.each else function(payload)
        return result
    finally:
        _CWD.leave()
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


def _asking(function: Callable[..., Json], talk: _Talk | None) -> Callable[[Json], Json]:
    return function if talk is None else lambda payload: function(payload, talk)


def _case(function: Callable[[Json], Json], item: Json) -> Json:
    value: Json = None
    with _Guard() as guard:
        value = function(item)
        json.dumps(value, allow_nan=False)
    if guard.error is not None and not isinstance(guard.error, Exception):
        raise guard.error
    return {"value": value} if guard.error is None else {"error": traceback.format_exception_only(guard.error)[-1].strip()}


def _judged(value: Json, error: BaseException | None, answer_bytes: int) -> tuple[Outcome, Json, str]:
    if error is not None:
        word = Outcome.OUT_OF_MEMORY if isinstance(error, MemoryError) else Outcome.CRASHED
        return word, None, "".join(traceback.format_exception_only(error)).strip()
    try:
        return Outcome.ANSWERED, loads(json.dumps(value, allow_nan=False).encode(), max_bytes=answer_bytes), ""
    except (MessageError, TypeError, ValueError, RecursionError) as problem:
        return Outcome.MALFORMED, None, str(problem)
