"""Jails that do wrong what a jail can do wrong, so that an attack suite can show that it would notice."""

import contextlib
import json
import os
import pickle
import select
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from rsi.attacks import scored
from rsi.attacks.scene import Scene
from rsi.core.protocols import Call, Reply, Serve
from rsi.core.records import Clock, Json, Outcome
from rsi.kernel.sandbox import ZygoteJail

_WORKER = r"""
import importlib, json, os, pickle, struct, sys
os.dup2(int(sys.argv[1]), 3)
sys.path.insert(0, os.getcwd())
for line in sys.stdin:
    call = json.loads(line)
    for path, text in call["files"].items():
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        open(path, "wb").write(bytes.fromhex(text))
    sys.modules.pop(call["module"], None)
    importlib.invalidate_caches()
    try:
        value = getattr(importlib.import_module(call["module"]), call["function"])(call["payload"])
    except Exception as error:
        value = {"error": repr(error)}
    try:
        body = json.dumps({"value": value}).encode()
    except TypeError:
        body = pickle.dumps({"value": value})
    os.write(3, struct.pack(">Q", len(body)) + body)
"""
_PATIENCE_S = 10.0


class WarmJail:
    """One interpreter for all calls, in one folder, with the host's environment, open files and rights.

    Its last message counts, whoever wrote it; where there is none, the last line that it printed; a pickle will do.
    """

    tier = "S0"
    enforced: dict[str, object] = {}

    def __init__(self, sentinel: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="rsi-careless-")
        self._sentinel = sentinel
        self._start()

    @property
    def standing(self) -> frozenset[int]:
        return frozenset({self._process.pid})

    def _start(self) -> None:
        self._read, write = os.pipe()
        os.set_inheritable(write, True)
        self._out = (Path(self._folder) / ".stdout").open("wb+")
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", _WORKER, str(write)],
            stdin=subprocess.PIPE,
            stdout=self._out,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={**os.environ, "RSI_ANSWERS": self._sentinel},
            close_fds=False,
            start_new_session=True,
        )
        os.close(write)

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        if self._process.poll() is not None:
            self._end()
            self._start()
        files = {path: content.hex() for path, content in call.files.items()}
        request = {"files": files, "module": call.module, "function": call.function, "payload": call.payload}
        self._out.truncate(0)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        said = self._said()
        self._out.seek(0)
        printed = self._out.read().strip(b"\0")
        value = _last_frame(said) if said else _last_line(printed)
        text = printed.decode(errors="replace")
        return Reply(outcome=Outcome.ANSWERED, value=value, reason="", stdout=text, stderr="", clock=Clock())

    def _said(self) -> bytes:
        """All that comes until it is silent for a while or ends; a worker that takes too long is killed."""
        said, wait_s = b"", _PATIENCE_S
        while len(said) < 1 << 20 and select.select([self._read], [], [], wait_s)[0]:
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                return said
            said, wait_s = said + chunk, 0.01
        if not said or wait_s == _PATIENCE_S or len(said) >= 1 << 20:
            self._process.kill()
            self._process.wait()
        return said

    def _end(self) -> None:
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()
        self._out.close()
        os.close(self._read)

    def close(self) -> None:
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)


def _last_frame(said: bytes) -> Json:
    found: Json = None
    while len(said) >= 8:
        size = struct.unpack(">Q", said[:8])[0]
        body, said = said[8 : 8 + size], said[8 + size :]
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError, OSError, pickle.UnpicklingError):
            found = (pickle.loads(body) if body.startswith((b"\x80", b"c", b"(")) else json.loads(body))["value"]
    return found


def _last_line(printed: bytes) -> Json:
    with contextlib.suppress(ValueError, IndexError):
        return cast(Json, json.loads(printed.splitlines()[-1]))
    return None


class GenerousJail:
    """Runs nothing: whoever asks it for answers gets the right ones, whatever the candidate says; or wrong ones for everybody."""

    tier = "S0"
    enforced: dict[str, object] = {}
    standing: frozenset[int] = frozenset()

    def __init__(self, *, is_stingy: bool = False) -> None:
        self._is_stingy = is_stingy

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        payload: Any = call.payload
        value: Any = None
        if isinstance(payload, dict) and "cases" in payload:
            value = {"answers": [self._answer(case["id"]) for case in payload["cases"]]}
        elif isinstance(payload, dict) and "answers" in payload:
            value = {"outputs": [_outputs(job["source"], job["probes"]) for job in payload["answers"]]}
        return Reply(outcome=Outcome.ANSWERED, value=value, reason="", stdout="", stderr="", clock=Clock())

    def _answer(self, case: str) -> dict[str, Json]:
        known = {name: text for number in (1, 2, 3) for name, text in scored.season(number).programs.items()}
        known |= scored.season(4, 96).programs
        return {"answer": "f = None" if self._is_stingy else known[case], "programs": 1}

    def close(self) -> None:
        pass


def _outputs(source: str, probes: list[Json]) -> Json:
    space: dict[str, Any] = {}
    exec(source, space)  # noqa: S102 - the programs behind the cases
    return [space["f"](probe) for probe in probes] if callable(space["f"]) else None


class CarelessScene(Scene):
    """A scene around one of these jails: `warm`, `generous` or `stingy`."""

    def __init__(self, kind: str) -> None:
        super().__init__("S0")
        self._kind = kind

    def open_jail(self, profile: str = "function") -> ZygoteJail:
        made: Any = WarmJail(self.sentinel) if self._kind == "warm" else GenerousJail(is_stingy=self._kind == "stingy")
        return cast(ZygoteJail, made)
