"""A bandit with several arms: the arm with the highest index is pulled, its reward is revealed."""

from typing import Any

from rsi.suites.gym.guest.moves import numbers

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The arms pulled, in order; `call(mean, pulls, left)` is an arm's index: its mean reward so far (0 at first), pulls, pulls left."""
    call = begin()
    means, noise = instance["means"], instance["noise"]
    sums, seen, pulls = [0.0] * len(means), [0.0] * len(means), [0] * len(means)
    pulled = []
    for turn, luck in enumerate(noise):
        left = len(noise) - turn
        index = numbers([call(mean, count, left) for mean, count in zip(seen, pulls, strict=True)])
        arm = index.index(max(index))
        sums[arm] += means[arm] + luck
        pulls[arm] += 1
        seen[arm] = sums[arm] / pulls[arm]
        pulled.append(arm)
    return pulled
