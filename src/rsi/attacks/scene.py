"""The scene of the attacks: a judge with secrets, files worth forging, open ears on every kind of socket, and a jail in the midst of it.

The judge here is a process that beats; it holds the sentinel in its environment, its memory and an open file, as a real judge holds
answers.
"""

import base64
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

from rsi.attacks.host import HostState, differences, look_at, mentions
from rsi.core.errors import InfrastructureError, JailError
from rsi.core.protocols import Call, Files, Limits, Reply, Serve
from rsi.core.records import Json
from rsi.kernel.sandbox import ZygoteJail, open_jail, unreachable
from rsi.kernel.sandbox.clear import clear
from rsi.kernel.sandbox.family import below, state_and_parent

__all__ = ["Scene"]

_WALL_S = 10.0
_FAULTY = ("NameError", "SyntaxError", "IndentationError", "UnboundLocalError")
_PRELOAD = ("ctypes", "mmap", "platform", "resource", "socket", "struct")
"""What many attackers import."""
_GRACE_S = 0.2
_TRIES, _PAUSE_S = 3, 1.0
_PATIENCE_S = 20.0
_JUDGE = """
import os, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])  # whoever sends this one to everybody is seen by it and harms nobody
answer = os.environ["RSI_ANSWERS"]
held = open(sys.argv[1])
text = held.read()
print("ready", flush=True)
while os.getppid() == int(sys.argv[2]):
    print("beat", flush=True)
    time.sleep(0.02)
"""


