"""N1–N7 must score the floor, P1 the top; P2, an honest improvement, must be accepted."""

from rsi.attacks.model import Attack

__all__ = ["ATTACKS"]

ATTACKS: tuple[Attack, ...] = ()
"""In the order of their numbers."""
