"""What this machine offers a jail, tier by tier, what is missing for more, and what attacks have shown of it so far."""

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from rsi.attacks.proof import Proofs, state_folder
from rsi.core.records import JailProof
from rsi.kernel.sandbox import unreachable

__all__ = ["ALL_TIERS", "Standing", "advice", "known_proofs", "standings"]

ALL_TIERS = ("S4", "S3", "S2", "S1")
"""Strongest first."""
_SETTINGS = (
    ("user/max_user_namespaces", "0", "user namespaces are off: sysctl -w user.max_user_namespaces=15000"),
    ("kernel/unprivileged_userns_clone", "0", "user namespaces are for root only: sysctl -w kernel.unprivileged_userns_clone=1"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor restricts user namespaces: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give bwrap a profile",
    ),
)
_PLACES = {
    "S4": "a container runtime or gVisor, and --template with the command that starts it (docs/jail.md)",
    "S2": "needs Linux 5.13 or later with Landlock and seccomp, on x86-64 or aarch64",
    "S1": "needs a POSIX system",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One tier on this machine.

    Attributes:
        missing: why it cannot be had; None if a jail of this tier was started.
        programs: why it cannot be had for the agent profile; None if such a jail was started.
        advice: what to install or to set for it; empty if nothing is missing.
        proof: what attacks have shown of it under the present circumstances; None if nobody attacked it.
    """

    tier: str
    missing: str | None
    programs: str | None
    advice: str
    proof: JailProof | None


def known_proofs(template: str | None = None) -> Proofs:
    """The proofs of this user on this machine; of S4 with this command."""
    return Proofs(folder=state_folder(os.environ, Path.home()), template=template)


def standings(proofs: Proofs) -> tuple[Standing, ...]:
    """All tiers, strongest first; each is proven by starting a jail, not by looking for programs."""
    return tuple(_standing(tier, proofs) for tier in ALL_TIERS)


def _standing(tier: str, proofs: Proofs) -> Standing:
    missing = unreachable(tier, template=proofs.template)
    programs = unreachable(tier, "agent", proofs.template)
    if missing is None:
        return Standing(tier=tier, missing=None, programs=programs, advice="", proof=proofs.find(tier))
    return Standing(tier=tier, missing=missing, programs=programs, advice=advice(tier, missing), proof=None)


def advice(tier: str, missing: str, settings: Path = Path("/proc/sys")) -> str:
    """One line that says what to install or to set so that a tier can be had.

    Args:
        missing: why it cannot be had.
        settings: where the kernel shows its settings.
    """
    if tier != "S3":
        return _PLACES[tier]
    if sys.platform != "linux":
        return f"needs Linux, and this is {platform.system()}"
    if "not installed" in missing:
        return "apt install bubblewrap"
    for name, bad, words in _SETTINGS:
        if _setting(settings / name) == bad:
            return words
    return "a container forbids namespaces: start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined"


def _setting(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
