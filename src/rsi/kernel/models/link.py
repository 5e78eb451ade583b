"""The process that speaks to providers, seen from the kernel: JSON lines over two inherited pipes, one answer for each question.

Covers: a process that ends, hangs, or says something that is no answer (it is ended and started again, three times in a row at most);
threads that ask at once; questions that nobody waits for any more (they are cancelled there).
Does not cover: what providers do; that is data in its answers. The keys reach it in its environment, which holds little else.
"""

import json
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rsi.core.errors import InfrastructureError
from rsi.core.records import Json
from rsi.kernel.models.redact import Redactor, one_line

__all__ = ["Ended", "Link", "Offers"]

Offers = Mapping[str, Json]
"""What the process says when it is ready: for each model its price bounds, or the reason why it cannot be asked."""

_MOST_ENDS = 3
"""In a row, without an answer between them."""
_READY_S = 300.0
"""A busy machine takes long to load the providers' libraries; they take about two seconds on an idle one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """There is no answer, because the process ended or was closed, or took too long and was ended."""

    reason: str


@dataclass(slots=True)
class _Slot:
    """Somebody waits here for an answer."""

    done: threading.Event = field(default_factory=threading.Event)
    value: dict[str, Json] | Ended | None = None

    def fill(self, value: dict[str, Json] | Ended) -> None:
        if not self.done.is_set():
            self.value = value
            self.done.set()


class _Running:
    """One process and the threads that read what it says."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], hello: Json) -> None:
        try:
            self.process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            raise InfrastructureError(f"the gateway process cannot be started: {error.strerror}") from None
        self.tail: deque[str] = deque(maxlen=12)
        self.ready = _Slot()
        self.slots: dict[int, _Slot] = {0: self.ready}
        self.is_over = self.is_counted = False
        self._reason = "the gateway process ended"
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._hear, self._overhear)]
        for thread in self._threads:
            thread.start()
        self.say(hello)

    def say(self, message: Json) -> bool:
        """Write one line; False if nobody is there any more."""
        assert self.process.stdin is not None
        raw = json.dumps(message).encode() + b"\n"
        with self._lock:
            try:
                self.process.stdin.write(raw)
                self.process.stdin.flush()
            except (OSError, ValueError):
                return False
        return True

    def wait_for(self, number: int, slot: _Slot) -> bool:
        """Register somebody who waits; False if the process is over."""
        with self._lock:
            if self.is_over:
                return False
            self.slots[number] = slot
            return True

    def end(self, reason: str, grace_s: float = 0.0) -> None:
        """End the process and tell everybody who waits."""
        with self._lock:
            self._reason = reason
            assert self.process.stdin is not None
            try:
                self.process.stdin.close()
            except OSError:
                pass
        try:
            self.process.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._over()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)

    def _over(self) -> None:
        with self._lock:
            self.is_over = True
            slots, self.slots = list(self.slots.values()), {}
        for slot in slots:
            slot.fill(Ended(reason=self._reason))

    def _hear(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for raw in lines:
                number, value = _heard(raw)
                with self._lock:
                    slot = self.slots.pop(number, None)
                if slot is not None:
                    slot.fill(value)
        self._over()

    def _overhear(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for raw in lines:
                self.tail.append(raw[:500].decode("utf-8", "replace").rstrip())


class Link:
    """Starts the process when it is first needed, and again when it ended."""

    def __init__(self, *, command: Sequence[str], environment: Mapping[str, str], hello: Json, redactor: Redactor) -> None:
        """Nothing is started yet.

        Args:
            command: what to start.
            environment: all that it gets; the keys are in it.
            hello: the first line that it is told.
            redactor: for what it says when it fails.
        """
        self._command, self._environment, self._hello, self._redactor = command, environment, hello, redactor
        self._running: _Running | None = None
        self._offers: Offers = {}
        self._number = 0
        self._ends = 0
        self._is_closed = False
        self._lock = threading.Lock()

    def offers(self) -> Offers | Ended:
        """What the process can do; it is started if it does not run.

        Raises:
            InfrastructureError: it ended several times in a row, or cannot be started at all.
        """
        with self._lock:
            if self._is_closed:
                return Ended(reason="the gateway is closed")
            if self._running is not None and not self._running.is_over:
                return self._offers
            if self._running is not None:
                self._running.end("the gateway process ended")
            if self._ends >= _MOST_ENDS:
                raise InfrastructureError(f"the gateway process ended {self._ends} times in a row{self._last_words()}")
            self._running = running = _Running(self._command, self._environment, self._hello)
            is_told = running.ready.done.wait(_READY_S)
            value = running.ready.value if is_told else Ended(reason=f"the gateway process was not ready after {_READY_S:.0f} s")
            if isinstance(value, dict) and isinstance(value.get("offers"), dict):
                offers = value["offers"]
                assert isinstance(offers, dict)
                self._offers = offers
                return offers
            running.end("the gateway process did not start")
            self._ends += 1
            return Ended(reason=f"{value.reason if isinstance(value, Ended) else 'no greeting'}{self._last_words()}")

    def ask(self, question: Mapping[str, Json], *, timeout_s: float) -> dict[str, Json] | Ended:
        """The answer to a question, or why there is none. Waiting may be interrupted; the question is then cancelled.

        Raises:
            InfrastructureError: as for `offers`.
        """
        offers = self.offers()
        if isinstance(offers, Ended):
            return offers
        with self._lock:
            running = self._running
            self._number += 1
            number = self._number
        slot = _Slot()
        if running is None or not running.wait_for(number, slot):
            return Ended(reason="the gateway process ended")
        try:
            running.say({"id": number, **question})
            in_time = slot.done.wait(timeout_s)
        finally:
            if not slot.done.is_set():
                running.say({"cancel": number})
        if not in_time:
            running.end("the gateway process hung and was ended")
        value = slot.value
        assert value is not None
        self._count(running, is_answer=isinstance(value, dict))
        return value

    def close(self) -> None:
        """End the process; whoever waits is told, also for its start."""
        self._is_closed = True
        running = self._running
        if running is not None:
            running.end("the gateway is closed", grace_s=2.0)

    def _count(self, running: _Running, *, is_answer: bool) -> None:
        """Count ends in a row, each process once."""
        with self._lock:
            if is_answer:
                self._ends = 0
            elif not running.is_counted and not self._is_closed:
                running.is_counted = True
                self._ends += 1

    def _last_words(self) -> str:
        tail = [line for line in (self._running.tail if self._running else ()) if line.strip()]
        return f": {one_line(self._redactor.text(tail[-1]))}" if tail else ""


def _heard(raw: bytes) -> tuple[int, dict[str, Json] | Ended]:
    try:
        data = json.loads(raw)
    except ValueError:
        return -1, Ended(reason="the gateway process said something that is no JSON")
    number = data.get("id") if isinstance(data, dict) else None
    return (number, data) if isinstance(number, int) else (-1, Ended(reason="the gateway process gave an answer without a number"))
