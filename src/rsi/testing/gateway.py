"""A gateway whose models say what a script says: for tests of whoever asks models, without a network, a key or a process.

Covers: the shapes of `rsi.core.protocols.Gateway`, malformed requests, a budget of calls, being closed, calls from several threads.
Does not cover: providers, tokens that mean anything, prices, records.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

from rsi.core.codec import canonical, sha256_hex
from rsi.core.records import Json

__all__ = ["ScriptedGateway", "chat_response"]

Script = Callable[[Mapping[str, Json]], str] | Sequence[str]


def chat_response(text: str, *, model: str = "scripted", asked: int = 1) -> dict[str, Json]:
    """A chat completion in the plain OpenAI shape; a word counts as a token."""
    said = len(text.split())
    message: Json = {"role": "assistant", "content": text}
    return {
        "id": f"chat-{sha256_hex(text.encode())[:12]}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
    }


class ScriptedGateway:
    """A `Gateway` that answers as a function of the request, or with one text after the other.

    Attributes:
        bodies: the requests that were answered, in order.
        purposes: and what for.
    """

    def __init__(self, script: Script, *, calls: int | None = None) -> None:
        """Nothing was asked yet.

        Args:
            script: gives the text for a request; or the texts, of which the last one is said from then on.
            calls: how many requests are answered; None: all.
        """
        self._script = script
        self._calls = calls
        self._is_closed = False
        self._lock = threading.Lock()
        self.bodies: list[Json] = []
        self.purposes: list[str] = []

    def chat(self, body: Json, *, purpose: str) -> Json:
        """Answer one request."""
        with self._lock:
            if self._is_closed:
                return _error("no_model", "the gateway is closed")
            messages = body.get("messages") if isinstance(body, dict) else None
            if not isinstance(body, dict) or not _are_messages(messages):
                return _error("bad_request", "a request has a list `messages` of objects with `role` and `content`")
            if self._calls is not None and len(self.bodies) >= self._calls:
                return _error("budget", f"all {self._calls} calls of the budget are used")
            self.bodies.append(body)
            self.purposes.append(purpose)
            text = self._text(body)
        response = chat_response(text, asked=len(str(messages).split()))
        usage = response["usage"]
        used: Json = {"calls": 1, "tokens": usage["total_tokens"] if isinstance(usage, dict) else 0, "dollars": 0.0}
        called: Json = {"model": "scripted", "outcome": "answered", "used": used, "request": sha256_hex(canonical(body))}
        return {"chat": response, "called": called}

    def kept(self, body: Json, *, purpose: str, make: Callable[[], dict[str, Json]]) -> Json:
        """Made each time, since there is no record."""
        return make()

    def begin(self, purpose: str) -> None:
        """Nothing is kept, so nothing is told again."""

    @property
    def left(self) -> Json:
        """The calls that are left; nothing else is bounded."""
        return {"calls_left": None if self._calls is None else self._calls - len(self.bodies), "tokens_left": None, "dollars_left": None}

    def close(self) -> None:
        """Answer nothing any more."""
        self._is_closed = True

    def _text(self, body: Mapping[str, Json]) -> str:
        if callable(self._script):
            return self._script(body)
        return self._script[min(len(self.bodies), len(self._script)) - 1]


def _are_messages(messages: Json) -> bool:
    return (
        isinstance(messages, list)
        and bool(messages)
        and all(isinstance(one, dict) and isinstance(one.get("role"), str) and "content" in one for one in messages)
    )


def _error(kind: str, message: str) -> Json:
    return {"error": {"type": kind, "message": message}}
