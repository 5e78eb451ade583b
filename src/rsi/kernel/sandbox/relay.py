"""A zygote behind a border that no descriptor crosses (a container, gVisor, a virtual machine): both ends of a relay. Read as text.

`outer` runs beside the kernel and looks to it like a zygote. It starts the runtime's command and speaks with `inner` over its stdin and
stdout, in frames: a letter, eight bytes of length, that many bytes. `inner` runs the very same zygote behind the border.

    R  a request, as the kernel wrote it        C        what the zygote says to the kernel
    A  the same, of a call that may ask         0 1 2 3  bytes of result, stdout, stderr, questions; an empty frame is the end of one
    4  bytes of replies                         B        the last request is begun: what was before this was of an earlier call
    K  the call must end

Covers: frames that are too long or of unknown kind (the relay ends, and with it the jail); a border that closes on either side; a call that
never reads its replies (they are kept, as many as the kernel gives it).
Does not cover: what the runtime promises; on the inside the limits, the filter of system calls and the fence of files hold as far as the
inner kernel has them.
"""

import contextlib
import io
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rsi.kernel.sandbox.clear import clear

__all__ = ["BOOT", "inner", "outer"]

BOOT = (
    "import io,os\ni=io.FileIO(0,closefd=False)\nn=int(i.readline())\nb=b''\n"
    "while len(b)<n:b+=i.read(n-len(b)) or os._exit(9)\nexec(compile(b,'<rsi>','exec'))"
)
"""The program that a template starts inside: it reads the rest from its stdin."""
_CHUNK = 1 << 16
_PIECE = 4_000
"""What a pipe that takes anything takes at once, with its head."""
_OUT, _REPLIES = (b"0", b"1", b"2", b"3"), b"4"
_LONGEST = 1 << 32
_OTHER = 65534
_READABLE = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/etc/ld.so.cache")


def put(stream: int, letter: bytes, data: bytes = b"") -> None:
    """Write one frame."""
    rest = memoryview(letter + struct.pack(">Q", len(data)) + data)
    while rest:
        rest = rest[os.write(stream, rest) :]


def exactly(stream: int, size: int) -> bytes:
    """So many bytes; the process ends where the other side has."""
    data = bytearray()
    while len(data) < size:
        chunk = os.read(stream, min(_CHUNK, size - len(data)))
        if not chunk:
            raise SystemExit("the other side of the border is gone")
        data += chunk
    return bytes(data)


def frame(stream: int) -> tuple[bytes, bytes]:
    """One frame's letter and bytes."""
    head = exactly(stream, 9)
    (size,) = struct.unpack(">Q", head[1:])
    if size > _LONGEST:
        raise SystemExit("a frame too long to be one")
    return head[:1], exactly(stream, size)


def outer(command: list[str], program: str) -> None:
    """Start the runtime, hand it the program, and carry words between it and the kernel's socket on descriptor 0 until one of them ends."""
    control = socket.socket(fileno=os.dup(0))
    runtime = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if runtime.stdin is None or runtime.stdout is None:
        raise SystemExit("no pipes")
    there, back = runtime.stdin.fileno(), runtime.stdout.fileno()
    text = program.encode()
    os.write(there, b"%d\n" % len(text))
    io.FileIO(there, "w", closefd=False).write(text)
    pipes: dict[bytes, int] = {}
    coming: dict[bytes, int] = {}
    waiting = b""
    while True:
        replies = [pipes[_REPLIES]] if _REPLIES in pipes and not waiting else []
        ready, free, _ = select.select([control.fileno(), back, *replies], [there] if waiting else [], [])
        if back in ready:
            _deliver(*frame(back), control, pipes, coming)
        if free:
            put(there, _REPLIES, waiting)
            waiting = b""
        if control.fileno() in ready:
            _pass_on(control, there, pipes, coming)
            waiting = b"" if coming else waiting
        elif replies and replies[0] in ready:
            waiting = os.read(replies[0], _PIECE)
            if not waiting:
                os.close(pipes.pop(_REPLIES))


def _deliver(letter: bytes, data: bytes, control: socket.socket, pipes: dict[bytes, int], coming: dict[bytes, int]) -> None:
    """Out of the border: to the kernel's socket or into one of its pipes."""
    if letter == b"C":
        control.sendall(data)
    elif letter == b"B":
        pipes.update(coming)
        coming.clear()
    elif letter not in _OUT:
        raise SystemExit("a frame of unknown kind")
    elif letter in pipes and data:
        with contextlib.suppress(BrokenPipeError):
            io.FileIO(pipes[letter], "w", closefd=False).write(data)
    elif letter in pipes:
        os.close(pipes.pop(letter))


