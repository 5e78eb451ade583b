"""Calls to a target: one message to its entry module in a jail; a fault of the jail itself is retried once and never scored.

Covers: a zygote that dies (retried with a fresh one); a candidate that ends it every time (a violation, once the jail has shown that it
works).
Does not cover: the shape of an answer; the caller checks that.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from rsi.core.codec import canonical
from rsi.core.errors import JailError
from rsi.core.protocols import Call, Files, Jail, Limits, Reply, Serve
from rsi.core.records import Clock, Json, Manifest, Outcome
from rsi.kernel.sandbox import Violation

__all__ = ["BUILD_FILE", "Built", "Failed", "agent_call", "build", "reliable", "violation_name"]

BUILD_FILE = "build.json"
"""Where a tree finds the product of its own build."""

_PROBE = Call(files={"probe.py": b"def echo(x):\n    return x\n"}, module="probe", function="echo", payload=1, limits=Limits(wall_s=10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A tree that can be run: with the product of its build in `build.json`, if it has a build."""

    files: Files
    product: Json
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A build that gave no product."""

    outcome: Outcome
    reason: str
    clock: Clock


def agent_call(
    jail: Jail,
    files: Files,
    manifest: Manifest,
    function: str,
    payload: Json,
    limits: Limits,
    serving: Callable[[], Serve] | None = None,
) -> Reply:
    """Call one function of a target's entry module with plain data.

    Args:
        jail: where.
        files: the target.
        manifest: names its entry module.
        function: of that module.
        payload: what it gets.
        limits: of the call.
        serving: gives somebody who answers its questions, afresh if the call is tried again.

    Raises:
        JailError: the jail is broken; nothing is known of the target.
        RsiError: whoever answers raised it.
    """
    return reliable(jail, Call(files=files, module=manifest.entry, function=function, payload=payload, limits=limits), serving)


def violation_name(reason: str) -> str:
    """The stable name of a violation: what stands before the colon of its reason."""
    return reason.partition("\n")[0].partition(":")[0].strip()[:80] or Outcome.VIOLATION.value


def build(jail: Jail, files: Files, manifest: Manifest, seed: int, limits: Limits) -> Built | Failed:
    """Derive what a tree needs before it can be run; a tree without a build is ready as it is.

    Raises:
        JailError: the jail is broken.
    """
    if not manifest.build:
        return Built(files=files, product=None, clock=Clock())
    reply = agent_call(jail, files, manifest, "build", {"seed": seed}, limits)
    if reply.outcome is not Outcome.ANSWERED:
        return Failed(outcome=reply.outcome, reason=reply.reason, clock=reply.clock)
    return Built(files={**files, BUILD_FILE: canonical(reply.value)}, product=reply.value, clock=reply.clock)


def reliable(jail: Jail, call: Call, serving: Callable[[], Serve] | None = None) -> Reply:
    """The reply to a call, retried once if the jail broke.

    If it breaks twice and yet answers a harmless call, it was the code that broke it: a violation. So whoever answers questions must
    not let the `JailError` of another jail through (`Evaluator` does not).

    Raises:
        JailError: the jail does not even answer a harmless call.
    """
    try:
        return jail.call(call, serving() if serving else None)
    except JailError:
        pass
    try:
        return jail.call(call, serving() if serving else None)
    except JailError as error:
        reply = jail.call(_PROBE)
        if reply.outcome is not Outcome.ANSWERED:
            raise
        reason = f"{Violation.BROKE_JAIL}: it ended twice: {error}"
        return dataclasses.replace(reply, outcome=Outcome.VIOLATION, value=None, reason=reason, stdout="", stderr="")
