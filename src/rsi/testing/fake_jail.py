"""A jail that is none: it runs calls in this very process (tier S0). For unit tests with code of our own, never for a candidate.

Covers: the protocol: outcomes, plain data, limits on the size of the answer, a fresh import of the files in every call.
Does not cover: anything a jail is for. No isolation, no time, no memory limit.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rsi.core.codec import canonical, loads
from rsi.core.errors import MessageError
from rsi.core.protocols import Call, Reply
from rsi.core.records import Clock, Json, Outcome

__all__ = ["InProcessJail"]


class _Guard:
    """Keeps what ended a block, whatever it was."""

    error: BaseException | None = None

    def __enter__(self) -> "_Guard":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self.error = error
        return True


class InProcessJail:
    """Runs each call here and now; remembers the calls it got."""

    def __init__(self) -> None:
        """Start without a call."""
        self.calls: list[Call] = []

    @property
    def tier(self) -> str:
        """Always `S0`."""
        return "S0"

    def call(self, call: Call) -> Reply:
        """Import the module from the files and call the function."""
        self.calls.append(call)
        value: Json = None
        out, err = io.StringIO(), io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _Guard() as guard:
            value = _import_and_call(call, Path(folder))
        outcome, value, reason = _judged(value, guard.error, call.limits.answer_bytes)
        return Reply(outcome=outcome, value=value, reason=reason, stdout=out.getvalue(), stderr=err.getvalue(), clock=Clock())

    def close(self) -> None:
        """Nothing to end."""


def _import_and_call(call: Call, folder: Path) -> Json:
    for path, content in call.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    known, place = set(sys.modules), os.getcwd()
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(call.module)
        function, payload = getattr(module, call.function), json.loads(canonical(call.payload))
        result: Json = [_case(function, item) for item in payload] if call.each else function(payload)
        return result
    finally:
        os.chdir(place)
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


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