def _pass_on(control: socket.socket, there: int, pipes: dict[bytes, int], coming: dict[bytes, int]) -> None:
    """Into the border: what comes with descriptors is a request, what comes without is the word that a call must end."""
    first, passed, _, _ = socket.recv_fds(control, 1, len(_OUT) + 1)
    if not first:
        raise SystemExit("the kernel's side is gone")
    if not passed:
        put(there, b"K")
        return
    while pipes:
        os.close(pipes.popitem()[1])
    coming.update(zip((*_OUT, _REPLIES), passed, strict=False))
    (size,) = struct.unpack(">Q", first + exactly(control.fileno(), 7))
    put(there, b"A" if _REPLIES in coming else b"R", exactly(control.fileno(), size))


def inner(guest: str, flags: list[str], environment: dict[str, str], wanted: dict[str, object]) -> None:
    """Start a zygote here and carry words between it and the border."""
    with contextlib.suppress(PermissionError):  # who leads a group already needs no other to outlive a blow at the runtime's
        os.setsid()
    config = _settled(wanted)
    box = str(config["box"])
    ours, theirs = socket.socketpair()
    null = os.open(os.devnull, os.O_RDWR)
    command = [sys.executable, *flags, "-c", guest, json.dumps(config)]
    zygote = subprocess.Popen(command, stdin=theirs.fileno(), stdout=null, env=environment, cwd="/", start_new_session=True)
    theirs.close()
    try:
        _carry(ours)
    finally:
        ours.close()
        os.killpg(zygote.pid, signal.SIGKILL)
        zygote.wait()
        if not config["agent"] and clear(box):
            os.rmdir(box)


def _settled(wanted: dict[str, object]) -> dict[str, object]:
    """The zygote's configuration with what only this side of the border knows: the interpreter's place, the user, the folder."""
    library = os.path.join(os.path.realpath(sys.base_prefix), "lib")
    other = _OTHER if os.getuid() == 0 and not wanted["agent"] and _open_to_all(library) else None
    box = str(wanted["box"])
    if not wanted["agent"]:
        os.mkdir(box, 0o700)
    if other is not None:
        os.chown(box, other, other)
    return {**wanted, "uid": other, "fence": [*_READABLE, library]}


def _open_to_all(place: str) -> bool:
    """Whether everybody may read a folder, and enter all that it lies in."""
    if place == "/":
        return True
    return os.stat(place).st_mode & 0o005 == 0o005 and _open_to_all(os.path.dirname(place))


class Replies:
    """What the call of the moment is told, kept until it reads it; nothing here waits for it."""

    def __init__(self) -> None:
        """Nobody asks yet."""
        self.pipe: int | None = None
        self.rest = bytearray()

    def begin(self, pipe: int | None) -> None:
        """A call began, with this pipe if it may ask."""
        if self.pipe is not None:
            os.close(self.pipe)
        self.pipe = pipe
        self.rest.clear()
        if pipe is not None:
            os.set_blocking(pipe, False)

    def write(self, more: bytes = b"") -> None:
        """Write as much as the pipe takes; what nobody will read is forgotten."""
        if self.pipe is None:
            return
        self.rest += more
        try:
            del self.rest[: os.write(self.pipe, self.rest[:_CHUNK])]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.begin(None)


def _carry(zygote: socket.socket) -> None:
    pipes: dict[int, bytes] = {}
    replies = Replies()
    while True:
        late = [replies.pipe] if replies.pipe is not None and replies.rest else []
        ready, free, _ = select.select([0, zygote.fileno(), *pipes], late, [])
        if free:
            replies.write()
        for source in ready:
            if source == 0:
                _obey(*frame(0), zygote, pipes, replies)
            elif source == zygote.fileno():
                said = zygote.recv(_CHUNK)
                if not said:
                    raise SystemExit("the zygote is gone")
                put(1, b"C", said)
            elif source in pipes:
                data = os.read(source, _CHUNK)
                put(1, pipes[source], data)
                if not data:
                    os.close(source)
                    del pipes[source]


def _obey(letter: bytes, data: bytes, zygote: socket.socket, pipes: dict[int, bytes], replies: Replies) -> None:
    if letter == b"K":
        zygote.send(b"K")
        return
    if letter == _REPLIES:
        replies.write(data)
        return
    while pipes:
        os.close(pipes.popitem()[0])
    put(1, b"B")
    made = [os.pipe() for _ in _OUT[: 4 if letter == b"A" else 3]]
    is_told, tells = os.pipe() if letter == b"A" else (None, None)
    ends = [write for _, write in made] + ([] if is_told is None else [is_told])
    socket.send_fds(zygote, [struct.pack(">Q", len(data))], ends)
    for end in ends:
        os.close(end)
    pipes.update({read: _OUT[index] for index, (read, _) in enumerate(made)})
    replies.begin(tells)
    zygote.sendall(data)
