"""A server on the loopback that speaks OpenAI's chat shape (and Anthropic's, at `/v1/messages`) from a script, for tests of the real road.

Covers: answers, errors with any status and headers, bodies that are no JSON, a server that never answers.
Does not cover: streams; anything that a model would think.
"""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

__all__ = ["Answer", "ChatServer", "Seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server says: a message with a text or calls of tools, or any status and body.

    Attributes:
        text: of the message.
        calls: tools to call: (name, arguments as JSON).
        status: of HTTP; with another than 200 the `body` is all that is said.
        body: instead of a chat completion.
        headers: further ones.
        hangs: nothing is said until the server is closed or the other side is gone.
        tokens: of the request and of the answer, None: they are left out.
    """

    text: str = "Hello."
    calls: tuple[tuple[str, str], ...] = ()
    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    tokens: tuple[int, int] | None = (11, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that came in."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


Script = Callable[[Seen], Answer]


class ChatServer:
    """A context: the server runs inside it.

    Attributes:
        seen: all requests, in order.
        gone: set once the other side of a request that hangs has closed its connection.
    """

    def __init__(self, script: Script | None = None) -> None:
        """Nothing runs yet; without a script, everything is answered with `Hello.`."""
        self.script: Script = script or (lambda seen: Answer())
        self.seen: list[Seen] = []
        self.gone = threading.Event()
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                outer._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        """The address, as `models.base_url` wants it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "ChatServer":
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        self._connections.add(handler.connection)
        raw = handler.rfile.read(int(handler.headers.get("content-length", "0")))
        seen = Seen(path=handler.path, headers={key.lower(): value for key, value in handler.headers.items()}, body=json.loads(raw))
        self.seen.append(seen)
        answer = self.script(seen)
        if answer.hangs:
            self._hang(handler)
            return
        whole = _anthropic(answer, seen) if seen.path.endswith("/messages") else _openai(answer, seen)
        body = answer.body if answer.body is not None else json.dumps(whole).encode()
        handler.send_response(answer.status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _hang(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.settimeout(0.05)
        while not self.closing.is_set():
            try:
                if not handler.connection.recv(1):
                    self.gone.set()
                    return
            except TimeoutError:
                continue
            except OSError:
                self.gone.set()
                return


def _openai(answer: Answer, seen: Seen) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = [
            {"id": f"call-{k}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for k, (name, arguments) in enumerate(answer.calls)
        ]
    whole: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": seen.body.get("model", ""),
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if answer.calls else "stop"}],
    }
    if answer.tokens:
        asked, said = answer.tokens
        whole["usage"] = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
    return whole


def _anthropic(answer: Answer, seen: Seen) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.text else []
    content += [
        {"type": "tool_use", "id": f"call-{k}", "name": name, "input": json.loads(arguments)}
        for k, (name, arguments) in enumerate(answer.calls)
    ]
    asked, said = answer.tokens or (0, 0)
    return {
        "id": "msg-1",
        "type": "message",
        "role": "assistant",
        "model": seen.body.get("model", ""),
        "content": content,
        "stop_reason": "tool_use" if answer.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": asked, "output_tokens": said, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0},
    }
