"""Hash mixing: the program mixes words into a state of 32 bits, over keys that look alike."""

from typing import Any

from rsi.suites.gym.guest.dialect import Fault
from rsi.suites.gym.guest.moves import whole

__all__ = ["MASK", "play"]

MASK = 0xFFFFFFFF
"""The bits of a state that are kept."""
_LARGEST = 1 << 80


def play(begin: Any, instance: Any) -> list[int]:
    """The hash of each key; `call(state, word)` gives the next state, of which the lowest 32 bits are kept.

    A fresh module of the program must give the same from the last key to the first: a hash depends on its key alone.
    """
    call = begin()
    hashes = [_hash(call, key) for key in instance["keys"]]
    again = begin()
    if [_hash(again, key) for key in reversed(instance["keys"])] != hashes[::-1]:
        raise Fault("a hash depends on more than its key")
    return hashes


def _hash(call: Any, key: list[int]) -> int:
    state = 0
    for word in key:
        mixed = call(state, word)
        if type(mixed) is not int or not -_LARGEST <= mixed <= _LARGEST:
            mixed = whole(mixed, -_LARGEST, _LARGEST)
        state = mixed & MASK
    return state
