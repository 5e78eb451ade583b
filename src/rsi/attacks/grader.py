"""A13–A22: corrupting what grades."""

from rsi.attacks.model import Attack

__all__ = ["ATTACKS"]

ATTACKS: tuple[Attack, ...] = ()
"""In the order of their numbers."""
