"""A bandit with several arms: the arm with the highest index is pulled, its reward is revealed."""

from typing import Any

from rsi.suites.gym.guest.moves import number

__all__ = ["play"]


def play(begin: Any, instance: Any) -> list[int]:
    """The arms pulled, in order; `call(mean, pulls, left)` is an arm's index: its mean reward so far (0 at first), pulls, rounds left."""
    call = begin()
    rewards = instance["rewards"]
    rounds = len(rewards[0])
    sums, pulls = [0.0] * len(rewards), [0] * len(rewards)
    pulled = []
    for turn in range(rounds):
        index = [number(call(s / p if p else 0.0, p, rounds - turn)) for s, p in zip(sums, pulls, strict=True)]
        arm = index.index(max(index))
        sums[arm] += rewards[arm][pulls[arm]]
        pulls[arm] += 1
        pulled.append(arm)
    return pulled
