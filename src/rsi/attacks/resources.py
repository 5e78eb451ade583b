"""A30–A39: cheating with time, leaving something behind, using up the machine."""

from rsi.attacks.model import Attack

__all__ = ["ATTACKS"]

ATTACKS: tuple[Attack, ...] = ()
"""In the order of their numbers."""
