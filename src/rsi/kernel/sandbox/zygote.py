"""A jail with a warm zygote, at every tier from S1 to S3: one fresh process and one empty folder for each call.

Covers: a wall limit that the kernel enforces itself, first by word to the zygote, 0.4 s later by SIGKILL to all of it; a zygote
that died (a fresh one starts at the next call), has served long or has grown (a fresh one is warmed up meanwhile); bytes that lie
(`reading`); paths of files that leave the folder.
Does not cover: what its tier does not enforce (ask `capabilities`); faults of the machine's own kernel, side channels, GPUs.
"""

import contextlib
import dataclasses
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from types import TracebackType

from rsi.core.codec import canonical
from rsi.core.errors import JailError
from rsi.core.protocols import Call, Files, Reply, Serve
from rsi.core.records import Clock
from rsi.kernel.sandbox.asking import Dialogue, Hearing
from rsi.kernel.sandbox.bringing import LISTING_BYTES, blob, exceeded, with_files
from rsi.kernel.sandbox.bytecode import Compiled
from rsi.kernel.sandbox.clear import clear
from rsi.kernel.sandbox.collect import unusable
from rsi.kernel.sandbox.family import below
from rsi.kernel.sandbox.launch import launch
from rsi.kernel.sandbox.reading import ENVELOPE_BYTES, Ending, Found, Violation, legible, plain_reason, understand
from rsi.kernel.sandbox.warm import Warm
from rsi.kernel.sandbox.wire import Capture, Exchange, request

__all__ = ["ZygoteJail"]

_SHARED_MEMORY, _ROOMY_BYTES = "/dev/shm", 1_000_000_000
_NOTHING: Files = {}


