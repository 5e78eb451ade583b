"""The zygote: a warm interpreter inside the jail that forks one child per call. Guest side: read as text, started with `python -c`.

It holds no secret, runs no candidate code itself, reads exactly one request at a time from descriptor 0 and writes one report per call. Its
child does the rest: own session, limits, folder, descriptors; imports the module, calls the function, writes one message, ends.

Covers: one fresh process and one folder per call; no descriptor but stdin (null), stdout, stderr and the result pipe; every process that
a call leaves behind is killed before the report goes out; the folder is emptied where the jail has one of its own.
Does not cover: a candidate that lies about its own result (it may only harm itself); see `confine` for what each limit holds.
"""

import ctypes
import dataclasses
import gc
import importlib
import importlib.machinery
import importlib.util
import io
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
import traceback
import types
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rsi.kernel.sandbox.clear import clear
    from rsi.kernel.sandbox.confine import drop_privileges, fence_files, filter_calls, landlock_version, limit
    from rsi.kernel.sandbox.filling import Guard
    from rsi.kernel.sandbox.sweep import family, sweep

__all__ = ["main"]

_RESULT = 3
_encode = json.JSONEncoder(allow_nan=False).encode
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
_BLOCK = 4_096
_TRACE_CHARACTERS, _LINE_CHARACTERS = 4_000, 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the kernel wants of this jail.

    Attributes:
        preload: modules to import once.
        packages: where the installed packages begin of which modules may be imported: name and file.
        box: the jail's own place for folders, emptied after each call; None where the kernel makes and removes the folders.
        alone: this process has a PID namespace of its own.
        uid: user to become first, or None to stay.
        filter: whether system calls are to be filtered.
        fence: paths that stay readable, or None for no fence.
        processes: how many processes and threads a call may have in all (a limit of the user that real root does not feel).
    """

    preload: list[str]
    packages: dict[str, str]
    box: str | None
    alone: bool
    uid: int | None
    filter: bool
    fence: list[str] | None
    processes: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One request: what to call (once for `each` item of the payload?), in which folder, with which files and limits.

    Of a file it has path and size; the bytes follow.
    """

    nonce: str
    module: str
    function: str
    each: bool
    folder: str
    files: list[tuple[str, int]]
    cpu_s: float
    memory_bytes: int
    disk_bytes: int
    entries: int
    descriptors: int


class Packages:
    """Finds the declared packages, and nothing that is installed beside them."""

    def __init__(self, origins: dict[str, str]) -> None:
        """Know where each begins."""
        self.origins = origins

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """As every finder of `sys.meta_path` does."""
        origin = self.origins.get(name)
        if origin is None:
            return None
        inner = [os.path.dirname(origin)] if os.path.basename(origin).startswith("__init__.") else None
        return importlib.util.spec_from_file_location(name, origin, submodule_search_locations=inner)


class Answer:
    """Writes exactly one message about what the block inside it did, and ends the process, however the block ends."""

    def __init__(self, nonce: str) -> None:
        """Answer the request that has this nonce."""
        self.nonce = nonce
        self.value: object = None

    def __enter__(self) -> "Answer":
        """Begin the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        """End the process after the message; a `SystemExit` ends it without one."""
        if kind is None:
            self._end({"nonce": self.nonce, "value": self.value})
        if kind is not None and issubclass(kind, SystemExit):
            os._exit(0)
        word = "memory" if kind is not None and issubclass(kind, MemoryError) else "crashed"
        with Last():
            del self.value
            lines = "".join(traceback.format_exception(kind, error, trace.tb_next if trace else None, limit=-6)).splitlines()
            text = "\n".join(line[:_LINE_CHARACTERS] for line in lines)
            self._end({"nonce": self.nonce, "error": word, "text": text[-_TRACE_CHARACTERS:]})

    def _end(self, message: dict[str, object]) -> None:
        with Unspeakable(self.nonce):
            sys.stdout.flush()
            sys.stderr.flush()
            send(_RESULT, json.dumps(message, allow_nan=False).encode())
            os._exit(0)


class Case:
    """Keeps the error that ended the block inside it, in one line; what ends a process goes on to do so."""

    error: str | None = None

    def __enter__(self) -> "Case":
        """Begin the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> bool:
        """Keep an error."""
        if kind is None or error is None or not issubclass(kind, Exception):
            return False
        self.error = traceback.format_exception_only(kind, error)[-1].strip()[:_LINE_CHARACTERS]
        return True


