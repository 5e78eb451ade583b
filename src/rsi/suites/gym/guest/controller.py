"""A controller for a small plant: a mass on a spring with drag, a late motor, noise in what is seen."""

from collections.abc import Callable
from typing import Any

from rsi.suites.gym.guest.moves import MILLION, number

__all__ = ["STRONGEST", "play", "simulate"]

STRONGEST = 10.0
"""Forces are clipped to this, either way."""
_TICK = 0.1


def play(begin: Any, instance: Any) -> list[int]:
    """The force at each tick, in millionths; `call(error, slope, total)` sees the error, its change per second and its sum over time."""
    call = begin()
    forces: list[int] = []

    def act(error: float, slope: float, total: float) -> float:
        force = call(error, slope, total)
        if type(force) is not float or not -STRONGEST <= force <= STRONGEST:
            force = number(force, -STRONGEST, STRONGEST)
        forces.append(int(MILLION * force))
        return forces[-1] / MILLION

    simulate(instance, act)
    return forces


def simulate(instance: Any, act: Callable[[float, float, float], float]) -> list[float]:
    """The true error at each tick, where `act` gives the force from what is seen of it."""
    place = speed = motor = total = 0.0
    before = None
    errors = []
    lag, push, drag, spring, mass = (instance[name] for name in ("motor", "push", "drag", "spring", "mass"))
    for goal, noise in zip(instance["goal"], instance["noise"], strict=True):
        seen = goal - place + noise
        total += seen * _TICK
        slope = 0.0 if before is None else (seen - before) / _TICK
        before = seen
        motor += (act(seen, slope, total) - motor) * lag
        speed += _TICK * (motor + push - drag * speed - spring * place) / mass
        place += _TICK * speed
        errors.append(goal - place)
    return errors
