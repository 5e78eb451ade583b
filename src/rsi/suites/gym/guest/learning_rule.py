"""An update rule: the program moves the weights of small learning problems, one weight at a time."""

from collections.abc import Callable
from operator import add, mul
from typing import Any

from rsi.suites.gym.guest.moves import MILLION, number

__all__ = ["FARTHEST", "play", "train"]

FARTHEST = 10.0
"""Moves are clipped to this, either way."""


def play(begin: Any, instance: Any) -> list[int]:
    """Every move of every weight, in order, in millionths.

    `call(gradient, memory, round)` gives one, `memory` are two numbers of that weight's own.
    """
    call = begin()
    memories = [[0.0, 0.0] for _ in instance["start"]]
    moves: list[int] = []

    def move(index: int, gradient: float, turn: int) -> float:
        far = call(gradient, memories[index], turn)
        if type(far) is not float or not -FARTHEST <= far <= FARTHEST:
            far = number(far, -FARTHEST, FARTHEST)
        moves.append(int(MILLION * far))
        return moves[-1] / MILLION

    train(instance, move)
    return moves


def train(instance: Any, move: Callable[[int, float, int], float]) -> list[float]:
    """The true loss before each round and after the last: a valley ½ wᵀHw whose gradients are seen with noise."""
    weights = list(instance["start"])
    valley = instance["valley"]
    losses = []
    for turn, noise in enumerate([*instance["noise"], None]):
        slopes = [sum(map(mul, row, weights)) for row in valley]
        losses.append(min(0.5 * sum(map(mul, weights, slopes)), 1e12))
        if noise is not None:
            for i, gradient in enumerate(map(add, slopes, noise)):
                weights[i] += move(i, gradient if -1e9 <= gradient <= 1e9 else min(max(gradient, -1e9), 1e9), turn)
    return losses
