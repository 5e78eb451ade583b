"""What verbs that work for long have in common: processes, jails that were attacked before, and a clean end on Ctrl-C."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rsi.attacks import prove as attack
from rsi.attacks.proof import proven
from rsi.cli.machine import known_proofs
from rsi.core.errors import UserError
from rsi.core.records import JailProof

__all__ = ["check_workers", "prove", "stoppable"]


def check_workers(workers: int) -> None:
    """Refuse what is no number of processes.

    Raises:
        UserError: less than 1 or more than 256.
    """
    if not 1 <= workers <= 256:
        raise UserError(f"--workers {workers}: should be between 1 and 256")


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets: work comes to a clean end. A second signal interrupts at once."""
    stop = threading.Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def prove(tier: str, template: str | None) -> JailProof:
    """What attacks show of the jails of this machine: as known from `rsi doctor --attack`, else tried now, for a few seconds."""
    return proven(
        tier, proofs=known_proofs(template), attack_quickly=lambda tier: attack(tier, quick=True, template=template), now=time.time
    )
