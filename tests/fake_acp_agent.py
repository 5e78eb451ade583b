"""A coding agent that speaks real ACP over stdio, through the package's agent side; what it does is its first argument."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from acp import (
    PROTOCOL_VERSION,
    InitializeResponse,
    NewSessionResponse,
    PromptResponse,
    RequestError,
    run_agent,
    update_agent_message_text,
)
from acp.schema import Cost, PermissionOption, ToolCallUpdate, Usage, UsageUpdate

OPTIONS = [PermissionOption(option_id="y", name="Yes", kind="allow_once"), PermissionOption(option_id="n", name="No", kind="reject_once")]


class FakeAgent:
    def __init__(self, act: str) -> None:
        self.act, self.client, self.tree = act, None, Path()

    def on_connect(self, client: Any) -> None:
        self.client = client

    async def initialize(self, protocol_version: int, **_: Any) -> InitializeResponse:
        if self.act == "crash":
            sys.stderr.write("Traceback\nValueError: no key\n")
            sys.stderr.flush()
            os._exit(3)  # nothing that its library says of tasks that end comes behind
        return InitializeResponse(protocol_version=PROTOCOL_VERSION if self.act != "future" else 9)

    async def new_session(self, cwd: str, **_: Any) -> NewSessionResponse:
        if self.act == "auth":
            raise RequestError.auth_required()
        self.tree = Path(cwd)
        return NewSessionResponse(session_id="s1")

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> PromptResponse:
        text = prompt[0].text
        assert "toy" in text and "evaluate.py" in text
        words = await getattr(self, self.act)(session_id) or ""
        await self.say(session_id, words)
        usage = Usage(total_tokens=1234, input_tokens=1000, output_tokens=234)
        return PromptResponse(stop_reason="refusal" if self.act == "refuse" else "end_turn", usage=usage)

    async def say(self, session_id: str, text: str) -> None:
        await self.client.session_update(session_id=session_id, update=update_agent_message_text(text))  # type: ignore[attr-defined]

    async def write(self, session_id: str, path: str, text: str) -> str:
        try:
            await self.client.write_text_file(session_id=session_id, path=path, content=text)  # type: ignore[attr-defined]
        except RequestError as error:
            return f"{error}: {error.data}"
        return "written"

    async def wish(self, session_id: str, kind: str, *paths: str) -> str:
        call = ToolCallUpdate(tool_call_id="1", kind=kind, locations=[{"path": path} for path in paths])  # type: ignore[arg-type]
        reply = await self.client.request_permission(session_id=session_id, tool_call=call, options=OPTIONS)  # type: ignore[attr-defined]
        return str(getattr(reply.outcome, "option_id", "cancelled"))

    async def good(self, session_id: str) -> str:
        skill = str(self.tree / "skill.json")
        found = await self.client.read_text_file(session_id=session_id, path=skill)  # type: ignore[attr-defined]
        power = json.loads(found.content)["skill"]
        cost = UsageUpdate(session_update="usage_update", used=900, size=9000, cost=Cost(amount=0.25, currency="USD"))
        await self.client.session_update(session_id=session_id, update=cost)  # type: ignore[attr-defined]
        assert await self.write(session_id, skill, json.dumps({"skill": power + 0.25}) + "\n") == "written"
        (self.tree / "bonus.py").write_text("BONUS = 0.125\n")
        return "Done.\n\nREASON: more skill and a bonus.\nPREDICTION: 0.8 -0.01 0.2"

    async def steal(self, session_id: str) -> str:
        outside = await self.write(session_id, "/etc/rsi-was-here", "x")
        climbed = await self.write(session_id, str(self.tree / "../../rsi-was-here"), "x")
        closed = await self.write(session_id, str(self.tree / "main.py"), "x")
        (self.tree / "main.py").write_text("cheat")
        wishes = [
            await self.wish(session_id, "edit", "/etc/passwd"),
            await self.wish(session_id, "edit", str(self.tree / "skill.json")),
            await self.wish(session_id, "execute"),
            await self.wish(session_id, "delete", str(self.tree / "main.py")),
        ]
        return json.dumps([outside, climbed, closed, *wishes])

    async def hang(self, session_id: str) -> str:
        (self.tree / "skill.json").write_text('{"skill": 0.9}\n')
        await asyncio.sleep(600)
        return ""

    async def dear(self, session_id: str) -> str:
        cost = UsageUpdate(session_update="usage_update", used=900, size=9000, cost=Cost(amount=99.0, currency="USD"))
        await self.client.session_update(session_id=session_id, update=cost)  # type: ignore[attr-defined]
        await asyncio.sleep(600)
        return ""

    async def tries(self, session_id: str) -> str:
        (self.tree / "skill.json").write_text('{"skill": 0.5}\n')
        command = [sys.executable, "../evaluate.py", "0", "2"]
        done = await asyncio.to_thread(subprocess.run, command, cwd=self.tree, capture_output=True, text=True)
        return "REASON: " + json.dumps(json.loads(done.stdout), sort_keys=True)

    async def vanish(self, session_id: str) -> str:
        shutil.rmtree(self.tree)
        return "gone"

    async def link(self, session_id: str) -> str:
        (self.tree / "notes").symlink_to("/etc")
        return "linked"

    async def idle(self, session_id: str) -> str:
        return "nothing to do"

    async def refuse(self, session_id: str) -> str:
        return "I will not"


if __name__ == "__main__":
    if sys.argv[1] == "noise":
        for _ in range(3):
            print("Welcome! This is no protocol.", flush=True)
        time.sleep(0.1)
        sys.exit(0)
    asyncio.run(run_agent(FakeAgent(sys.argv[1])))  # type: ignore[arg-type]