def case(function: Callable[[object], object], item: object) -> dict[str, object]:
    """What a function makes of one item: a value that can be written as plain data, or the error."""
    with Case() as done:
        value = function(item)
        _encode(value)
        return {"value": value}
    return {"error": done.error}


class Unspeakable:
    """Says that a value cannot be written as plain data, for the block that tried to."""

    def __init__(self, nonce: str) -> None:
        """Answer the request that has this nonce."""
        self.nonce = nonce

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        """End the process after a message about the error."""
        with Last():
            word = "memory" if kind is not None and issubclass(kind, MemoryError) else "malformed"
            text = f"{getattr(kind, '__name__', '')}: {error}"[:500]
            send(_RESULT, json.dumps({"nonce": self.nonce, "error": word, "text": text}).encode())
            os._exit(0)


class Last:
    """Ends the process without a word if even the words for an error fail."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None) -> None:
        """End the process."""
        os._exit(1)


def send(channel: int, body: bytes) -> None:
    """Write one message: eight bytes of length, then the body."""
    rest = memoryview(struct.pack(">Q", len(body)) + body)
    while rest:
        rest = rest[os.write(channel, rest) :]


def receive(control: socket.socket) -> tuple[Header, int, list[int]]:
    """The next request's header, how many bytes follow it, and the descriptors that came with it.

    The bytes stay where they are: the child takes them, so that this process never holds what a later call could find in its memory.
    Ends the process when the kernel's side is closed.
    """
    head, pipes, _, _ = socket.recv_fds(control, 8, 3)
    if len(head) < 8:
        os._exit(0)
    (size,) = struct.unpack(">Q", head)
    (length,) = struct.unpack(">Q", exactly(control, 8))
    return Header(**json.loads(exactly(control, length))), size - 8 - length, pipes


def exactly(control: socket.socket, size: int) -> bytes:
    """So many bytes; ends the process when the kernel's side is closed."""
    body = bytearray(size)
    view = memoryview(body)
    while view:
        got = control.recv_into(view, min(len(view), 1 << 20))
        if not got:
            os._exit(0)
        view = view[got:]
    return bytes(body)


def lay_out(folder: str, files: list[tuple[str, int]], content: bytes) -> bytes:
    """Write the files into the empty folder, make it the working folder, and return the bytes behind the files (the payload)."""
    os.chdir(folder)
    at = 0
    for path, size in files:
        if "/" in path:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as file:
            file.write(content[at : at + size])
        at += size
    return content[at:]


def take_descriptors(pipes: list[int]) -> None:
    """Keep null as stdin and the three pipes as result, stdout and stderr; close everything else."""
    high = [os.dup2(pipe, 64 + i) for i, pipe in enumerate(pipes)]
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(high[0], _RESULT)
    os.dup2(high[1], 1)
    os.dup2(high[2], 2)
    os.closerange(4, 256)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")


def run(config: Config, header: Header, control: socket.socket, size: int, taken: int, pipes: list[int]) -> None:
    """The whole life of a child: take the request, prepare, give up rights, call, answer, end."""
    body = exactly(control, size)
    os.write(taken, b".")
    take_descriptors(pipes)
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with Answer(header.nonce) as answer:
        os.makedirs(header.folder, mode=0o700, exist_ok=True)
        payload = json.loads(lay_out(header.folder, header.files, body))
        del body
        give_up(config, header)
        sys.path.insert(0, header.folder)
        function = getattr(importlib.import_module(header.module), header.function)
        answer.value = [case(function, item) for item in payload] if header.each else function(payload)


def give_up(config: Config, header: Header) -> None:
    """Apply every limit that this jail promises, in the order in which one does not hinder the next."""
    limit(header.cpu_s, header.memory_bytes, header.disk_bytes, header.descriptors, config.processes)
    if sys.platform == "linux":
        drop_privileges()
    if config.fence is not None:
        fence_files([*config.fence, os.devnull, "/dev/urandom"], [header.folder])
    if config.filter:
        filter_calls()


