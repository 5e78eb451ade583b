"""An evaluator that lives as long as an episode: jobs go into a jail and transcripts come out, all in one call of the guest's `serve`.

The guest asks `{"ready": true}` and is told a job; it asks `{"done": …}` and is told the next one; over a job it may ask `{"need": …}` for
what it was not told yet. What stands in a job, in what is done and in what is needed is between the guest and whoever asks: see
`Evaluator.run`.

Covers: an evaluator that crashes, hangs, floods, breaks its protocol or never comes to work; what an earlier job left behind in it; a jail
that breaks, which is our fault; closing at any moment.
Does not cover: whether what is done is right, and in what order a guest does it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType

from rsi.core.errors import Halted, InfrastructureError, MessageError, RsiError
from rsi.core.protocols import Call, Files, Jail, Limits
from rsi.core.records import Json

__all__ = ["Evaluator"]

TRIES = 3
Supply = Callable[[Json], Json]
"""Gives what a guest needs for a job; called in a thread of the guest's own, while whoever handed over the job waits."""
_CLOSING_S = 5.0
"""How long closing waits for a call that is being ended; a call ends within a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What a guest has done of a job."""

    value: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """The call of a guest is over.

    Attributes:
        reason: why, for people.
        is_ours: the jail or something else of ours broke, or the guest did not even come to work.
    """

    reason: str
    is_ours: bool


class Evaluator:
    """Runs jobs one after the other in a jail of its own. Use it as a context: leaving it ends the guest.

    The guest is started by the first job and has a thread of its own here; `run` and `close` belong to one thread.
    """

    def __init__(
        self, jail: Jail, files: Files, module: str, *, limits: Limits, payload: Json = None, supply: Supply | None = None
    ) -> None:
        """Nothing runs yet.

        Args:
            jail: used by nobody else until this is closed; stays open then.
            files: the guest's tree.
            module: the one of its modules that has `serve(payload, ask)`.
            limits: of one guest in all; `pause_s` is what one job may take, the start of the guest included.
            payload: what `serve` gets.
            supply: gives what it needs beyond that; None: it may need nothing.

        Raises:
            TypeError: one job may take for ever.
        """
        if limits.pause_s is None:
            raise TypeError("an evaluator needs Limits(pause_s=…), so that a job that hangs ends")
        self._jail = jail
        self._call = Call(files=files, module=module, function="serve", payload=payload, limits=limits)
        self._supply = supply
        self._guest: _Guest | None = None
        self.reason = ""
        """Why the last job gave nothing, for people."""

    def __enter__(self) -> "Evaluator":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def run(self, job: Json) -> Json | None:
        """What the guest has done of a job, None if it crashed, took too long or broke its protocol over it.

        Only a fresh guest is blamed: a job that ended one which had others before is tried once more, so that nothing which those left
        behind decides. The next job gets a fresh guest.

        Raises:
            InfrastructureError: the jail broke again and again, or the guest does not even come to work.
        """
        faults = 0
        while True:
            guest = self._guest = self._guest or _Guest(self._jail, self._call, self._supply)
            is_fresh = guest.jobs == 0
            said = guest.run(job)
            if isinstance(said, _Done):
                return said.value
            self._guest = None
            self.reason = said.reason
            faults += said.is_ours
            if faults == TRIES:
                raise InfrastructureError(f"the evaluator {self._call.module} failed {TRIES} times: {said.reason[:500]}")
            if is_fresh and not said.is_ours:
                return None

    def close(self) -> None:
        """End the guest; calling twice is harmless, and the next job would start a fresh one."""
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.end()


class _Guest:
    """One long call, served in a thread of its own."""

    def __init__(self, jail: Jail, call: Call, supply: Supply | None) -> None:
        self.jobs = 0
        self._jail, self._call, self._supply = jail, call, supply
        self._was_ready = False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._said: SimpleQueue[_Done | _Over] = SimpleQueue()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def run(self, job: Json) -> _Done | _Over:
        """Hand one job over and wait for what becomes of it."""
        self.jobs += 1
        self._jobs.put(_Job(value=job))
        return self._said.get()

    def end(self) -> None:
        """End the call: it is not asked for its consent."""
        self._jobs.put(None)
        self._thread.join(timeout=_CLOSING_S)

    def _live(self) -> None:
        reason, is_ours = "a fault of rsi's own; the traceback was printed above", True
        try:
            reply = self._jail.call(self._call, self._serve)
            reason, is_ours = f"{reply.outcome.value}: {reply.reason}", not self._was_ready
        except (Halted, MessageError) as error:
            reason, is_ours = str(error), not self._was_ready
        except RsiError as error:
            reason = str(error)
        finally:
            self._said.put(_Over(reason=reason, is_ours=is_ours))

    def _serve(self, question: Json) -> Json:
        """Give what is needed, or take what was done of the last job and wait for the next one.

        Raises:
            MessageError: the guest does not keep to its protocol.
            Halted: there will be no next one.
        """
        if not self._was_ready:
            if question != {"ready": True}:
                raise MessageError("an evaluator that did not begin by being ready")
            self._was_ready = True
        elif self._supply is not None and isinstance(question, dict) and set(question) == {"need"}:
            return self._supply(question["need"])
        elif isinstance(question, dict) and set(question) == {"done"}:
            self._said.put(_Done(value=question["done"]))
        else:
            raise MessageError("an evaluator that did not say what is done")
        job = self._jobs.get()
        if job is None:
            raise Halted("the episode of this evaluator is over")
        return job.value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One job, told apart from the end of all."""

    value: Json
