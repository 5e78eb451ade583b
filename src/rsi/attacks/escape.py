"""A40–A51: getting out."""

from rsi.attacks import blows, machine, network, output, outside
from rsi.attacks.model import Attack

__all__ = ["ATTACKS"]

ATTACKS: tuple[Attack, ...] = tuple(
    sorted((*network.ATTACKS, *outside.ATTACKS, *machine.ATTACKS, *blows.ATTACKS, *output.ATTACKS), key=lambda attack: attack.id)
)
"""In the order of their numbers."""
