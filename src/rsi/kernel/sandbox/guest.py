"""The zygote: a warm interpreter inside the jail that forks one child per call. Guest side: read as text, started with `python -c`.

It holds no secret, runs no candidate code itself, reads exactly one request at a time from descriptor 0 and writes one report per call. Its
child does the rest: own session, limits, folder, descriptors; imports the module, calls the function, writes one message, ends.

Covers: one fresh process and one folder per call; no descriptor but stdin (null), stdout, stderr and the result pipe, and where somebody
answers questions one pipe for them and one for the replies; every process that a call leaves behind is killed before the report goes out;
the folder is emptied where the jail has one of its own.
Does not cover: a candidate that lies about its own result (it may only harm itself); see `confine` for what each limit holds.
"""

import ctypes
import dataclasses
import functools
import gc
import importlib
import importlib.machinery
import importlib.util
import io
import json
import os
import platform
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rsi.kernel.sandbox.agent import (
        Audit,
        dissolve,
        found_family,
        furnish,
        give_up_as_agent,
        own_mounts,
        program_filter,
        room_for_processes,
        settle,
    )
    from rsi.kernel.sandbox.clear import clear
    from rsi.kernel.sandbox.collect import gather
    from rsi.kernel.sandbox.confine import drop_privileges, fence_files, filter_calls, landlock_version, limit, program
    from rsi.kernel.sandbox.filling import Guard
    from rsi.kernel.sandbox.laying import lay_out, offer
    from rsi.kernel.sandbox.saying import QUESTION, REPLY, RESULT, Answer, Ask, Last, case, send
    from rsi.kernel.sandbox.sweep import family, sweep

__all__ = ["main"]

_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
_BLOCK, _ROOMY = 4_096, 1 << 40
_FORKED_S = 0.02
"""How often processes are counted where no limit binds them."""


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
        agent: whether calls may start processes, each call in a family of its own.
    """

    preload: list[str]
    packages: dict[str, str]
    box: str | None
    alone: bool
    uid: int | None
    filter: bool
    fence: list[str] | None
    processes: int
    agent: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One request: what to call (once for `each` item of the payload? with somebody whom it `asks`?), in which folder, with what limits.

    Of a file it has path and size; the bytes follow, those of the compiled forms of its modules behind those of its files.
    """

    nonce: str
    module: str
    function: str
    each: bool
    asks: bool
    folder: str
    files: list[tuple[str, int]]
    forms: list[tuple[str, int]]
    cpu_s: float
    memory_bytes: int
    disk_bytes: int
    entries: int
    descriptors: int
    processes: int
    collect_bytes: int


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


def receive(control: socket.socket) -> tuple[Header, int, list[int]]:
    """The next request's header, how many bytes follow it, and the descriptors that came with it.

    The bytes stay where they are: the child takes them, so that this process never holds what a later call could find in its memory.
    Ends the process when the kernel's side is closed.
    """
    head, pipes, _, _ = socket.recv_fds(control, 8, 5)
    if len(head) < 8:
        os._exit(0)
    (size,) = struct.unpack(">Q", head)
    (length,) = struct.unpack(">Q", exactly(control, 8))
    return Header(**json.loads(exactly(control, length))), size - 8 - length, pipes


def exactly(control: socket.socket, size: int) -> bytearray:
    """So many bytes; ends the process when the kernel's side is closed."""
    body = bytearray(size)
    view = memoryview(body)
    while view:
        got = control.recv_into(view, min(len(view), 1 << 20))
        if not got:
            os._exit(0)
        view = view[got:]
    return body


def take_descriptors(pipes: list[int]) -> None:
    """Keep null as stdin, three pipes as result, stdout and stderr, and two more, if they came, for asking; close everything else."""
    high = [os.dup2(pipe, 64 + i) for i, pipe in enumerate(pipes)]
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for pipe, place in zip(high, (RESULT, 1, 2, QUESTION, REPLY), strict=False):
        os.dup2(pipe, place)
    os.closerange(RESULT + len(pipes) - 2, 256)
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
        written = [*header.files, *header.forms] if config.agent else header.files  # programs read what lies there
        rest = lay_out(header.folder, written, memoryview(body))
        payload = json.loads(bytes(rest if config.agent else offer(header.folder, header.forms, rest)))
        give_up(config, header)
        sys.path.insert(0, header.folder)
        function = getattr(importlib.import_module(header.module), header.function)
        if header.asks:
            function = asking(function, Ask(header.nonce))
        answer.value = [case(function, item) for item in payload] if header.each else function(payload)


def asking(function: Callable[[object, object], object], ask: "Ask") -> Callable[[object], object]:
    """A function that is also given somebody to ask."""
    return lambda payload: function(payload, ask)


