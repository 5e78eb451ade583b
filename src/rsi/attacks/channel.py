"""A23–A29: forging or flooding the channel of results."""

from rsi.attacks.model import Attack

__all__ = ["ATTACKS"]

ATTACKS: tuple[Attack, ...] = ()
"""In the order of their numbers."""
