"""The one road to language models: reads requests, sets money aside, asks the gateway process, tries again, records.

Covers: budgets that hold for any number of threads, tries and restarts; rate limits (`Retry-After` too), timeouts, failing providers and a
dying gateway process (bounded, with growing pauses; then the next model); a request that was answered before the run was interrupted (told
again, from the record, at no cost); secrets, which are taken out of requests before they are sent and out of replies before they are told.
Does not cover: a provider that charges for calls that it says it refused.
"""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rsi.config import ModelsConfig
from rsi.core.records import Json
from rsi.kernel.models.budget import budget_of
from rsi.kernel.models.ledger import NANO, Hold, Ledger, Spent
from rsi.kernel.models.link import Ended, Link
from rsi.kernel.models.record import Asked, Record
from rsi.kernel.models.redact import Redactor, one_line
from rsi.kernel.models.requests import Request, read_request

__all__ = ["ModelGateway", "error"]

_LONGEST_PAUSE_S = 60.0
_GRACE_S = 30.0
"""What the gateway process may take beyond the deadline of a try before it counts as hung."""
_FINAL = frozenset({"bad_request", "budget"})
"""Faults that another model would not cure."""


def error(kind: str, message: str) -> dict[str, Json]:
    """The reply to a request that is not answered."""
    return {"error": {"type": kind, "message": one_line(message)}}


@dataclass(slots=True)
class _Course:
    """What became of one request so far."""

    request: Request
    spent: Spent = Spent()
    tries: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    kind: str = "no_model"
    is_final: bool = False


