"""A40–A51: getting out."""

from rsi.attacks import network
from rsi.attacks.model import Attack

__all__ = ["ATTACKS"]

ATTACKS: tuple[Attack, ...] = (*network.ATTACKS,)
"""In the order of their numbers."""
