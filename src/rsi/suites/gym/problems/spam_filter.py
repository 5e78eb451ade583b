"""A spam filter's scoring of words, learned online."""

import math
import random
from bisect import bisect
from itertools import accumulate
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.spam_filter import SUREST
from rsi.suites.gym.problem import Problem, millionths

__all__ = ["PROBLEM"]

_MESSAGES = 70
_VOCABULARY = 60
_WORDS = 9

START = """\
BELIEF = 0.12
DOUBT = 6.0
RARE = 2


def known(spam, ham):
    return spam + ham > RARE


def weigh(spam, ham, spams, hams):
    if known(spam, ham):
        return BELIEF * (spam - ham) / (spam + ham + DOUBT)
    return 0.02 * spam
"""

EXPERT = """\
def weigh(spam, ham, spams, hams):
    odds = log((spam + 0.35) / (spams + 2.0)) - log((ham + 0.35) / (hams + 2.0))
    return 0.9 * odds
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """Words after Zipf's law; some are much more usual in one kind of message, most are not."""
    usual = [1 / (rank + 3) for rank in range(_VOCABULARY)]
    tastes = [math.exp(rng.choice((-0.6, 0.0, 0.6))) for _ in range(_VOCABULARY)]
    share = rng.uniform(0.35, 0.65)
    weights = [[u / t for u, t in zip(usual, tastes, strict=True)], [u * t for u, t in zip(usual, tastes, strict=True)]]
    sums = [list(accumulate(of_kind)) for of_kind in weights]
    unit = rng.random
    messages: list[Json] = []
    for _ in range(_MESSAGES):
        label = int(unit() < share)
        upto, total = sums[label], sums[label][-1]
        messages.append([label, list(dict.fromkeys([bisect(upto, unit() * total, 0, _VOCABULARY - 1) for _ in range(_WORDS)]))])
    return {"messages": messages}


def _measure(instance: Any, transcript: Any) -> float:
    given = millionths(transcript, _MESSAGES, -SUREST, SUREST)
    losses = [math.log1p(math.exp(-odds if label else odds)) for (label, _), odds in zip(instance["messages"], given, strict=True)]
    return sum(losses) / len(losses) / math.log(2)


PROBLEM = Problem(
    name="spam_filter",
    group=Pool.JUDGE,
    text="A mail filter that learns as it goes: weigh(spam, ham, spams, hams) is a word's evidence for spam (messages of either "
    "kind that had the word; messages of either kind so far); the sum over a message's words is its log-odds. Less surprise "
    "(log loss) scores higher.",
    source="Bag-of-words messages; naive Bayes filtering (Sahami et al. 1998, Graham 2002)",
    entry="weigh",
    start=START,
    knobs={"BELIEF": (0.08, 0.2), "DOUBT": (4.0, 8.0)},
    expert=EXPERT,
    measured="bits of surprise per message",
    floor=1.1,
    level=0.55,
    rounds=7,
    draw=_draw,
    measure=_measure,
)
"""A spam filter."""
