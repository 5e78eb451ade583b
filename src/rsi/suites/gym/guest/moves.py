"""What a program gave, as plain bounded numbers, or a `Fault`: no object of a program's making leaves a play."""

import math
from typing import Any

from rsi.suites.gym.guest.dialect import Fault

__all__ = ["MILLION", "millionths", "number", "permutation", "whole"]

MILLION = 1_000_000
"""What a number is multiplied by before its digits are cut off."""


def number(value: Any, low: float = -1e9, high: float = 1e9) -> float:
    """A finite number, clipped to its bounds.

    The plays that call a program hundreds of times look at the usual case, a float within bounds, themselves: a call less each time.
    """
    if type(value) is float and low <= value <= high:
        return value
    if type(value) not in (int, float, bool) or not math.isfinite(value):
        raise Fault("a finite number was expected")
    return float(min(max(value, low), high))


def millionths(value: Any, low: float = -1e9, high: float = 1e9) -> int:
    """A finite number, clipped to its bounds, in whole millionths: a transcript of these takes a quarter of the time to write and read."""
    return int(MILLION * number(value, low, high))


def whole(value: Any, low: int, high: int) -> int:
    """An int within its bounds."""
    if type(value) not in (int, bool) or not low <= value <= high:
        raise Fault(f"an int from {low} to {high} was expected")
    return int(value)


def permutation(value: Any, size: int) -> list[int]:
    """Each of 0 … size − 1 once."""
    if type(value) is not list or len(value) != size:
        raise Fault(f"a list of {size} ints was expected")
    found = [whole(item, 0, size - 1) for item in value]
    if len(set(found)) != size:
        raise Fault("something stands twice")
    return found
