"""A bandit with several arms: the arm with the highest index is pulled, its reward is revealed."""

from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The arms pulled, in order; `call(mean, pulls, left)` is an arm's index: its mean reward so far (0 at first), pulls, pulls left."""
    call = begin()
    means, noise = instance["means"], instance["noise"]
    sums, seen, pulls = [0.0] * len(means), [0.0] * len(means), [0] * len(means)
    pulled = []
    for turn, luck in enumerate(noise):
        left, best, arm = len(noise) - turn, -2e9, 0
        for place, count in enumerate(pulls):
            index = call(seen[place], count, left)
            if type(index) is not float or not -1e9 <= index <= 1e9:
                index = number(index)
            if index > best:
                best, arm = index, place
        sums[arm] += means[arm] + luck
        pulls[arm] += 1
        seen[arm] = sums[arm] / pulls[arm]
        pulled.append(arm)
    return pulled