class ModelGateway:
    """A `Gateway` to the configured models (see `rsi.core.protocols`)."""

    def __init__(
        self, config: ModelsConfig, *, link: Link, record: Record, redactor: Redactor, pause: Callable[[float], bool] | None = None
    ) -> None:
        """Nothing is asked, and no process started, before the first request.

        Args:
            config: models, budgets and limits.
            link: to the gateway process.
            record: of this run; what it spent before counts, and what it was told before is told again.
            redactor: knows the keys.
            pause: waits so many seconds, or less and returns True if the gateway was closed meanwhile; tests pass one that does not wait.
        """
        self._config, self._link, self._record, self._redactor = config, link, record, redactor
        self._closing = threading.Event()
        self._pause = pause or self._closing.wait
        self._models = tuple(dict.fromkeys((config.model, *config.fallbacks)))
        budget = budget_of(config)
        self._ledger = Ledger(budget, record.spent)
        self._places = threading.BoundedSemaphore(config.concurrency)
        record.start([budget.calls, budget.tokens, budget.nano])

    def begin(self, purpose: str) -> None:
        """A job starts, or starts again: what it asks is counted from the beginning, so that what it was told before is told again."""
        self._record.begin(purpose)

    def chat(self, body: Json, *, purpose: str) -> Json:
        """Answer one request.

        Raises:
            InfrastructureError: the gateway process cannot be started or ended several times in a row, or the record cannot be written.
            IntegrityError: the record was changed.
        """
        body = self._redactor.data(body)
        request = read_request(body, models=self._models, max_tokens=self._config.max_tokens_per_call)
        if isinstance(request, tuple):
            return error(*request)
        if self._closing.is_set():
            return error("no_model", "the gateway is closed")
        asked = self._record.next(purpose, body)
        known = self._record.reply(asked)
        if known is not None and "chat" in known[0]:
            return known[0]
        return self._told(asked, body, request)

    def kept(self, body: Json, *, purpose: str, make: Callable[[], dict[str, Json]]) -> Json:
        """What is recorded for it, else what `make` gives, recorded.

        Raises:
            InfrastructureError: the record cannot be written.
            IntegrityError: the record was changed.
        """
        body = self._redactor.data(body)
        asked = self._record.next(purpose, body)
        known = self._record.reply(asked)
        if known is not None:
            return known[0]
        made = self._redactor.data(make())
        self._record.answer(asked, body, made, Spent())
        return made

    @property
    def left(self) -> Json:
        """What is neither spent nor set aside."""
        return self._ledger.left

    def close(self) -> None:
        """End the process and all calls under way."""
        self._closing.set()
        self._link.close()

    def _told(self, asked: Asked, body: Json, request: Request) -> Json:
        course = _Course(request=request)
        answer = self._through_models(course)
        spent = course.spent
        used: Json = {"calls": spent.calls, "tokens": spent.tokens, "dollars": spent.nano / NANO}
        called: dict[str, Json] = {"request": asked.request, "tries": course.tries, "used": used}
        if answer is None:
            message = "; ".join(course.faults.values()) or "no model could be asked"
            why: dict[str, Json] = {} if course.kind == "bad_request" else {"reason": one_line(message)}
            reply: dict[str, Json] = {**error(course.kind, message), "called": {**called, "outcome": course.kind, **why}}
        else:
            response = _mapping(answer["response"])
            dollars = answer["dollars"]
            cost: Json = {"tokens": spent.tokens, "dollars": dollars, "tries": course.tries}
            chat: Json = {**response, "rsi": {"cost": cost, "left": self.left}}
            counted = answer["tokens"] is not None
            told: Json = {**called, "outcome": "answered", "model": response["model"], "counted": counted, "priced": dollars is not None}
            reply = {"chat": chat, "called": told}
        if not self._closing.is_set():
            self._record.answer(asked, body, reply, course.spent)
        return reply

    def _through_models(self, course: _Course) -> Mapping[str, Json] | None:
        first = course.request.model or self._models[0]
        for model in (first, *(name for name in self._models if name != first)):
            for attempt in range(self._config.retries + 1):
                answer, again_s = self._one_try(course, model, attempt)
                if answer is not None or course.is_final:
                    return answer
                if again_s is None or attempt == self._config.retries:
                    break
                if self._pause(again_s):
                    return None
        return None

    def _one_try(self, course: _Course, model: str, attempt: int) -> tuple[Mapping[str, Json] | None, float | None]:
        """The answer, or how many seconds to wait before the next try (None: there should be none with this model)."""
        with self._places:
            offers = self._link.offers()
            if isinstance(offers, Ended):
                return None, self._failed(course, model, attempt, _ended(offers))
            hold = self._reserve(course.request, offers.get(model))
            if isinstance(hold, str):
                course.faults[model], course.kind, course.is_final = hold, "budget", True
                return None, None
            number = self._record.hold(hold)
            spent = hold.most
            try:
                question: Mapping[str, Json] = {"model": model, "request": course.request.data}
                said = self._link.ask(question, timeout_s=self._config.timeout_s + _GRACE_S)
                spent = _spent(said, hold)
            finally:
                self._ledger.settle(hold, spent)
                course.spent += spent
                course.tries += 1
                self._record.settle(number, spent)
        if isinstance(said, Ended):
            return None, self._failed(course, model, attempt, _ended(said))
        if "answer" in said:
            return _mapping(said["answer"]), None
        return None, self._failed(course, model, attempt, _mapping(said["fault"]))

    def _reserve(self, request: Request, offer: Json) -> Hold | str:
        tokens = request.most_tokens_in
        nano = None
        if isinstance(offer, dict):
            most = tokens * _number(offer["input"]) + request.max_tokens * _number(offer["output"])
            nano = math.ceil(most * NANO)
        return self._ledger.reserve(tokens + request.max_tokens, nano)

    def _failed(self, course: _Course, model: str, attempt: int, fault: Mapping[str, Json]) -> float | None:
        course.kind = str(fault["type"])
        course.faults[model] = str(fault["message"])
        course.is_final = course.kind in _FINAL or self._closing.is_set()
        if not fault["again"]:
            return None
        wanted = fault["retry_after"]
        if isinstance(wanted, int | float) and wanted > _LONGEST_PAUSE_S:
            course.faults[model] += f" (it asks to wait {wanted:.0f} s)"
            return None
        return float(wanted) if isinstance(wanted, int | float) else min(_LONGEST_PAUSE_S, 0.5 * 2.0**attempt)


def _ended(ended: Ended) -> Mapping[str, Json]:
    return {"type": "network", "message": ended.reason, "again": True, "retry_after": None}


def _spent(said: Mapping[str, Json] | Ended, hold: Hold) -> Spent:
    """What a try cost; all that was set aside where nobody can tell."""
    if isinstance(said, Ended):
        return hold.most
    if "fault" in said:
        return hold.most if _mapping(said["fault"])["charged"] else Spent()
    answer = _mapping(said["answer"])
    tokens, dollars = answer["tokens"], answer["dollars"]
    if not isinstance(tokens, list):
        return hold.most
    return Spent(calls=1, tokens=round(_number(tokens[0]) + _number(tokens[1])), nano=math.ceil(_number(dollars or 0) * NANO))


def _mapping(data: Json) -> Mapping[str, Json]:
    assert isinstance(data, dict)
    return data


def _number(value: Json) -> float:
    assert isinstance(value, int | float)
    return value
