"""A30–A39: cheating with time, leaving something behind, using up the machine."""

from rsi.attacks import leftovers, timing, usage
from rsi.attacks.model import Attack

__all__ = ["ATTACKS"]

_ALL: tuple[Attack, ...] = (*timing.ATTACKS, *leftovers.ATTACKS, *usage.ATTACKS)
ATTACKS: tuple[Attack, ...] = tuple(sorted(_ALL, key=lambda attack: attack.id))
"""In the order of their numbers."""
