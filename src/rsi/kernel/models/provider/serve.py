"""The gateway process: `python -m rsi.kernel.models.provider.serve`, with JSON lines on its standard input and output.

The first line says which models there are; the answer says what they cost at most. Then `{"id", "model", "request"}` is answered with
`{"id", "answer"}` or `{"id", "fault"}`, in whatever order they are done; `{"cancel": id}` ends one. At the end of its input it ends.

Covers: keys are taken out of its environment before anything else happens, and out of everything that it says; whatever libraries print
goes to standard error; half characters in a reply become question marks.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rsi.core.records import Json
from rsi.kernel.models.provider.connect import Connection, connect
from rsi.kernel.models.provider.faults import unforeseen
from rsi.kernel.models.redact import Redactor

__all__ = ["main"]

_MOST_BYTES = 64_000_000

Say = Callable[[Json], None]
Asking = asyncio.Task[dict[str, Json]]


def main() -> None:
    """Serve until the input ends."""
    out = os.dup(1)
    os.dup2(2, 1)
    asyncio.run(_serve(out))


async def _serve(out: int) -> None:
    reader = asyncio.StreamReader(limit=_MOST_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    first = await reader.readline()
    if not first:
        return
    hello = json.loads(first)
    keys = {name: os.environ.pop(name, "") for name in {model["key_env"] for model in hello["models"]} if name}
    redactor = Redactor.of(keys.values())

    def say(message: Json) -> None:
        raw = memoryview(json.dumps(redactor.data(message), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        while raw:
            raw = raw[os.write(out, raw) :]

    connections = {model["name"]: connect(model, keys.get(model["key_env"], ""), hello) for model in hello["models"]}
    say({"id": 0, "offers": {name: connection.offer for name, connection in connections.items()}})
    await _answer(reader, connections, say)


async def _answer(reader: asyncio.StreamReader, connections: dict[str, Connection], say: Say) -> None:
    tasks: dict[int, Asking] = {}
    while raw := await reader.readline():
        message = json.loads(raw)
        if "cancel" in message:
            task = tasks.pop(message["cancel"], None)
            if task is not None:
                task.cancel()
            continue
        tasks[message["id"]] = task = asyncio.create_task(connections[message["model"]].ask(message["request"]))
        task.add_done_callback(partial(_done, message, tasks, say))
    for task in list(tasks.values()):
        task.cancel()


def _done(message: Mapping[str, Any], tasks: dict[int, Asking], say: Say, task: Asking) -> None:
    """Say what became of a request; what the libraries did not foresee in a reply is a fault like any other."""
    tasks.pop(message["id"], None)
    if task.cancelled():
        return
    broken = task.exception()
    if broken is None:
        say({"id": message["id"], **task.result()})
    else:
        print("".join(traceback.format_exception(broken)), file=sys.stderr)
        say({"id": message["id"], "fault": unforeseen(message["model"], broken)})


if __name__ == "__main__":
    main()
