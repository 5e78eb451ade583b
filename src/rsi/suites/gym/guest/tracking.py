"""Tracking: from noisy sightings of something that moves, the program says where it will be next."""

from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[float]:
    """The next place, foretold after each sighting; `call(seen, memory)` may keep three numbers in `memory`, all 0 at first."""
    call = begin()
    memory = [0.0, 0.0, 0.0]
    return [number(call(seen, memory)) for seen in instance["seen"]]
