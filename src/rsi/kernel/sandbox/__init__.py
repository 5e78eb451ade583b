"""The jail: code that nobody has vetted runs here, one fresh process and one empty folder per call; only plain data comes out.

`open_jail` picks the strongest tier that this machine enforces, `capabilities` says in words what that is. The kernel's side is `zygote`
(the jail), `warm` (its zygotes), `wire` (pipes), `reading` (what bytes mean), `launch` (how each tier is started), `packages` (what is
lent to a jail) and `tiers`. The guest's side is `guest`, `confine`, `filling`, `sweep`, `clear` and `answers`: files that are read as text
and run inside, never imported by the kernel (but for `clear`).

Covers: files (also their sum), network, processes, signals, time, memory, output, forged results, as far as the tier says.
Does not cover: faults of the machine's own kernel, side channels through time, caches and load, GPUs (none is lent to a jail), and what a
*right* answer is.
"""

from rsi.kernel.sandbox.profile import STANDARD_PROFILE, measured_profile
from rsi.kernel.sandbox.reading import Violation
from rsi.kernel.sandbox.tiers import TIERS, Capability, capabilities, open_jail, unreachable
from rsi.kernel.sandbox.zygote import ZygoteJail

__all__ = [
    "STANDARD_PROFILE",
    "TIERS",
    "Capability",
    "Violation",
    "ZygoteJail",
    "capabilities",
    "measured_profile",
    "open_jail",
    "unreachable",
]
