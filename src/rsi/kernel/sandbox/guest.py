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

__all__ = ["main"]

_RESULT = 3
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
_TRACE_CHARACTERS, _LINE_CHARACTERS = 4_000, 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the kernel wants of this jail.

    Attributes:
        preload: modules of the standard library to import once.
        box: the jail's own place for folders, emptied after each call; None where the kernel makes and removes the folders.
        alone: this process has a PID namespace of its own.
        uid: user to become first, or None to stay.
        filter: whether system calls are to be filtered.
        fence: paths that stay readable, or None for no fence.
        processes: how many processes and threads a call may have in all (a limit of the user that real root does not feel).
    """

    preload: list[str]
    box: str | None
    alone: bool
    uid: int | None
    filter: bool
    fence: list[str] | None
    processes: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One request: what to call, in which folder, with which files (path and size; their bytes follow) and limits."""

    nonce: str
    module: str
    function: str
    folder: str
    files: list[tuple[str, int]]
    cpu_s: float
    memory_bytes: int
    disk_bytes: int
    descriptors: int


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


def receive(control: socket.socket) -> tuple[bytes, list[int]]:
    """The next request and the descriptors that came with it; ends the process when the kernel's side is closed."""
    head, pipes, _, _ = socket.recv_fds(control, 8, 3)
    if len(head) < 8:
        os._exit(0)
    (size,) = struct.unpack(">Q", head)
    body = bytearray(size)
    view = memoryview(body)
    while view:
        got = control.recv_into(view, min(len(view), 1 << 20))
        if not got:
            os._exit(0)
        view = view[got:]
    return bytes(body), pipes


def split(body: bytes) -> tuple[Header, int]:
    """A request's header (JSON) and where the bytes of its files and payload begin."""
    (size,) = struct.unpack(">Q", body[:8])
    return Header(**json.loads(body[8 : 8 + size])), 8 + size


def lay_out(folder: str, files: list[tuple[str, int]], content: bytes, at: int) -> bytes:
    """Write the files into the empty folder, make it the working folder, and return the bytes behind the files (the payload)."""
    os.chdir(folder)
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


def run(config: Config, header: Header, body: bytes, begin: int, pipes: list[int]) -> None:
    """The whole life of a child: prepare, give up rights, call, answer, end."""
    take_descriptors(pipes)
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with Answer(header.nonce) as answer:
        os.makedirs(header.folder, mode=0o700, exist_ok=True)
        payload = json.loads(lay_out(header.folder, header.files, body, begin))
        del body
        give_up(config, header)
        sys.path.insert(0, header.folder)
        module = importlib.import_module(header.module)
        answer.value = getattr(module, header.function)(payload)


def give_up(config: Config, header: Header) -> None:
    """Apply every limit that this jail promises, in the order in which one does not hinder the next."""
    limit(header.cpu_s, header.memory_bytes, header.disk_bytes, header.descriptors, config.processes)
    if sys.platform == "linux":
        drop_privileges()
    if config.fence is not None:
        fence_files([*config.fence, os.devnull, "/dev/urandom"], [header.folder])
    if config.filter:
        filter_calls()


def watch(child: int, control: socket.socket, wakeup: int, config: Config, folder: str) -> dict[str, object]:
    """Wait for the child, or for word from the kernel that its time is over, and report how it ended; if the kernel is gone, tidy up."""
    began = time.monotonic()
    told = False
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return {"status": status, "told": told, "cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - began}
        ready, _, _ = select.select([control.fileno(), wakeup], [], [])
        if wakeup in ready:
            os.read(wakeup, 512)
        if control.fileno() in ready:
            word = control.recv(1)
            told = True
            os.kill(child, signal.SIGKILL)
            if not word:
                sweep(child, config.alone)
                if not config.box and clear(folder):
                    os.rmdir(folder)
                os._exit(0)


def sweep(child: int, alone: bool) -> bool:
    """Kill and reap whatever a call left behind; False if something is still there. `alone`: in a PID namespace of its own."""
    until = time.monotonic() + 0.3
    targets = [-1 if alone else -child]
    while time.monotonic() < until:
        strike(targets)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        targets = targets[:1] + ([] if alone else children())
        time.sleep(0.001)
    return False


def strike(targets: list[int]) -> None:
    """SIGKILL to processes (positive), groups (negative) or everything in the namespace (-1)."""
    for target in targets:
        try:
            os.kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def children() -> list[int]:
    """Processes whose parent is this one (orphans of a call are handed to it: it is their subreaper)."""
    me = str(os.getpid())
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    if file.read().rpartition(b")")[2].split()[1].decode() == me:
                        found.append(int(name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    return found


def serve(config: Config, control: socket.socket) -> None:
    """Answer requests until the kernel closes its side."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    while True:
        body, pipes = receive(control)
        header, begin = split(body)
        child = os.fork()
        if not child:
            run(config, header, body, begin, pipes)
        for pipe in pipes:
            os.close(pipe)
        del body
        send(0, json.dumps({"started": child}).encode())
        report = watch(child, control, wake_read, config, header.folder)
        clean = sweep(child, config.alone)
        if config.box:
            clean = clear(config.box) and clean
        send(0, json.dumps({**report, "clean": clean}).encode())


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
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in config.preload:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    send(0, json.dumps({"filter": config.filter, "fence": config.fence is not None, "uid": os.getuid()}).encode())
    serve(config, socket.socket(fileno=0))


if __name__ == "__main__":
    main()
