"""Compression with copies: at each place the program rates what could be copied from the past; else one letter is written out."""

from functools import lru_cache
from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["LONGEST", "REACH", "play"]

REACH = 96
"""How far back a copy may begin."""
LONGEST = 18
"""How many letters a copy may have."""
_SHORTEST = 2


def play(begin: Any, instance: Any) -> list[list[int]]:
    """The text in steps: `[length, distance]` of a copy, or `[1, 0]` for a letter.

    `call(length, distance, later)` rates a copy; `later` is the longest copy that could begin one letter later. The best is taken if it is
    rated above 0.
    """
    call = begin()
    text = instance["text"]
    steps = []
    at = 0
    copies = _all_copies(tuple(text))
    while at < len(text):
        here, later = copies[at], copies[at + 1]
        longest = max((length for length, _ in later), default=0)
        rated = [(number(call(length, distance, longest)), length, distance) for length, distance in here]
        rate, length, distance = max(rated, default=(0.0, 1, 0), key=lambda one: one[0])
        if rate <= 0.0:
            length, distance = 1, 0
        steps.append([length, distance])
        at += length
    return steps


@lru_cache(maxsize=64)
def _all_copies(text: tuple[int, ...]) -> list[list[tuple[int, int]]]:
    """What can be copied at each place of a text, and behind its end: the same for every program."""
    return [_copies(text, at) for at in range(len(text) + 1)]


def _copies(text: tuple[int, ...], at: int) -> list[tuple[int, int]]:
    """Lengths and distances of what can be copied: each longer than all that are nearer."""
    found = []
    longest = _SHORTEST - 1
    for distance in range(1, min(at, REACH) + 1):
        back = at - distance
        if at + longest < len(text) and text[back + longest] == text[at + longest] and text[back] == text[at]:
            length = 1
            while length < LONGEST and at + length < len(text) and text[back + length] == text[at + length]:
                length += 1
            if length > longest:
                longest = length
                found.append((length, distance))
    return found
