"""Opening the strongest jail that this machine can enforce, and saying plainly what it does enforce.

Covers: every tier is proven by starting it, never by looking for a program's name.
Does not cover: attacks themselves; `tests/security` runs them and looks at their effect from the host.
"""

from dataclasses import dataclass
from functools import cache

from rsi.core.errors import JailError, UserError
from rsi.kernel.sandbox.launch import PROFILES
from rsi.kernel.sandbox.zygote import ZygoteJail

__all__ = ["TIERS", "Capability", "capabilities", "open_jail", "unreachable"]

TIERS = ("S3", "S2", "S1")
"""Strongest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One thing that a jail is asked to prevent, whether it does here, and how (or what would help)."""

    name: str
    enforced: bool
    how: str


def open_jail(preload: tuple[str, ...] = (), tier: str = "auto", profile: str = "function", template: str | None = None) -> ZygoteJail:
    """A jail at the strongest tier that works here, or at exactly the one asked for.

    Args:
        preload: modules of the standard library to have loaded.
        tier: `auto`, or one of `TIERS`.
        profile: `function` (computes, starts nothing) or `agent` (may start processes; S3 or S4 only).
        template: the command that starts a container or virtual machine, for S4; `docs/jail.md` says how to write one.

    Raises:
        UserError: no such tier, or the machine cannot enforce it; says why and what to do.
        JailError: not even the weakest tier starts.
    """
    if tier not in ("auto", "S4", *TIERS):
        raise UserError(f"there is no jail tier {tier!r}; choose one of auto, {', '.join(TIERS)}")
    if profile not in PROFILES:
        raise UserError(f"there is no jail profile {profile!r}; choose one of {', '.join(PROFILES)}")
    reasons = {}
    for name in _tried(profile, template) if tier == "auto" else (tier,):
        why = unreachable(name, profile, template)
        if why is None:
            return ZygoteJail(tier=name, preload=preload, profile=profile, template=template)
        reasons[name] = why
    if tier != "auto":
        raise UserError(f"this machine cannot enforce jail tier {tier} for the {profile} profile: {why}; choose tier auto or repair that")
    raise JailError(f"no jail can be started here: {'; '.join(f'{name}: {why}' for name, why in reasons.items())}")


def _tried(profile: str, template: str | None) -> tuple[str, ...]:
    """What `auto` tries: S4 only where somebody gave a command for it, nothing weaker than S3 for programs."""
    return (*(("S4",) if template else ()), "S3", *(("S2", "S1") if profile == "function" else ()))


def unreachable(tier: str, profile: str = "function", template: str | None = None) -> str | None:
    """Why a tier cannot be had on this machine, None if it can; tried once per process by starting it.

    Raises:
        UserError: the template of S4 is no command with one `{program}`.
    """
    return _unreachable(tier, profile, template if tier == "S4" else None)


@cache
def _unreachable(tier: str, profile: str, template: str | None) -> str | None:
    try:
        ZygoteJail(tier=tier, profile=profile, template=template).close()
    except JailError as error:
        return str(error)
    return None


def capabilities(jail: ZygoteJail) -> tuple[Capability, ...]:
    """What this jail enforces and what not, in words for people."""
    spaces, calls, fence = jail.tier == "S3", bool(jail.enforced.get("filter")), bool(jail.enforced.get("fence"))
    files = [word for word, there in (("namespaces", spaces), ("Landlock", fence)) if there]
    network = [word for word, there in (("an empty network namespace", spaces), ("a filter of system calls", calls)) if there]
    missing = None if spaces else "a stronger one is needed"
    if jail.tier == "S4":
        missing = "what your command's border holds cannot be seen from outside it"
    signals = [word for word, there in (("a PID namespace", spaces), ("a filter of system calls", calls)) if there]
    return (
        _capability("reading and writing files outside its folder", files, missing),
        _capability("network", network, missing),
        _processes(jail, missing),
        _capability("signals to other processes", signals, missing),
        _capability("seeing which files exist outside", ["namespaces"] if spaces else [], missing),
        Capability(name="size and number of all its files together", enforced=True, how=_files_together(spaces)),
        Capability(name="time, size of a file, open files", enforced=True, how="resource limits and the kernel's own clock"),
        _memory(jail),
        Capability(name="answers and results", enforced=True, how="no answer is ever sent in; one message with a nonce comes out"),
        _user(jail),
    )


def _files_together(spaces: bool) -> str:
    watched = "the folder is looked at while a call runs"
    return f"a memory file system of fixed size, and {watched}" if spaces else watched


def _memory(jail: ZygoteJail) -> Capability:
    group = "memory" in str(jail.enforced.get("group")).split()
    means = [*(["a limit of address space"] if jail.enforced.get("memory") else []), *(["a control group"] if group else [])]
    return _capability("memory", means, "this system limits no address space")


def _capability(name: str, means: list[str], missing: str | None) -> Capability:
    if means:
        return Capability(name=name, enforced=True, how=" and ".join(means))
    return Capability(name=name, enforced=False, how=f"not at this tier ({missing})")


def _processes(jail: ZygoteJail, missing: str | None) -> Capability:
    if jail.profile == "function":
        means = ["a filter of system calls"] if jail.enforced.get("filter") else []
        return _capability("starting processes and threads", means, missing)
    how = "a limit of the machine's kernel and a watch" if jail.enforced.get("counted") else "a watch every 30 ms"
    how += ", a control group" if jail.enforced.get("group") else ""
    return Capability(name="number, memory and CPU time of all its processes, and their end", enforced=True, how=f"a PID namespace, {how}")


def _user(jail: ZygoteJail) -> Capability:
    name = "rights of root"
    if jail.enforced.get("uid") != 0:
        return Capability(name=name, enforced=True, how="the jail runs as an ordinary user")
    if jail.tier != "S1":
        return Capability(name=name, enforced=True, how="root in name only: no capability is left")
    return Capability(name=name, enforced=False, how="the interpreter lies where only root can read it, so the jail stays root")
