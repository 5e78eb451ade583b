"""A jail that is as naive as many a harness in use: one process without limits for all calls, which it measures and ends itself."""

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from rsi.attacks.scene import Scene
from rsi.core.errors import JailError
from rsi.core.protocols import Call, Reply, Serve
from rsi.core.records import Clock, Outcome
from rsi.kernel.sandbox.clear import clear
from rsi.kernel.sandbox.family import below

_WORKER = r"""
import base64, contextlib, ctypes, importlib, io, json, os, signal, sys, time, traceback
sys.path.insert(0, "")
libc = ctypes.CDLL(None)
if libc.unshare(0x20000) == 0 and libc.mount(None, b"/", None, 0x44000, None):
    raise SystemExit("what root mounts here would show outside")
out, errors = os.dup(1), os.dup(2)
def late(*_):
    raise TimeoutError("late")
for line in sys.stdin:
    call = json.loads(line)
    child = os.fork() if call["fork"] else 0
    if child:
        os.waitpid(child, 0)
        continue
    for path, content in call["files"].items():
        with open(path, "wb") as file:
            file.write(base64.b64decode(content))
    log = os.open("log", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    signal.signal(signal.SIGALRM, late)
    reply = {"value": None, "reason": ""}
    began = time.monotonic(), time.process_time()
    try:
        sys.modules.pop(call["module"], None)
        importlib.invalidate_caches()
        module = importlib.import_module(call["module"])
        began = time.monotonic(), time.process_time()
        signal.setitimer(signal.ITIMER_REAL, call["wall_s"])
        reply["value"] = getattr(module, call["function"])(call["payload"])
        json.dumps(reply)
    except BaseException as error:
        reply = {"value": None, "reason": "late" if isinstance(error, TimeoutError) else "".join(traceback.format_exception(error)) or "?"}
    signal.setitimer(signal.ITIMER_REAL, 0)
    reply |= {"wall": time.monotonic() - began[0], "cpu": time.process_time() - began[1]}
    sys.stdout.flush()
    os.lseek(log, 0, 0)
    reply["stdout"] = os.read(log, 100_000).decode(errors="replace")
    os.close(log)
    os.write(out, json.dumps(reply).encode() + b"\n")
    if call["fork"]:
        os._exit(0)
"""


class NaiveJail:
    """Runs calls one after the other in one folder of one process; believes what it hears, unpacks what it finds."""

    tier = "S2"

    def __init__(self, *, fork: bool, patience_s: float) -> None:
        """`fork`: a process for each call, in the same folder; `patience_s`: how long after its limit a call is ended."""
        self.fork, self.patience_s = fork, patience_s
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-u", "-c", _WORKER],
            cwd=self.folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.enforced: dict[str, object] = {}
        self.standing = frozenset({self.process.pid})

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """One call; a worker that died or hangs is replaced."""
        files = {path: base64.b64encode(content).decode() for path, content in call.files.items() if not path.startswith(("/", ".."))}
        message = {"files": files, "module": call.module, "function": call.function, "payload": call.payload, "fork": self.fork}
        if self.process.poll() is not None:
            self._restart()
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({**message, "wall_s": call.limits.wall_s}).encode() + b"\n")
            self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], call.limits.wall_s + self.patience_s)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self._restart()
            return self._reply(Outcome.TIMED_OUT, {})
        try:
            said = json.loads(line.decode(errors="replace"))
        except ValueError:
            said = {"reason": line.decode(errors="replace")}
        self._unpack()
        return self._reply(Outcome.CRASHED if said["reason"] else Outcome.ANSWERED, said)

    @staticmethod
    def _reply(outcome: Outcome, said: dict[str, object]) -> Reply:
        clock = Clock(wall_s=said.get("wall", 0.0), cpu_s=said.get("cpu", 0.0))  # type: ignore[arg-type]
        text = str(said.get("stdout", ""))
        return Reply(outcome=outcome, value=said.get("value"), reason=str(said.get("reason", "")), stdout=text, stderr="", clock=clock)  # type: ignore[arg-type]

    def _unpack(self) -> None:
        for path in Path(self.folder.name).glob("*.tar"):
            with contextlib.suppress(OSError, tarfile.TarError), tarfile.open(path) as archive:
                archive.extractall(self.folder.name, filter="fully_trusted")
            path.unlink()

    def _restart(self) -> None:
        self._end()
        self._start()

    def _end(self) -> None:
        for pid in {self.process.pid, *below(self.process.pid)}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()

    def close(self) -> None:
        """End it."""
        self._end()
        clear(self.folder.name)
        self.folder.cleanup()


class NaiveScene(Scene):
    """A scene whose jail is the weak one. What is meant for everybody only hits its own judge."""

    @property
    def everybody(self) -> int:  # type: ignore[override]
        """The judge: other scenes on this machine are none of its business."""
        return self.judge

    def __init__(self, *, fork: bool, patience_s: float) -> None:
        """It claims a tier that promises to hold everything."""
        super().__init__("S2")
        self.fork, self.patience_s = fork, patience_s

    def open_jail(self, profile: str = "function") -> NaiveJail:  # type: ignore[override]
        """The weak jail, whatever is asked for."""
        if profile != "function":
            raise JailError("the weak jail has one profile")
        return NaiveJail(fork=self.fork, patience_s=self.patience_s)

    def missing(self, profile: str) -> str | None:
        """Nothing: it is tried all the same."""
        return None
