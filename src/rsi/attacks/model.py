"""What an attack is and what is known of it afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rsi.attacks.scene import Scene

__all__ = ["EVERY_TIER", "FENCED", "Attack", "Finding", "Result", "Status"]

EVERY_TIER = frozenset({"S4", "S3", "S2", "S1"})
"""What even S1 promises to hold."""
FENCED = frozenset({"S4", "S3", "S2"})
"""Tiers that promise more than limits and a process of its own."""


class Status(StrEnum):
    """How an attack ended."""

    HELD = "held"
    THROUGH = "got through"
    REPORTED = "reported"
    """It got through at a tier that does not promise to hold it."""
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the host saw: whether the attack was held, and one line about how."""

    held: bool
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One way to cheat or to break out.

    Attributes:
        id: its number in the list of attacks (`A01`; controls are `N1`, `P1`).
        name: what is tried.
        family: the part of the list it belongs to.
        must: what has to happen.
        run: tries it on a scene and looks at the effect from the host.
        tiers: where it must be held; elsewhere its success is only reported.
        profile: of the jail it runs in, `function` or `agent`.
        quick: belongs to the short suite that every run can afford.
    """

    id: str
    name: str
    family: str
    must: str
    run: Callable[[Scene], Finding]
    tiers: frozenset[str] = FENCED
    profile: str = "function"
    quick: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One attack at one tier.

    Attributes:
        seen: what the host saw, one line.
        seconds: wall time.
    """

    attack: str
    name: str
    family: str
    must: str
    tier: str
    status: Status
    seen: str
    seconds: float