def give_up(config: Config, header: Header) -> None:
    """Apply every limit that this jail promises, in the order in which one does not hinder the next."""
    most = config.processes + (header.processes if config.agent else 0)
    limit(header.cpu_s, header.memory_bytes, header.disk_bytes, header.descriptors, most)
    if sys.platform == "linux":
        drop_privileges()
    if config.agent:
        give_up_as_agent(config.box or "", config.fence is not None)
        return
    if config.fence is not None:
        fence_files([*config.fence, os.devnull, "/dev/urandom"], [header.folder])
    if config.filter:
        filter_calls()


def allowed(header: Header) -> tuple[int, int]:
    """Bytes and entries that a call's folder may hold: what it was given (in whole blocks), and what it may add."""
    files = [*header.files, *header.forms]
    given = sum(path.count("/") + 1 for path, _ in files)
    return header.disk_bytes + sum(size for _, size in files) + _BLOCK * given, header.entries + given


def resident() -> int:
    """Bytes of memory of this process, 0 where that cannot be said."""
    if not os.path.exists("/proc/self/statm"):
        return 0
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def start(config: Config, header: Header, work: Callable[[], None]) -> "tuple[int, Guard | Audit, int | None]":
    """Let a child do the work: its number, who keeps an eye on it, and where word of its end comes from, if not from itself."""
    if config.agent and config.box is not None:
        furnish(config.box, *allowed(header))
        child, word = found_family(config.box, work)
        return child, Audit(child, config.box, allowed(header), header.processes + 2, header.memory_bytes, header.cpu_s), word
    child = os.fork()
    if not child:
        work()
    return child, Guard(header.folder, *allowed(header), shared=not config.alone), None


def watch(child: int, control: socket.socket, wakeup: int, config: Config, header: Header, guard: "Guard | Audit") -> dict[str, object]:
    """Wait for the child, for word from the kernel that its time is over, or for its folder to be full; report how it ended.

    If the kernel is gone, tidy up.
    """
    began = time.monotonic()
    boundless = config.processes > 0 and not config.agent and os.getuid() == 0  # the limit of processes does not bind real root
    told, alarm = False, ""
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            spent = {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - began}
            return {"status": status, "told": told, "alarm": alarm, **spent}
        ready, _, _ = select.select([control.fileno(), wakeup], [], [], min(guard.wait_s, _FORKED_S) if boundless else guard.wait_s)
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


def keep(header: Header, clean: bool) -> Callable[[], None]:
    """Let a child take the files that a call leaves behind; what is returned lets it send them, when the report is out.

    This process never holds what a later call could find in its memory.
    """
    if not header.collect_bytes:
        return lambda: None
    (told, tell), (wait, go) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        with Last():
            message = gather(header.folder, header.collect_bytes) if clean else b""
            os.write(tell, b".")
            os.read(wait, 1)
            send(0, message)
            os._exit(0)
    os.close(tell)
    os.read(told, 1)

    def hand_over() -> None:
        os.write(go, b".")
        if os.waitpid(child, 0)[1]:
            os._exit(1)
        for pipe in (told, wait, go):
            os.close(pipe)

    return hand_over


def serve(config: Config, control: socket.socket) -> None:
    """Answer requests until the kernel closes its side."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    while True:
        header, size, pipes = receive(control)
        taken, take = os.pipe()
        child, guard, word = start(config, header, functools.partial(run, config, header, control, size, take, pipes))
        for pipe in (take, *pipes):
            os.close(pipe)
        if not os.read(taken, 1):
            os._exit(1)  # a child that ended before it had its request leaves the rest of it in the socket
        os.close(taken)
        send(0, json.dumps({"started": child}).encode())
        report = watch(child, control, wake_read, config, header, guard)
        if word is not None and isinstance(guard, Audit):
            report = settle(report, word, guard)
        clean = sweep(child, config.alone)
        hand_over = keep(header, clean)
        if config.box:
            clean = (dissolve if config.agent else clear)(config.box) and clean
        send(0, json.dumps({**report, "clean": clean, "resident": resident()}).encode())
        hand_over()


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
        os.setgid(config.uid)
        os.setuid(config.uid)  # of root: the real, effective and saved user
    if sys.platform != "linux":
        return dataclasses.replace(config, filter=False, fence=None)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    fence = config.fence if landlock_version() and proves(fence_files, ["/usr"], []) else None
    if config.agent:
        own_mounts()
        return dataclasses.replace(config, filter=proves(filter_calls, program_filter()), fence=fence, processes=room_for_processes())
    filtered = config.filter and proves(filter_calls)
    if filtered:
        program(platform.machine())  # worked out before the first call, not in each
    return dataclasses.replace(config, filter=filtered, fence=fence)


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
    bounded = sys.platform == "linux" or proves(resource.setrlimit, resource.RLIMIT_AS, (_ROOMY, _ROOMY))
    enforced = {"filter": config.filter, "fence": config.fence is not None, "uid": os.getuid(), "memory": bounded}
    send(0, json.dumps({**enforced, "counted": config.agent and config.processes > 0, "resident": resident()}).encode())
    serve(config, socket.socket(fileno=0))


if __name__ == "__main__":
    main()
