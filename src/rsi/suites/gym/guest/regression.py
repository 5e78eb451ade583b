"""Regression: from noisy points of an unknown curve, the program says where the curve is elsewhere."""

from typing import Any

from rsi.suites.gym.guest.moves import millionths

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """A value for each place that is asked for, in millionths; `call(xs, ys, x)` sees the points, sorted by x, and one place."""
    call = begin()
    return [millionths(call(list(instance["xs"]), list(instance["ys"]), x)) for x in instance["at"]]
