"""A40–A51: getting out."""

from rsi.attacks.model import Attack

__all__ = ["ATTACKS"]

ATTACKS: tuple[Attack, ...] = ()
"""In the order of their numbers."""
