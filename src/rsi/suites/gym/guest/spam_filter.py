"""A mail filter that learns as it goes: the program weighs words, and each message's label is revealed after it was judged."""

from typing import Any

from rsi.suites.gym.guest.moves import millionths, number

__all__ = ["SUREST", "play"]

SUREST = 12.0
"""Log-odds are clipped to this, either way."""


def play(begin: Any, instance: Any) -> list[int]:
    """The log-odds (natural) of spam for each message, in millionths: the sum of its words' weights, clipped.

    `call(spam, ham, spams, hams)` weighs a word by how many messages of either kind had it, and how many there were.
    """
    call = begin()
    seen: dict[int, list[int]] = {}
    totals = [0, 0]
    given = []
    for label, words in instance["messages"]:
        known = [seen.setdefault(word, [0, 0]) for word in words]
        hams, spams = totals
        odds = 0.0
        for ham, spam in known:
            weight = call(spam, ham, spams, hams)
            odds += weight if type(weight) is float and -1e9 <= weight <= 1e9 else number(weight)
        given.append(millionths(odds, -SUREST, SUREST))
        totals[label] += 1
        for count in known:
            count[label] += 1
    return given
