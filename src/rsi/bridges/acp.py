"""The client's side of the Agent Client Protocol: one prompt to a coding agent, its file wishes and permissions mediated (extra `agents`).

The lines of the protocol are carried by somebody else (`rsi.kernel.sandbox.errand`), so that the agent may sit in a jail: the conversation
lives in a thread of its own, and `take` hands over what was said and brings what is to be said and done (`rsi.bridges.carrier`).

Covers: writes and reads only inside the work tree, writes only where a surface allows them, wishes as `Rights` has it, cost and tokens
as the agent reports them, a dearer session than was allowed. Does not cover: what an agent does without asking.
"""

import asyncio
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from acp import PROTOCOL_VERSION, RequestError, connect_to_agent, text_block
from acp.core import ClientSideConnection
from acp.interfaces import Client
from acp.schema import (
    AgentMessageChunk,
    AllowedOutcome,
    ClientCapabilities,
    DeniedOutcome,
    FileEditToolCallContent,
    FileSystemCapabilities,
    Implementation,
    PermissionOption,
    ReadTextFileResponse,
    RequestPermissionResponse,
    SessionNotification,
    TextContentBlock,
    ToolCallStart,
    ToolCallUpdate,
    Usage,
    UsageUpdate,
    WriteTextFileResponse,
)

from rsi.bridges.carrier import last_line
from rsi.bridges.rights import Rights
from rsi.core.errors import InfrastructureError
from rsi.core.records import Json, Outcome

__all__ = ["Conversation", "Said"]

_PAUSE_S, _ANSWER_S, _JOIN_S = 0.05, 120.0, 5.0
_MOST_TEXT = 200_000
_AUTH = -32000
_GOOD_ENDS = ("end_turn", "max_tokens", "max_turn_requests")
"""After these the tree counts as it is: what is half-done will not pass the judge."""


@dataclass(slots=True, kw_only=True)
class Said:
    """What is known of a session so far.

    Attributes:
        text: of the agent's messages, the last 200,000 characters.
        is_over: whether the agent's turn has ended.
        error: why it failed, in one line; empty if it did not.
        refused: what the agent wished and did not get.
    """

    text: str = ""
    is_over: bool = False
    error: str = ""
    stop_reason: str = ""
    tokens: int = 0
    dollars: float = 0.0
    tool_calls: int = 0
    refused: int = 0


