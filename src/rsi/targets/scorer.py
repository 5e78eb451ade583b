"""The process that scores outputs and makes cases with the user's own code: started by the kernel, long-lived, JSON lines over pipes.

Covers: time limits, an end of the process (it is started again, and asked once more), faults of the user's code (named with file and line,
and never a score), results that are none, closing.
Does not cover: what the user's code may do; it is trusted as rsi itself is. No candidate reaches it but through its outputs, as data.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rsi.core.codec import loads
from rsi.core.errors import InfrastructureError, MessageError
from rsi.core.protocols import Score
from rsi.core.records import Json
from rsi.targets.spec import ShippedScore, TargetSpec

__all__ = ["Scorer"]

_SHIPPED = Path(__file__).parent / "importers" / "guest"
_TRIES = 2
_CLOSING_S = 2.0
_MOST_BYTES = 64_000_000
_STDERR_LINES = 20


class Scorer:
    """Asks the process one question at a time, from any thread; it is started by the first one."""

    def __init__(self, folder: Path, spec: TargetSpec) -> None:
        """Nothing runs yet.

        Args:
            folder: where the target's own files lie; the process works there.
            spec: says what is called, and how long it may take.
        """
        self._folder, self._spec = folder, spec
        self._asking = threading.Lock()
        self._process: _Process | None = None

    def __enter__(self) -> "Scorer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def score(self, case: Json, output: Json) -> Score:
        """What the scorer says of an output, in the units of the metric.

        Raises:
            InfrastructureError: the scorer failed, and said nothing of the output; names file and line.
        """
        score = self._spec.score
        name = score.function or " ".join(score.command)
        value = self._ask({"case": case, "output": output}, score.timeout_s, f"the scorer {name}")
        assert isinstance(value, dict)
        number, label, feedback = value["score"], value["label"], value["feedback"]
        return Score(value=float(number) if isinstance(number, int | float) else None, label=str(label), feedback=str(feedback))

    def cases(self, seed: int, start: int, count: int) -> list[dict[str, Json]]:
        """Cases number `start` … `start + count − 1` of a seed, as the generator makes them.

        Raises:
            InfrastructureError: the generator failed; names file and line.
        """
        wanted = self._spec.cases
        asked: dict[str, Json] = {"seed": seed, "start": start, "count": count}
        made = self._ask(asked, wanted.timeout_s, f"the generator {wanted.generator}")
        assert isinstance(made, list)
        return [case for case in made if isinstance(case, dict)]

    def close(self) -> None:
        """End the process; calling twice is harmless, and the next question would start a fresh one."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _ask(self, question: Json, timeout_s: float, who: str) -> Json:
        with self._asking:
            for _ in range(_TRIES):
                self._process = self._process or _Process(self._folder, self._spec)
                reply = self._process.ask(question, timeout_s)
                if not isinstance(reply, _Gone):
                    break
                self.close()
        if isinstance(reply, _Gone):
            raise InfrastructureError(f"{who} {reply.reason}; repair it, then run the same command again")
        if "fault" in reply:
            raise InfrastructureError(f"{who} failed: {reply['fault']}; repair it, then run the same command again")
        return reply["value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """The process ended, or had to be ended, before it answered."""

    reason: str


class _Process:
    """One life of the worker."""

    def __init__(self, folder: Path, spec: TargetSpec) -> None:
        config = {
            "folder": str(folder.resolve()),
            **({"shipped": str(_SHIPPED), "settings": spec.score.settings} if isinstance(spec.score, ShippedScore) else {}),
            "score": spec.score.function,
            "score_command": list(spec.score.command),
            "generator": spec.cases.generator,
        }
        worker = Path(__file__).parent / "guest" / "worker.py"
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-P", str(worker), json.dumps(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._in, self._out = self._process.stdin, self._process.stdout.fileno()
        self._rest = b""
        self._said: deque[str] = deque(maxlen=_STDERR_LINES)
        self._ear = threading.Thread(target=_listen, args=(self._process.stderr, self._said), daemon=True)
        self._ear.start()

    def ask(self, question: Json, timeout_s: float) -> "dict[str, Json] | _Gone":
        """One line there, one line back."""
        until = time.monotonic() + timeout_s
        try:
            self._in.write(json.dumps(question).encode() + b"\n")
            self._in.flush()
        except BrokenPipeError:
            return _Gone(reason=self._last_words())
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._out], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return _Gone(reason=f"took more than {timeout_s:g} s")
            got = os.read(self._out, 1 << 16)
            if not got or len(self._rest) > _MOST_BYTES:
                return _Gone(reason=self._last_words())
            self._rest += got
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            reply = loads(line, max_bytes=_MOST_BYTES, max_digits=400)
        except MessageError as error:
            return {"fault": f"what it gave is no plain data: {error}"}
        assert isinstance(reply, dict)
        return reply

    def end(self) -> None:
        """End it with everything that it started."""
        with suppress(BrokenPipeError):
            self._in.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._ear.join(_CLOSING_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _last_words(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSING_S)
        self._ear.join(_CLOSING_S)
        said = next((line for line in reversed(self._said) if line.strip()), "")
        return f"ended with code {self._process.poll()} instead of answering{': ' + said.strip()[:300] if said else ''}"


def _listen(pipe: IO[bytes], said: deque[str]) -> None:
    for line in pipe:
        said.append(line[:1_000].decode("utf-8", "replace"))
