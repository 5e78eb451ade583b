"""Hash mixing of keys that look alike."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.hash_mixing import MASK
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_FLIPS = 36
_TABLE = 64
_PATTERNS = 64

START = """\
FACTOR = 31
SHIFT = 3
SALT = 7


def folded(state):
    return state ^ (state >> SHIFT)


def mix(state, word):
    return folded(state) * FACTOR + word + SALT
"""

EXPERT = """\
def mix(state, word):
    state = (state ^ word ^ 2654435769) & 4294967295
    state = ((state ^ (state >> 16)) * 2246822507) & 4294967295
    state = ((state ^ (state >> 13)) * 3266489909) & 4294967295
    return state ^ (state >> 16)
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """Pairs of keys that differ in one bit, then keys that count up in steps."""
    keys: list[Json] = []
    for _ in range(_FLIPS):
        words = [rng.getrandbits(16) for _ in range(2)]
        keys.append(list(words))
        words[rng.randrange(2)] ^= 1 << rng.randrange(16)
        keys.append(list(words))
    base, stride = rng.getrandbits(16), 1 << rng.randint(0, 8)
    keys.extend([rng.getrandbits(4) * 0 + 5, (base + stride * i) & 0xFFFF] for i in range(_PATTERNS))
    return {"keys": keys}


def _measure(instance: Any, transcript: Any) -> float:
    """The mean of two qualities: how evenly bits flip, and how evenly counting keys fill a table."""
    hashes = wholes(transcript, len(instance["keys"]), 0, MASK)
    changes = [hashes[2 * i] ^ hashes[2 * i + 1] for i in range(_FLIPS)]
    uneven = [abs(sum(change >> bit & 1 for change in changes) / _FLIPS - 0.5) for bit in range(32)]
    table = [0] * _TABLE
    for found in hashes[2 * _FLIPS :]:
        table[(found ^ found >> 16) % _TABLE] += 1
    chi = sum((n - _PATTERNS / _TABLE) ** 2 for n in table) / _PATTERNS * _TABLE
    return 0.7 * (1 - 2 * sum(uneven) / 32) + 0.3 * min(1.0, 1.5 * _TABLE / max(chi, 1.0))


PROBLEM = Problem(
    name="hash_mixing",
    group=Pool.SEALED,
    text="Hash mixing: mix(state, word) gives the next state, of which 32 bits are kept; keys are a few words of 16 bits. Hashes "
    "that change evenly when one bit of a key changes, and that spread keys which count up, score higher.",
    source="Avalanche criterion (Webster and Tavares 1985); finalizers of MurmurHash3 (Appleby 2011)",
    entry="mix",
    start=START,
    knobs={"FACTOR": (21, 63), "SALT": (1, 9999)},
    expert=EXPERT,
    measured="evenness of flips (70 %) and of a table's buckets (30 %)",
    floor=0.1,
    level=0.92,
    rounds=7,
    draw=_draw,
    measure=_measure,
)
"""Hash mixing."""
