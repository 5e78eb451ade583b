"""An improver from outside: a command that speaks our messages as JSON, one line each, on its standard input and output.

It reads `{"improve": payload}` first. Whenever it wants programs run it writes `{"ask": question}` and reads `{"reply": reply}`; in the
end it writes `{"result": {"answers": [{"answer": source or null}]}}`. It is started anew for each episode, so that nothing is carried over.
What it writes to standard error is for people and goes where ours goes.

Covers: a command that crashes, says something else, says too much, or goes on for ever. Does not cover: what it does on this machine
or in the network. It is no candidate that nobody has vetted but a program that you chose to start, and it runs as you.
"""

import shlex
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from rsi.bench.improvers.episodes import Said
from rsi.core.codec import canonical, loads
from rsi.core.errors import MessageError, UserError
from rsi.core.protocols import Serve
from rsi.core.records import Json

__all__ = ["Outside"]

_LINE = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A command as an arm.

    Attributes:
        name: as in the tables.
        command: as a person would type it; no shell reads it.
        wall_s: seconds until it is ended (a safety net).
    """

    name: str
    command: str
    wall_s: float = 600.0

    def improve(self, payload: Json, serving: Callable[[], Serve]) -> Said:
        """Start the command, answer its questions, take its result.

        Raises:
            UserError: there is no such command.
        """
        try:
            process = subprocess.Popen(shlex.split(self.command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except (OSError, ValueError) as error:
            raise UserError(f"cannot start the improver {self.command!r}: {error}") from None
        watchdog = threading.Timer(self.wall_s, process.kill)
        watchdog.start()
        try:
            assert process.stdin is not None and process.stdout is not None
            return _talk(process.stdin, process.stdout, payload, serving())
        finally:
            watchdog.cancel()
            process.kill()
            process.communicate()


def _talk(to: IO[bytes], back: IO[bytes], payload: Json, serve: Serve) -> Said:
    message: Json = {"improve": payload}
    try:
        while True:
            to.write(canonical(message) + b"\n")
            to.flush()
            line = back.readline(_LINE + 1)
            if not line:
                return Said(value=None, reason="it ended, or was ended, without a result")
            said = loads(line, max_bytes=_LINE)
            if isinstance(said, dict) and set(said) == {"result"}:
                return Said(value=said["result"])
            if not isinstance(said, dict) or set(said) != {"ask"}:
                return Said(value=None, reason="malformed: it writes lines with ask or result")
            message = {"reply": serve(said["ask"])}
    except BrokenPipeError:
        return Said(value=None, reason="it ended without a result")
    except MessageError as error:
        return Said(value=None, reason=f"malformed: {error}")
