"""What jobs asked language models, and what else stands in the log of a job that was carried out."""

from collections.abc import Mapping

from rsi.core.records import Json, Manifest
from rsi.kernel.evaluate import Chats
from rsi.kernel.models import used_in
from rsi.loop.machine import Machine
from rsi.loop.orders import Done
from rsi.loop.shell import MOST_RUNS
from rsi.loop.state import Version

__all__ = ["CHATS_PER_CALL", "asked_by", "chats_for", "tell_calls", "tell_job", "with_shell"]

CHATS_PER_CALL = 400
"""Requests to models that one call may make; what they cost is bounded by the gateway's own budgets."""


def chats_for(machine: Machine, manifest: Manifest, purpose: str, most: int = CHATS_PER_CALL) -> Chats | None:
    """The models that a job may ask, `most` times in one call: if there are any in this run, and the tree says that it asks them."""
    gateway = machine.staff.gateway
    return Chats(gateway=gateway, purpose=purpose, most=most) if gateway is not None and manifest.models else None


def with_shell(machine: Machine, chats: Chats | None, subject: Version) -> Chats | None:
    """The same for a job whose models may run commands over a copy of a version, if this run has a place for that."""
    shell = machine.staff.shell
    if chats is not None and shell is not None:
        chats.shell, chats.most_runs = shell.over(subject.files, subject.manifest), MOST_RUNS
    return chats


def asked_by(chats: Chats | None, *, is_scored: bool = False) -> Json:
    """What a job asked that has nothing to ask but models, for the log; None where there are none.

    Raises:
        Halted: it is to be scored, and models could not be asked for a reason that is not the candidate's.
    """
    if chats is not None and is_scored:
        chats.hold()
    return None if chats is None else {"tried": 0, "called": [*chats.called]}


def tell_job(machine: Machine, done: Done, *, job: str, call: str, improver: str, more: Mapping[str, Json]) -> None:
    """Write down that a job came due, and the calls to models that it made."""
    body: dict[str, Json] = {
        "job": job,
        "call": call,
        "improver": improver,
        "outcome": done.outcome.value,
        "reason": done.reason,
        "programs": done.programs,
        "result": None if done.value is None else machine.blob(done.value),
        **more,
        **({} if done.asked is None else {"asked": machine.blob(done.asked)}),
    }
    machine.emit("job.done", body, done.clock)
    tell_calls(machine, done, job)


def tell_calls(machine: Machine, done: Done, job: str) -> None:
    """Write down each call to a model that a job made, in order; without texts."""
    called = done.asked.get("called") if isinstance(done.asked, dict) else None
    for one in called if isinstance(called, list) else []:
        if isinstance(one, dict):
            machine.emit("model.called", {**one, "job": job})
            machine.chatted += used_in(one)