class ZygoteJail:
    """Runs calls in children of one warm interpreter. One call at a time; a jail of its own for each thread.

    The interpreter is replaced by a fresh one after a number of calls, or when it has grown; the fresh one warms up meanwhile.
    """

    def __init__(
        self, *, tier: str, preload: tuple[str, ...] = (), profile: str = "function", template: str | None = None, recycle: int = 2_000
    ) -> None:
        """Start the zygote at `tier` with these modules loaded, of the standard library or of installed packages.

        `template` is the command that starts a container or virtual machine, for tier S4.

        Raises:
            JailError: it did not start.
            UserError: a preloaded module is not one that may be, or is not installed.
        """
        self._launch = launch(tier, preload, profile, template)
        self._recycle = recycle
        self._warm: Warm | None = None
        self._next: Warm | None = None
        self._calling = threading.Lock()
        self._compiled = Compiled()
        self._closed = False
        self.enforced: dict[str, object] = {}
        self.standing: frozenset[int] = frozenset()
        self._start()

    @property
    def tier(self) -> str:
        """What is enforced: `S4`, `S3`, `S2` or `S1`."""
        return self._launch.tier

    @property
    def profile(self) -> str:
        """`function` (starts no process) or `agent` (may)."""
        return self._launch.profile

    @property
    def _process(self) -> "subprocess.Popen[bytes] | None":
        return None if self._warm is None else self._warm.process

    def __enter__(self) -> "ZygoteJail":
        """The jail itself; leaving the block closes it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the jail."""
        self.close()

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        """Run one call. Whatever the code does is an outcome; see the protocol.

        Raises:
            JailError: the zygote could not be started or ended while it should not; the next call starts a fresh one.
            RsiError: `serve` raised it; the call was ended first.
        """
        wrong = next((path for path in call.files if unusable(path)), None)
        if wrong is not None:
            return _reply(Violation.PATH.found(repr(wrong)), b"", b"", Clock())
        with self._calling:
            return self._one(call, serve, self._compiled.of(call, self._one))

    def _one(self, call: Call, serve: Serve | None = None, forms: Files = _NOTHING) -> Reply:
        if self._warm is None or self._warm.gone():
            self._drop()
            self._start()
        self._check_open()
        with self._folder() as folder:
            reply = self._run(call, folder, serve, forms)
        self._relieve()
        return reply

    def close(self) -> None:
        """End every process of the jail; calling twice is harmless, from any thread.

        A call that another thread has in progress ends with a `JailError`, and the jail then stays closed.
        """
        if self._calling.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._calling.release()
        else:
            self._closed = True
            for zygote in (self._warm, self._next):
                if zygote is not None:
                    zygote.kill()

    def _check_open(self) -> None:
        if self._closed:
            self._drop()
            raise JailError("the jail was closed while it was in use")

    def _drop(self) -> None:
        ended, self._warm, self._next = (self._warm, self._next), None, None
        for zygote in ended:
            if zygote is not None:
                zygote.end()

    def _start(self) -> None:
        self._adopt(Warm.start(self._launch))

    def _adopt(self, zygote: Warm) -> None:
        zygote.greet()
        self._warm, self.enforced = zygote, zygote.greeting
        self.standing = frozenset({zygote.process.pid, *below(zygote.process.pid)})

    def _relieve(self) -> None:
        """Between two calls: start a successor when the zygote has served long enough, put it in its place once it is ready."""
        if self._warm is None or self._closed:
            return
        if self._next is None and self._warm.tired(self._recycle):
            self._next = Warm.start(self._launch)
        elif self._next is not None and self._next.spoke():
            tired, fresh, self._next = self._warm, self._next, None
            self._adopt(fresh)
            tired.end()

    @contextlib.contextmanager
    def _folder(self) -> Iterator[str]:
        """The working folder of one call: inside the jail's own file system, or a temporary one that is removed afterwards."""
        if self._launch.box is not None:
            yield f"{self._launch.box}/work"
            return
        folder = tempfile.mkdtemp(prefix="rsi-jail-", dir=_roomy())
        try:
            if self._launch.uid is not None:
                os.chown(folder, self._launch.uid, self._launch.uid)
            yield folder
        finally:
            if clear(folder):
                os.rmdir(folder)

    def _run(self, call: Call, folder: str, serve: Serve | None, forms: Files) -> Reply:
        nonce, limits, began = secrets.token_hex(16), call.limits, time.monotonic()
        with contextlib.ExitStack() as stack:
            dialogue = None if serve is None else stack.enter_context(Dialogue(Hearing(nonce, limits), serve))
            control, captures = self._request(call, nonce, folder, dialogue, forms)
            for capture in captures:
                stack.callback(os.close, capture.fd)
            exchange = Exchange(control, captures, limits.wall_s, dialogue, limits.pause_s)
            report = self._await(exchange)
            kept = self._kept(call.collect_bytes)
        if dialogue is not None and dialogue.fault is not None:
            raise dialogue.fault
        result, out, err = (bytes(capture.data) for capture in captures)
        clock = Clock(wall_s=_number(report.get("wall"), time.monotonic() - began), cpu_s=_number(report.get("cpu"), 0.0))
        objection = None if dialogue is None else dialogue.objection
        if report.get("alarm") == "crowded" and objection is None:
            raise JailError("the file system of the calls' folders is filling up, and it cannot be said by whom")
        status, full = report.get("status"), report.get("alarm") == "full"
        ending = Ending(status=status if isinstance(status, int) else None, told=exchange.told, full=full, result=result, cpu_s=clock.cpu_s)
        found = understand(ending, nonce, limits, len(call.payload) if call.each and isinstance(call.payload, list) else None)
        found, files = with_files(objection or exceeded(report.get("alarm")) or found, kept, call.collect_bytes)
        reason = plain_reason(found.reason, {folder: "", **self._launch.words})
        return dataclasses.replace(_reply(dataclasses.replace(found, reason=reason), out, err, clock), files=files)

    def _request(self, call: Call, nonce: str, folder: str, dialogue: Dialogue | None, forms: Files) -> tuple[socket.socket, list[Capture]]:
        """Send the call to the zygote: the socket to it, and what will come out of the call."""
        assert self._warm is not None
        control, limits = self._warm.control, call.limits
        header: dict[str, object] = {
            "nonce": nonce,
            "module": call.module,
            "function": call.function,
            "each": call.each,
            "asks": dialogue is not None,
            "folder": folder,
            "files": [[path, len(content)] for path, content in call.files.items()],
            "forms": [[path, len(content)] for path, content in forms.items()],
            "cpu_s": limits.cpu_s,
            "memory_bytes": limits.memory_bytes,
            "disk_bytes": limits.disk_bytes,
            "entries": limits.entries,
            "descriptors": limits.files,
            "processes": limits.processes,
            "collect_bytes": call.collect_bytes,
        }
        keeps = (limits.answer_bytes + ENVELOPE_BYTES + 9, limits.output_bytes, limits.output_bytes)
        blobs = [*call.files.values(), *forms.values(), canonical(call.payload)]
        try:
            self._warm.allow(call)
            captures = request(control, header, blobs, keeps, () if dialogue is None else dialogue.passed)
        except JailError:
            self._drop()
            raise
        if dialogue is not None:
            dialogue.hand_over()
        return control, captures

    def _kept(self, most: int) -> bytes:
        """The message about files that follows the report, if files were asked for and the zygote was not thrown away."""
        if not most or self._warm is None:
            return b""
        try:
            return blob(self._warm.control, most + LISTING_BYTES)
        except JailError:
            self._drop()
            raise

    def _await(self, exchange: Exchange) -> dict[str, object]:
        """The report of a call's end; a zygote that is late, unclean or has a stale word in its ear is thrown away.

        So is one whose call was left in the middle, by whatever error of ours.
        """
        report: dict[str, object] | None = None
        try:
            report = exchange.finish()
        except JailError:
            if exchange.stalled or exchange.told:
                exchange.told = True
                return {}
            raise
        finally:
            if report is None:
                self._end_child(exchange.child)
                self._drop()
        if self._warm is not None:
            self._warm.served(report)
        if not report.get("clean") or bool(report.get("told")) != exchange.told:
            self._drop()
        return report

    def _end_child(self, child: int) -> None:
        """Without a PID namespace the call's process does not end with its zygote."""
        if child > 1 and self.tier != "S3":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)


def _roomy() -> str | None:
    """Memory for the folders of calls where there is plenty of it (a disk costs milliseconds per call), else the usual place."""
    try:
        state = os.statvfs(_SHARED_MEMORY)
    except OSError:
        return None
    enough = state.f_bavail * state.f_frsize >= _ROOMY_BYTES and os.access(_SHARED_MEMORY, os.W_OK | os.X_OK)
    return _SHARED_MEMORY if enough else None


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


def _reply(found: Found, out: bytes, err: bytes, clock: Clock) -> Reply:
    return Reply(
        outcome=found.outcome,
        value=found.value,
        reason=found.reason,
        stdout=legible(out.decode(errors="replace")),
        stderr=legible(err.decode(errors="replace")),
        clock=clock,
    )