class Conversation:
    """One prompt to one agent.

    Args:
        prompt: the brief.
        rights: what it may do.
        version: of rsi, as told to the agent.
        most_dollars: what the session may cost by the agent's own account; None: any sum.
    """

    def __init__(self, prompt: str, rights: Rights, version: str, most_dollars: float | None = None) -> None:
        """Begin to listen; the first exchange has the first words."""
        self.said = Said()
        self._prompt, self._rights, self._version, self._most = prompt, rights, version, most_dollars
        self._noise: list[str] = []
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        self._ready.wait()

    def take(self, said: Mapping[str, Json]) -> dict[str, Json]:
        """Hand over what the agent said and what was done in its tree; what follows.

        Raises:
            InfrastructureError: our own side stands still.
        """
        lines, did = said["lines"], said["did"]
        heard = [str(line) for line in lines] if isinstance(lines, list) else []
        future = asyncio.run_coroutine_threadsafe(self._exchange(heard, did if isinstance(did, list) else []), self._loop)
        try:
            return future.result(_ANSWER_S)
        except TimeoutError:
            raise InfrastructureError("our side of a session with an outside agent stands still; run the same command again") from None

    def ending(self, code: int | None, errors: str) -> tuple[Outcome, str]:
        """Good if the agent's turn ended."""
        said = self.said
        if said.is_over and not said.error and said.stop_reason in _GOOD_ENDS:
            return Outcome.ANSWERED, ""
        if said.is_over:
            return Outcome.CRASHED, said.error or f"its turn ended with {said.stop_reason!r}"
        last = last_line(errors) or last_line("\n".join(self._noise))
        how = "it could not be run" if code is None else f"it ended with code {code} before its turn did"
        return Outcome.CRASHED, f"{how}: {last}" if last else how

    def words(self) -> str:
        """The agent's messages."""
        return self.said.text

    def usage(self) -> dict[str, Json]:
        """Tokens and dollars as the agent reports them, and what it did."""
        said = self.said
        return {"tokens": said.tokens, "dollars": said.dollars, "tool_calls": said.tool_calls, "refused": said.refused}

    def close(self) -> None:
        """End our side; calling twice is harmless."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(_JOIN_S)

    # what follows runs in the thread of the conversation

    def _live(self) -> None:
        self._wire = _Wire()
        self._wishes: list[Json] = []
        self._doing: list[asyncio.Future[Json]] = []
        self._task = self._loop.create_task(self._talk())
        self._loop.call_soon(self._ready.set)
        self._loop.run_until_complete(asyncio.wait([self._task]))
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.wait(left))
        self._loop.close()

    async def _exchange(self, lines: Sequence[str], did: Sequence[Json]) -> dict[str, Json]:
        for line in lines:
            self._wire.feed(line, self._noise)
        waiting, self._doing = self._doing[: len(did)], self._doing[len(did) :]
        for future, result in zip(waiting, did, strict=False):
            if not future.done():
                future.set_result(result)
        if not self._wire.out and not self._wishes and not self.said.is_over:
            await asyncio.sleep(0)
            await self._wire.stirred(_PAUSE_S)
        write, self._wire.out = self._wire.out, []
        do, self._wishes = self._wishes, []
        return {"write": [*write], "do": do, "stop": self.said.is_over}

    async def _talk(self) -> None:
        """The whole turn; afterwards it waits to be cancelled, so that our side can be asked until it is closed."""
        connection = connect_to_agent(cast(Client, self), self._wire)
        try:
            await self._turn(connection)
            self.said.is_over = True
            self._wire.stir()
            await asyncio.Event().wait()
        finally:
            await connection.close()

    async def _turn(self, connection: ClientSideConnection) -> None:
        able = ClientCapabilities(fs=FileSystemCapabilities(read_text_file=True, write_text_file=True), terminal=False)
        try:
            hello = await connection.initialize(PROTOCOL_VERSION, able, Implementation(name="rsi", version=self._version))
            if hello.protocol_version != PROTOCOL_VERSION:
                raise ConnectionError(f"it speaks version {hello.protocol_version} of the protocol, not {PROTOCOL_VERSION}")
            session = await connection.new_session(cwd=self._rights.tree, mcp_servers=[])
            turn = await connection.prompt(session_id=session.session_id, prompt=[text_block(self._prompt)])
            self.said.stop_reason = str(turn.stop_reason)
            self._count(turn.usage)
        except RequestError as error:
            self.said.error = _sentence(error)
        except (ConnectionError, ValueError) as error:
            self.said.error = str(error).partition("\n")[0][:300]

    def _count(self, usage: Usage | None) -> None:
        if usage is not None:
            self.said.tokens = usage.total_tokens

    async def _file(self, wish: dict[str, Json]) -> dict[str, Json]:
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._doing.append(future)
        self._wishes.append(wish)
        self._wire.stir()
        result = await future
        return result if isinstance(result, dict) else {}

    async def read_text_file(
        self, session_id: str, path: str, line: int | None = None, limit: int | None = None, **_: Any
    ) -> ReadTextFileResponse:
        """The agent wants to read a file."""
        mine = self._rights.inside(path)
        if mine is None:
            self.said.refused += 1
            raise RequestError.invalid_params({"path": path, "reason": "outside the work tree"})
        found = await self._file({"path": mine})
        text = found.get("text")
        if not isinstance(text, str):
            raise RequestError.resource_not_found(path)
        lines = text.splitlines(keepends=True)[max(0, (line or 1) - 1) :]
        return ReadTextFileResponse(content="".join(lines if limit is None else lines[:limit]))

    async def write_text_file(self, session_id: str, path: str, content: str, **_: Any) -> WriteTextFileResponse:
        """The agent wants to write a file."""
        problem, mine = self._rights.problem_of_write(path, content), self._rights.inside(path)
        if problem is not None or mine is None:
            self.said.refused += 1
            raise RequestError.invalid_params({"path": path, "reason": problem})
        found = await self._file({"path": mine, "text": content})
        if "error" in found:
            raise RequestError.internal_error({"path": path, "reason": found["error"]})
        return WriteTextFileResponse()

    async def request_permission(
        self, session_id: str, tool_call: ToolCallUpdate, options: list[PermissionOption], **_: Any
    ) -> RequestPermissionResponse:
        """The agent asks for leave."""
        paths = [place.path for place in tool_call.locations or []]
        paths += [part.path for part in tool_call.content or [] if isinstance(part, FileEditToolCallContent)]
        is_allowed = self._rights.allows(None if tool_call.kind is None else str(tool_call.kind), paths)
        self.said.refused += not is_allowed
        kinds = ("allow_once", "allow_always") if is_allowed else ("reject_once", "reject_always")
        chosen = next((option for kind in kinds for option in options if option.kind == kind), None)
        if chosen is None:
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=chosen.option_id))

    async def session_update(self, session_id: str, update: object, **_: Any) -> None:
        """The agent tells what it is about."""
        if isinstance(update, AgentMessageChunk) and isinstance(update.content, TextContentBlock):
            self.said.text = (self.said.text + update.content.text)[-_MOST_TEXT:]
        elif isinstance(update, ToolCallStart):
            self.said.tool_calls += 1
            self.said.text += "\n"
        elif isinstance(update, UsageUpdate):
            self.said.tokens = max(self.said.tokens, update.used)
            if update.cost is not None and update.cost.currency == "USD":
                self._pay(update.cost.amount)

    def _pay(self, dollars: float) -> None:
        self.said.dollars = max(self.said.dollars, dollars)
        if self._most is not None and self.said.dollars > self._most:
            self.said.error = f"it cost {self.said.dollars:.2f} dollars, more than the {self._most:.2f} that a session may cost"
            self.said.is_over = True
            self._wire.stir()


class _Wire:
    """Messages of the protocol, carried as lines by somebody else; has the shape of `acp`'s transport."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._in: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._stir = asyncio.Event()

    def feed(self, line: str, noise: list[str]) -> None:
        """Take a line that the agent wrote; what is no message is noise."""
        if not line.strip():
            return
        try:
            message = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("not an object")
            if message.get("method") == "session/update":
                SessionNotification.model_validate(message.get("params"))
        except (ValueError, RecursionError):
            noise[:] = [*noise[-9:], line]
            return
        self._in.put_nowait(message)

    def stir(self) -> None:
        """Something has happened that whoever carries should know."""
        self._stir.set()

    async def stirred(self, wait_s: float) -> None:
        """Wait until there is something to say or to do, or for a moment."""
        self._stir.clear()
        try:
            await asyncio.wait_for(self._stir.wait(), wait_s)
        except TimeoutError:
            return

    async def send(self, message: dict[str, Any]) -> None:
        """Say something to the agent."""
        self.out.append(json.dumps(message, separators=(",", ":")))
        self.stir()

    async def receive(self) -> dict[str, Any] | None:
        """The next thing that it said."""
        return await self._in.get()

    async def close(self) -> None:
        """Nothing more will be said."""
        self._in.put_nowait(None)


def _sentence(error: RequestError) -> str:
    if error.code == _AUTH:
        return "it wants to be logged in: log in with its own command first, and pass what it needs with --grant env:NAME or --grant home"
    details = f" ({json.dumps(error.data)[:200]})" if error.data else ""
    return f"it answered with an error: {str(error)[:200]}{details}"
