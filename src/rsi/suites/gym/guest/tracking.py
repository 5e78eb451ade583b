"""Tracking: from noisy sightings of something that moves, the program says where it will be next."""

from typing import Any

from rsi.suites.gym.guest.moves import millionths

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The next place in millionths, foretold after each sighting; `call(seen, memory)` may keep three numbers in `memory`, all 0 first."""
    call = begin()
    memory = [0.0, 0.0, 0.0]
    return [millionths(call(seen, memory)) for seen in instance["seen"]]