def allowed(header: Header) -> tuple[int, int]:
    """Bytes and entries that a call's folder may hold: what it was given (in whole blocks), and what it may add."""
    given = sum(path.count("/") + 1 for path, _ in header.files)
    return header.disk_bytes + sum(size for _, size in header.files) + _BLOCK * given, header.entries + given


def resident() -> int:
    """Bytes of memory of this process, 0 where that cannot be said."""
    if not os.path.exists("/proc/self/statm"):
        return 0
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def watch(child: int, control: socket.socket, wakeup: int, config: Config, header: Header) -> dict[str, object]:
    """Wait for the child, for word from the kernel that its time is over, or for its folder to be full; report how it ended.

    If the kernel is gone, tidy up.
    """
    began = time.monotonic()
    guard = Guard(header.folder, *allowed(header), shared=not config.box)
    boundless = config.processes > 0 and os.getuid() == 0  # the limit of processes does not bind real root
    told, alarm = False, ""
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            spent = {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - began}
            return {"status": status, "told": told, "alarm": alarm, **spent}
        ready, _, _ = select.select([control.fileno(), wakeup], [], [], guard.wait_s)
        if wakeup in ready:
            os.read(wakeup, 512)
        if control.fileno() in ready:
            word = control.recv(1)
            told = True
            os.kill(child, signal.SIGKILL)
            if not word:
                sweep(child, config.alone)
                if not config.box and clear(header.folder):
                    os.rmdir(header.folder)
                os._exit(0)
        elif not ready and not alarm:
            alarm = guard.alarm() or ("forked" if boundless and len(family()) > config.processes else "")
            if alarm:
                os.kill(child, signal.SIGKILL)


def serve(config: Config, control: socket.socket) -> None:
    """Answer requests until the kernel closes its side."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    while True:
        header, size, pipes = receive(control)
        taken, take = os.pipe()
        child = os.fork()
        if not child:
            run(config, header, control, size, take, pipes)
        for pipe in (take, *pipes):
            os.close(pipe)
        if not os.read(taken, 1):
            os._exit(1)  # a child that ended before it had its request leaves the rest of it in the socket
        os.close(taken)
        send(0, json.dumps({"started": child}).encode())
        report = watch(child, control, wake_read, config, header)
        clean = sweep(child, config.alone)
        if config.box:
            clean = clear(config.box) and clean
        send(0, json.dumps({**report, "clean": clean, "resident": resident()}).encode())


def proves(act: Callable[..., None], *arguments: object) -> bool:
    """Whether a child of this process can do `act`: the only honest way to know what this machine enforces."""
    child = os.fork()
    if not child:
        with Last():
            act(*arguments)
            os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def prepare(config: Config) -> Config:
    """Become the subreaper, the wanted user and unreadable to one's own children; find out what can be enforced here."""
    if config.alone and (os.getppid() != 1 or os.getpid() > 100):
        raise RuntimeError("no PID namespace of its own: a blow at every process would leave the jail")
    if config.uid is not None:
        os.setgroups([])
        os.setresgid(config.uid, config.uid, config.uid)
        os.setresuid(config.uid, config.uid, config.uid)
    if sys.platform != "linux":
        return dataclasses.replace(config, filter=False, fence=None)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    fence = config.fence if landlock_version() and proves(fence_files, ["/usr"], []) else None
    return dataclasses.replace(config, filter=config.filter and proves(filter_calls), fence=fence)


def main() -> None:
    """Warm up, say what can be enforced here, and serve."""
    os.closerange(3, 256)
    config = prepare(Config(**json.loads(sys.argv[1])))
    sys.argv = [""]
    sys.meta_path.append(Packages(config.packages))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in config.preload:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    send(0, json.dumps({"filter": config.filter, "fence": config.fence is not None, "uid": os.getuid(), "resident": resident()}).encode())
    serve(config, socket.socket(fileno=0))


if __name__ == "__main__":
    main()
