"""One zygote as the kernel sees it: its process, the socket to it, what it said at its start, and when it has served long enough.

Covers: a zygote that does not start (its last words are told), one that is gone, one that has grown; ending all of it at once.
Does not cover: what it enforces; its greeting says that, and the attack suite proves it.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
from dataclasses import dataclass, field

from rsi.core.errors import JailError
from rsi.core.protocols import Call
from rsi.kernel.sandbox.cgroup import Group, joining, parent_group
from rsi.kernel.sandbox.launch import Launch
from rsi.kernel.sandbox.reading import legible
from rsi.kernel.sandbox.wire import receive

__all__ = ["Warm"]

_START_S = 120.0
"""Until a zygote must have said that it is ready: on a busy machine that takes many times as long as usual."""
_GROWTH_BYTES = 128_000_000


@dataclass(slots=True)
class Warm:
    """A process that was started as a zygote.

    Attributes:
        tier: at which it was started.
        profile: `function` or `agent`.
        process: what was started: the zygote, or what wraps it.
        control: the socket to the zygote.
        group: the control group of it and of all its calls; None where there is none.
        greeting: what it said when it was ready; empty before.
        calls: how many it has had.
        resident: bytes of memory that it said to have after its last call.
    """

    tier: str
    profile: str
    process: "subprocess.Popen[bytes]"
    control: socket.socket
    group: Group | None = None
    greeting: dict[str, object] = field(default_factory=dict)
    calls: int = 0
    resident: int = 0

    @classmethod
    def start(cls, launch: Launch) -> "Warm":
        """Start one and return at once.

        Raises:
            JailError: there is no such program.
        """
        ours, theirs = socket.socketpair()
        ours.settimeout(_START_S)
        group = _own_group(launch.tier)
        try:
            process = subprocess.Popen(
                launch.command if group is None else joining(group, launch.command),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=launch.environment,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            if group is not None:
                group.remove()
            raise JailError(f"the jail's interpreter did not start: {error}") from error
        finally:
            theirs.close()
        return cls(tier=launch.tier, profile=launch.profile, process=process, control=ours, group=group)

    def greet(self) -> None:
        """Wait until it is ready to serve.

        Raises:
            JailError: it did not start, or does not enforce what its tier promises; it is ended then.
        """
        try:
            self.greeting = receive(self.control)
        except JailError as error:
            said = self._last_words()
            self.end()
            raise JailError(f"the jail did not start: {said or error}") from error
        if self.tier == "S2" and not (self.greeting.get("filter") and self.greeting.get("fence")):
            self.end()
            raise JailError("this machine's kernel has no seccomp filter or no Landlock for it")
        if self.profile == "agent" and not self.greeting.get("filter"):
            self.end()
            raise JailError("this machine's kernel has no seccomp filter for the agent profile")
        self.resident = _number(self.greeting.get("resident"))
        if self.group is not None and not self.group.has(self.process.pid):
            self.group.remove()
            self.group = None
        self.greeting["group"] = "" if self.group is None else " ".join(self.group.holds)

    def allow(self, call: Call) -> None:
        """Let all its processes together have what a call may use, and no more, where the machine's kernel can hold that.

        Raises:
            JailError: its control group is gone.
        """
        if self.group is None:
            return
        limits, given = call.limits, sum(map(len, call.files.values()))
        memory = self.resident + limits.memory_bytes + limits.disk_bytes + 2 * given + call.collect_bytes
        try:
            self.group.allow(memory_bytes=memory, processes=limits.processes)
        except OSError as error:
            raise JailError(f"the jail's control group is gone: {error}") from error

    def spoke(self) -> bool:
        """Whether it said something, or ended, since it was last heard."""
        return bool(select.select([self.control], [], [], 0)[0])

    def served(self, report: dict[str, object]) -> None:
        """Count a call that it reported on."""
        self.calls += 1
        self.resident = _number(report.get("resident"))

    def tired(self, most_calls: int) -> bool:
        """Whether it has had that many calls or has grown far beyond its start."""
        return self.calls >= most_calls or self.resident > _number(self.greeting.get("resident")) + _GROWTH_BYTES

    def gone(self) -> bool:
        """Whether its process has ended."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """End it from any thread; whoever waits for it hears that it is gone."""
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        group = self.group
        if group is not None:
            group.kill()

    def end(self) -> None:
        """End it and give back everything that it held here."""
        self.kill()
        self.control.close()
        self.process.wait()
        if self.group is not None:
            self.group.remove()
            self.group = None
        if self.process.stderr is not None:
            self.process.stderr.close()

    def _last_words(self) -> str:
        assert self.process.stderr is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        lines = self.process.stderr.read(10_000).decode(errors="replace").strip().splitlines()
        return legible(lines[-1]) if lines else ""


def _own_group(tier: str) -> Group | None:
    """A control group for one jail; the command of S4 takes care of its own."""
    parent = None if tier == "S4" else parent_group()
    if parent is None:
        return None
    with contextlib.suppress(OSError):
        return Group.make(parent)
    return None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