class Scene:
    """One tier's jail and everything around it that an attack could be after.

    Attributes:
        tier: of the jail.
        sentinel: a text that stands for the answers: nobody inside a jail may ever know it.
        mark: part of the name of every file and command that an attack makes, so that the host finds it again.
        folder: files of the judge: `answers.json` (has the sentinel), `judge.py`, `results.json`, `log.jsonl`.
        judge: process number of the judge.
        everybody: the process number that a signal to everybody is sent to.
    """

    everybody = -1

    def __init__(self, tier: str, template: str | None = None) -> None:
        """Set everything up when entered; `template`: the command of an S4."""
        self.tier, self.template = tier, template
        self.sentinel = f"answer-{secrets.token_hex(12)}"
        self.mark = f"rsi-attack-{secrets.token_hex(6)}"
        self.folder = Path()
        self.judge = 0
        self._others = frozenset[int]()
        self._stack = contextlib.ExitStack()
        self._bench = contextlib.ExitStack()
        self._jails: dict[str, ZygoteJail] = {}
        self._ears: dict[str, socket.socket] = {}

    def __enter__(self) -> "Scene":
        """Set the scene."""
        self._others = frozenset(below(os.getpid()))
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rsi-judge-")))
            _write_files(self.folder, self.sentinel)
            stack.callback(self._close_jails)
            stack.callback(lambda: self._bench.close())
            self._seat_a_judge()
            self._ears = dict(_listeners(stack, self.folder.parent / f"{self.folder.name}.sock"))
            self._stack = stack.pop_all()
        self._fresh = self.look()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Clear it away."""
        self._stack.close()

    def ask(
        self,
        source: str,
        payload: Json = None,
        *,
        files: Files | None = None,
        limits: Limits | None = None,
        profile: str = "function",
    ) -> Reply:
        """What comes back from `f(payload)` of a module with this source, next to other files.

        Raises:
            JailError: the attack broke the jail.
        """
        return self.call({"attack.py": source.encode(), **(files or {})}, "f", payload, limits=limits, profile=profile)

    def call(
        self,
        files: Files,
        function: str,
        payload: Json,
        *,
        module: str = "attack",
        limits: Limits | None = None,
        profile: str = "function",
        serve: Serve | None = None,
    ) -> Reply:
        """One call to a tree of one's own; tried again if the jail broke, for what breaks a jail does so every time.

        A jail also ends a call, without blame, when the file system that it shares with others fills up.

        Raises:
            JailError: it broke three times, the last two a second after the one before.
            InfrastructureError: the attacker's own code is faulty; what does not run is held by every jail and proves nothing.
        """
        call = Call(files=files, module=module, function=function, payload=payload, limits=limits or Limits(wall_s=_WALL_S))
        reply = self._patiently(self.jail(profile), call, serve)
        if reply.reason.startswith(_FAULTY):
            raise InfrastructureError(f"an attack of the suite is itself broken: {reply.reason[:200]}; please report this")
        return reply

    @staticmethod
    def _patiently(jail: ZygoteJail, call: Call, serve: Serve | None) -> Reply:
        for _ in range(_TRIES - 1):
            with contextlib.suppress(JailError):
                return jail.call(call, serve)
            time.sleep(_PAUSE_S)
        return jail.call(call, serve)

    def jail(self, profile: str = "function") -> ZygoteJail:
        """The jail under attack, opened when first needed."""
        if profile not in self._jails:
            self._jails[profile] = self.open_jail(profile)
        return self._jails[profile]

    def open_jail(self, profile: str = "function") -> ZygoteJail:
        """One more jail of this tier and profile; whoever opens it closes it."""
        return open_jail(_PRELOAD, self.tier, profile, self.template)

    def missing(self, profile: str) -> str | None:
        """Why the jail of this profile cannot be had here; None if it can."""
        return None if profile == "function" else unreachable(self.tier, profile, self.template)

    def addresses(self) -> dict[str, Json]:
        """Where the host listens: `tcp`, `udp` (ports on the loopback) and `vsock`, `named` path and `abstract` name of a unix socket."""
        return {
            "tcp": self._ears["tcp"].getsockname()[1],
            "udp": self._ears["udp"].getsockname()[1],
            "named": self._ears["named"].getsockname(),
            "abstract": self._ears["abstract"].getsockname().decode()[1:] if "abstract" in self._ears else "",
            "vsock": self._ears["vsock"].getsockname()[1] if "vsock" in self._ears else 0,
        }

    def heard(self) -> list[str]:
        """The listeners that somebody reached since the last time."""
        found = []
        for name, ear in self._ears.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    if name == "udp":
                        ear.recv(100)
                    else:
                        ear.accept()[0].close()
                    found.append(name)
        return sorted(set(found))

    def knows(self, reply: Reply) -> bool:
        """Whether the sentinel, plain or thinly veiled, is anywhere in what came out of the jail."""
        text = f"{reply.value!r}{reply.reason}{reply.stdout}{reply.stderr}"
        secret = self.sentinel.encode()
        veiled = (secret, secret[::-1], secret.hex().encode(), base64.b64encode(secret)[:-4])
        return any(form.decode() in text for form in veiled)

    def calm(self) -> None:
        """Set up anew what an earlier attack destroyed: jails, the judge, its files; the host then looks as it always does."""
        for jail in [self.jail(), *self._jails.values()]:
            jail.call(Call(files={"calm.py": b"def f(x):\n    return x\n"}, module="calm", function="f", payload=1))
        now = self.look()
        if now.judge != self._fresh.judge:
            self._seat_a_judge()
        if now.files != self._fresh.files:
            self.restore()
        self._fresh = self.look()
        self._judge_beats()
        self.heard()

    def restore(self) -> None:
        """Put the judge's files back as they were at the beginning."""
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o700)
        clear(str(self.folder))
        _write_files(self.folder, self.sentinel)

    def look(self) -> HostState:
        """The host as it is now."""
        return look_at(self.folder, self.judge, self.mark)

    def damage(self, before: HostState) -> list[str]:
        """What an attack did to the host, one line each: files, the judge, room, listeners, processes that outlive it by 200 ms.

        What it left under the scene's mark is removed.
        """
        time.sleep(_GRACE_S)
        found = [f"process {pid} outlived the attack" for pid in self.survivors()]
        found += [f"it reached the {name} listener" for name in self.heard()]
        if not self._judge_beats():
            found.append("the judge's heart stands still")
        after = self._later(before)
        for path in after.names:
            _remove(path)
        return found + differences(before, after)

    def survivors(self) -> list[int]:
        """Processes of an attack that are still there: below this process or anywhere under the mark, the jails' own aside."""
        own = self._own_processes()
        return sorted((below(os.getpid()) - own) | set(mentions([self.mark.encode()], own | {os.getpid()})))

    def _own_processes(self) -> set[int]:
        """The judge, the jails' own, of which no call is under way, and what ran below this process before the scene, with its own."""
        others = self._others.union(*(below(pid) for pid in self._others))
        return {self.judge, *others}.union(*(jail.standing for jail in self._jails.values()))

    def _judge_beats(self) -> bool:
        """Whether a beat comes that was not there yet; forgets the old ones."""
        out = self._judge.stdout
        assert out is not None
        os.set_blocking(out.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            while os.read(out.fileno(), 1 << 16):
                pass
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and state_and_parent(self.judge)[0] not in ("T", "t"):
            time.sleep(0.01)
            with contextlib.suppress(BlockingIOError):
                return bool(os.read(out.fileno(), 1 << 16))
        return False

    def _later(self, before: HostState) -> HostState:
        """A look at the host; where room is missing once more after a while, for others who took it give it back."""
        until = time.monotonic() + _PATIENCE_S / 4
        after = self.look()
        while any("of room" in line for line in differences(before, after)) and time.monotonic() < until:
            time.sleep(0.2)
            after = self.look()
        return after

    def _seat_a_judge(self) -> None:
        self._bench.close()
        self._judge = self._bench.enter_context(_judge(self.folder, self.sentinel))
        self.judge = self._judge.pid

    def _close_jails(self) -> None:
        for jail in self._jails.values():
            with contextlib.suppress(JailError):
                jail.close()


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            clear(path)
            os.rmdir(path)
        else:
            os.unlink(path)


def _write_files(folder: Path, sentinel: str) -> None:
    contents: Mapping[str, str] = {
        "answers.json": f'{{"expected": "{sentinel}"}}',
        "judge.py": "def score(answer, expected):\n    return float(answer == expected)\n",
        "results.json": '{"score": 0.25}',
        "log.jsonl": '{"kind": "run.started"}\n',
    }
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o644)
    folder.chmod(0o755)


@contextlib.contextmanager
def _judge(folder: Path, sentinel: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-I", "-S", "-c", _JUDGE, str(folder / "answers.json"), str(os.getpid())]
    environment = {"RSI_ANSWERS": sentinel, "PATH": os.defpath}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise JailError("the judge of the attack suite did not start")
            yield process
        finally:
            process.kill()


def _listeners(stack: contextlib.ExitStack, path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Open ears of every kind; nothing comes from elsewhere, for each has a name or port of its own."""
    tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", 0))
    named = stack.enter_context(socket.socket(socket.AF_UNIX))
    named.bind(str(path))
    path.chmod(0o777)
    stack.callback(path.unlink, missing_ok=True)
    named.listen()
    ears = {"tcp": tcp, "udp": udp, "named": named}
    if sys.platform == "linux":
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{path.name}")
        abstract.listen()
        ears["abstract"] = abstract
        with contextlib.suppress(OSError):  # a kernel without it
            vsock = stack.enter_context(socket.socket(socket.AF_VSOCK))
            vsock.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
            vsock.listen()
            ears["vsock"] = vsock
    for ear in ears.values():
        ear.setblocking(False)
    yield from ears.items()
