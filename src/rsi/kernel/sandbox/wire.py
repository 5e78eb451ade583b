"""The kernel's end of one call: request out, three pipes and the zygote's reports in, everything bounded, nothing trusted.

Covers: endless or absent output, a candidate that closes or floods its pipes, a zygote that does not react, time that passes while we
answer a question.
Does not cover: what the bytes mean (`reading`, and `asking` for questions).
"""

import contextlib
import json
import os
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rsi.core.errors import JailError
from rsi.kernel.sandbox.asking import Dialogue

__all__ = ["Capture", "Exchange", "exactly", "receive", "request"]

_CHUNK = 1 << 18
_GRACE_S = 0.4
"""With it a call is gone half a second after its time, even if its zygote stands still."""


@dataclass(slots=True)
class Capture:
    """One pipe out of a call: keeps at most `keep` bytes and reads on, so that the writer never blocks."""

    fd: int
    keep: int
    data: bytearray = field(default_factory=bytearray)

    def pull(self) -> bool:
        """Read what is there; False at the end."""
        chunk = os.read(self.fd, _CHUNK)
        self.data += chunk[: max(0, self.keep - len(self.data))]
        return bool(chunk)


def request(
    control: socket.socket, header: dict[str, object], blobs: list[bytes], keeps: tuple[int, int, int], passed: Sequence[int] = ()
) -> list[Capture]:
    """Send one request with the write ends of fresh pipes and return captures of their read ends (result, stdout, stderr).

    Args:
        control: the socket to the zygote.
        header: what is asked for.
        blobs: what follows it: files and payload.
        keeps: how many bytes to keep of each pipe.
        passed: more descriptors for the call.

    Raises:
        JailError: the zygote is gone or does not take the request.
    """
    head = json.dumps(header).encode()
    body = b"".join([struct.pack(">Q", len(head)), head, *blobs])
    pipes = [os.pipe() for _ in keeps]
    try:
        socket.send_fds(control, [struct.pack(">Q", len(body))], [*(write for _, write in pipes), *passed])
        control.sendall(body)
    except OSError as error:
        for read, _ in pipes:
            os.close(read)
        raise JailError(f"the jail took no request: {error}") from error
    finally:
        for _, write in pipes:
            os.close(write)
    return [Capture(read, keep) for (read, _), keep in zip(pipes, keeps, strict=True)]


def exactly(control: socket.socket, size: int) -> bytes:
    """So many bytes of the zygote's, however they are cut on their way.

    Raises:
        JailError: it ended before.
        OSError: they did not come in time.
    """
    data = bytearray()
    while len(data) < size:
        chunk = control.recv(min(_CHUNK, size - len(data)))
        if not chunk:
            raise JailError("the jail's zygote ended or does not answer")
        data += chunk
    return bytes(data)


def receive(control: socket.socket) -> dict[str, object]:
    """One report of the zygote.

    Raises:
        JailError: it ended, or said something that is no report.
    """
    try:
        (size,) = struct.unpack(">Q", exactly(control, 8))
        report = json.loads(exactly(control, size))
    except (OSError, ValueError) as error:
        raise JailError(f"the jail's zygote ended or does not answer ({type(error).__name__})") from error
    if not isinstance(report, dict):
        raise JailError("the jail's zygote broke its protocol")
    return report


@dataclass(slots=True)
class Exchange:
    """Waits for the end of one call, and answers what it asks meanwhile.

    Attributes:
        control: the socket to the zygote.
        captures: result, stdout, stderr.
        wall_s: when to send word that the time is over.
        dialogue: its questions and our replies, if it may ask.
        pause_s: how long it may go on without asking; None: as long as its time lasts.
        told: whether word was sent that it must end.
        child: the process of the call as the zygote names it; 0 before it started.
        stalled: the zygote did not react in time.
    """

    control: socket.socket
    captures: list[Capture]
    wall_s: float
    dialogue: Dialogue | None = None
    pause_s: float | None = None
    told: bool = False
    child: int = 0
    stalled: bool = False

    def finish(self) -> dict[str, object]:
        """Read everything until the call has ended and return the zygote's report.

        Raises:
            JailError: the zygote ended, or missed a deadline (`stalled`).
        """
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        open_pipes = {capture.fd: capture for capture in self.captures}
        for fd in open_pipes:
            poller.register(fd, select.POLLIN)
        if self.dialogue is not None:
            self.dialogue.join(poller)
        end = time.monotonic() + self.wall_s
        deadline = self._next_deadline(end)
        report: dict[str, object] | None = None
        while report is None or open_pipes:
            ready = [fd for fd, _ in poller.poll(max(0.0, deadline - time.monotonic()) * 1000)]
            for fd in ready:
                if fd == self.control.fileno():
                    report = self._heard()
                    if report is not None:  # what follows it is about files, and not for here
                        deadline = time.monotonic() + _GRACE_S
                        poller.unregister(fd)
                elif fd in open_pipes and not open_pipes[fd].pull():
                    poller.unregister(fd)
                    del open_pipes[fd]
            if self._answered(ready, is_late=report is not None or time.monotonic() >= deadline):
                deadline = self._next_deadline(end)  # what came meanwhile is looked at before anybody is late
            elif time.monotonic() >= deadline and (report is None or open_pipes):
                self._overdue(report is not None)
                deadline = time.monotonic() + _GRACE_S
        return report

    def _heard(self) -> dict[str, object] | None:
        message = receive(self.control)
        started = message.get("started")
        if isinstance(started, int):
            self.child = started
            return None
        return message

    def _next_deadline(self, end: float) -> float:
        if self.told:
            return time.monotonic() + _GRACE_S
        return end if self.pause_s is None else min(end, time.monotonic() + self.pause_s)

    def _answered(self, ready: Sequence[int], is_late: bool) -> bool:
        """Whether a question was dealt with; of a call that is over, or must be, none is."""
        if self.dialogue is None:
            return False
        has_result = bool(self.captures[0].data)
        if is_late or self.told:
            self.dialogue.end(has_result)
            return False
        answered = self.dialogue.go_on(ready, has_result)
        if self.dialogue.is_broken:
            self.dialogue.end(has_result)
            self._tell()
        return answered

    def _overdue(self, reported: bool) -> None:
        if self.told or reported:
            self.stalled = True
            raise JailError("the jail's zygote did not end a call in time")
        self._tell()

    def _tell(self) -> None:
        """Send word that the call must end."""
        self.told = True
        with contextlib.suppress(OSError):  # a zygote that is gone is heard of by its closed socket
            self.control.send(b"K")
