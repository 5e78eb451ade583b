"""The attack suite: everything known that a candidate could try, run against the jail of this very machine.

Each attack is judged from the host by its *effect*, never by what the attacker says of itself. `prove` runs the suite at a tier.

Covers: what ATTACKS lists: leaked answers, a corrupted grader, a forged result, time and resources, escape, and the controls that a fair
judge must pass.
Does not cover: faults of the machine's own kernel, side channels, accelerators, and attacks that nobody has thought of yet.
"""

from rsi.attacks.model import Attack, Finding, Result, Status
from rsi.attacks.prove import ATTACKS, prove

__all__ = ["ATTACKS", "Attack", "Finding", "Result", "Status", "prove"]
