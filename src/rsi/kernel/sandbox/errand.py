"""Runs somebody else's program over a tree of files and carries what it says, line by line. Guest side: text, standard library only.

In a jail it is sent along as a file; where a user granted an agent more than a jail gives, the kernel's own process calls it. It tells the
kernel what was said with `ask`, and does what the reply says: write lines to the program, read and write files of the tree, hand the result
of a try back, stop.

Covers: lines and files bounded in size, paths that lead out of the tree (links too), a program that neither reads nor ends, and, outside a
jail, the end of its whole process group. Does not cover: outside a jail, a process that left that group.
"""

import hashlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

__all__ = ["run"]

_LONGEST_LINE, _AT_ONCE, _TAIL = 8_000_000, 2_000_000, 4_000
_LARGEST_FILE, _MOST_FILES, _MOST_CHANGED = 4_000_000, 4_000, 16_000_000
_PAUSE_S, _ENDING_S = 0.1, 2.0


def run(payload: dict[str, Any], ask: Callable[[Any], Any]) -> dict[str, Any]:
    """Run `payload["command"]` in the folder `payload["tree"]` until it ends or the kernel says stop; how it ended.

    `payload["asks"]` is the folder in which the program leaves its wishes to have the tree tried; `payload["environment"]` is added to
    ours, or stands in its place if `payload["bare"]`; with `payload["lines"]` its stdin stays open.
    """
    try:
        errand = _Errand(payload)
    except OSError as error:
        return {"code": None, "errors": f"cannot start {payload['command'][0]}: {error.strerror}"}
    try:
        return errand.go(ask)
    finally:
        errand.end()


class _Errand:
    """One program at work."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self._tree, self._asks = Path(payload["tree"]).resolve(), Path(payload["asks"]).resolve()
        self._asks.mkdir(parents=True, exist_ok=True)
        self._given = {path: digest for path, digest, _ in self._files()}
        environment = {**({} if payload.get("bare") else os.environ), **payload["environment"]}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            payload["command"], cwd=self._tree, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        self._to, self._out, self._err = bytearray(), bytearray(), bytearray()
        self._looked = 0
        self._open: list[IO[bytes]] = [stream for stream in (self._process.stdout, self._process.stderr) if stream is not None]
        for stream in (self._process.stdin, *self._open):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
        if not payload["lines"]:
            self._shut_stdin()

    def go(self, ask: Callable[[Any], Any]) -> dict[str, Any]:
        """Carry lines and files until one side ends."""
        said: dict[str, Any] = {"tree": str(self._tree), "lines": [], "did": [], "evaluate": None}
        while True:
            reply = ask(said)
            if reply["stop"]:
                return {"code": None, "errors": self._errors()}
            self._to += b"".join(line.encode() + b"\n" for line in reply["write"])
            did = [self._act(wish) for wish in reply["do"]]
            self._hand_back(reply["evaluated"])
            wish = self._wish()
            lines = self._hear(0 if did or wish else _PAUSE_S)
            if not self._open and not lines and self._process.poll() is not None:
                return {"code": self._process.returncode, "errors": self._errors()}
            said = {**said, "lines": lines, "did": did, "evaluate": wish}

    def end(self) -> None:
        """End the program and its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _hear(self, wait_s: float) -> list[str]:
        """Whole lines that the program wrote; waits a moment for the first."""
        stdin = self._process.stdin
        writing = [stdin] if self._to and stdin is not None and not stdin.closed else []
        if not self._open and not writing:
            time.sleep(wait_s)
        ready, can_take, _ = select.select(self._open, writing, [], wait_s)
        for stream in ready:
            self._take(stream)
        if can_take and stdin is not None:
            self._feed(stdin)
        return self._lines()

    def _take(self, stream: IO[bytes]) -> None:
        data = os.read(stream.fileno(), _AT_ONCE)
        if not data:
            self._open.remove(stream)
        elif stream is self._process.stderr:
            self._err = (self._err + data)[-_TAIL:]
        else:
            self._out += data

    def _feed(self, stdin: IO[bytes]) -> None:
        try:
            del self._to[: os.write(stdin.fileno(), self._to[:65536])]
        except BlockingIOError:
            return
        except OSError:
            self._shut_stdin()

    def _shut_stdin(self) -> None:
        self._to.clear()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def _lines(self) -> list[str]:
        end = self._out.rfind(b"\n", self._looked) if self._open else len(self._out)
        self._looked = len(self._out)
        if end < 0 and self._looked > _LONGEST_LINE:
            self._err += b"\na line that was too long"
            end = self._looked
        if end < 0 or not self._out:
            return []
        whole = self._out[:end].decode("utf-8", "replace")
        del self._out[: end + 1]
        self._looked = len(self._out)
        return whole.removesuffix("\n").split("\n")

    def _errors(self) -> str:
        return bytes(self._err).decode("utf-8", "replace")

    def _act(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Read or write one file of the tree."""
        place = (self._tree / wish["path"]).resolve()
        if not place.is_relative_to(self._tree) or place == self._tree:
            return {"error": "outside the tree"}
        try:
            if "text" not in wish:
                if place.stat().st_size > _LARGEST_FILE:
                    return {"error": "too large"}
                return {"text": place.read_text("utf-8", "replace")}
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(wish["text"], "utf-8")
        except OSError as error:
            return {"error": error.strerror or "cannot be done"}
        return {"done": True}

    def _wish(self) -> dict[str, Any] | None:
        """The next wish to have the tree tried, with what differs in it from how it was given."""
        for place in sorted(self._asks.glob("*.ask"))[:1]:
            try:
                cases = json.loads(place.read_bytes()[:10_000])["cases"]
                number = place.stem
                place.unlink()
            except (OSError, ValueError, KeyError, TypeError):
                place.unlink(missing_ok=True)
                return None
            return {"name": number, "cases": cases, "files": self._changed()}
        return None

    def _hand_back(self, result: dict[str, Any] | None) -> None:
        if result is None:
            return
        place = self._asks / Path(f"{result['name']}.reply").name
        draft = place.with_suffix(".new")
        with suppress(OSError):
            draft.write_text(json.dumps(result["reply"]), "utf-8")
            draft.replace(place)

    def _changed(self) -> dict[str, str | None]:
        now = {path: digest for path, digest, _ in self._files()}
        changed: dict[str, str | None] = {path: None for path in self._given if path not in now}
        size = 0
        for path, digest in now.items():
            if digest != self._given.get(path):
                text = (self._tree / path).read_text("utf-8", "replace")
                size += len(text)
                if size <= _MOST_CHANGED:
                    changed[path] = text
        return changed

    def _files(self) -> list[tuple[str, str, Path]]:
        """Path, digest and place of each plain file of the tree."""
        found = []
        for place in sorted(self._tree.rglob("*"))[:_MOST_FILES]:
            parts = place.relative_to(self._tree).parts
            if any(part.startswith(".") or part == "__pycache__" for part in parts) or place.suffix == ".pyc":
                continue
            if place.is_symlink() or not place.is_file() or place.stat().st_size > _LARGEST_FILE:
                continue
            found.append(("/".join(parts), hashlib.sha256(place.read_bytes()).hexdigest(), place))
        return found
