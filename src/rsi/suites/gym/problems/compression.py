"""Compression by copies from the past."""

import random
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.guest.compression import LONGEST, REACH
from rsi.suites.gym.problem import Problem

__all__ = ["PROBLEM"]

_LETTERS = 6
_LENGTH = 150
_LETTER_BITS = 2.6

START = """\
LONG = 0.4
FAR = 0.05
NEEDED = 2.0


def price(distance):
    return FAR * distance


def worse(length, later):
    return later > 2 * length


def gain(length, distance, later):
    if worse(length, later):
        return 0
    return LONG * length - price(distance) - NEEDED
"""

EXPERT = """\
def bits(number):
    return 2 * floor(log(number) / log(2) + 0.000001) + 1


def gain(length, distance, later):
    saved = 3.6 * length - 1 - bits(distance) - bits(length - 1)
    if later > length + 1:
        return saved - 4
    return saved
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    """Text made of a few words that recur, some with a slip."""
    words = [[rng.randrange(_LETTERS) for _ in range(rng.randint(4, 10))] for _ in range(10)]
    text: list[Json] = []
    while len(text) < _LENGTH:
        word = list(words[min(int(rng.expovariate(0.3)), 9)])
        if rng.random() < 0.3:
            word[rng.randrange(len(word))] = rng.randrange(_LETTERS)
        text.extend(word)
    return {"text": text[:_LENGTH]}


def _measure(instance: Any, transcript: Any) -> float:
    """Bits of the steps, with Elias' gamma code for lengths and distances, over the bits of letters alone."""
    text = instance["text"]
    at, bits = 0, 0.0
    if not isinstance(transcript, list):
        raise ValueError("a list of steps was expected")
    for step in transcript:
        length, distance = _step(step)
        if at + length > _LENGTH or (distance and (distance > at or any(text[at + k] != text[at + k - distance] for k in range(length)))):
            raise ValueError("nothing like that stands there")
        bits += 1 + 2 * (distance.bit_length() - 1) + 1 + 2 * ((length - 1).bit_length() - 1) + 1 if distance else _LETTER_BITS + 1
        at += length
    if at != _LENGTH:
        raise ValueError("the text is not done")
    return bits / (_LENGTH * (_LETTER_BITS + 1))


def _step(step: Json) -> tuple[int, int]:
    if isinstance(step, list) and len(step) == 2:
        length, distance = step
        if type(length) is int and type(distance) is int and 1 <= length <= LONGEST and 0 <= distance <= REACH:
            if (length > 1) == (distance > 0):
                return length, distance
    raise ValueError("no such step")


PROBLEM = Problem(
    name="compression",
    group=Pool.SEALED,
    text="Compression: gain(length, distance, later) rates a copy of so many letters from so far back (later: the longest copy "
    "that could begin one letter later); the best above 0 is taken, else a letter is written. Long and far copies cost more "
    "bits. Fewer bits score higher.",
    source="Parsing for LZ77 (Ziv and Lempel 1977) with gamma codes (Elias 1975); lazy matching as in deflate",
    entry="gain",
    start=START,
    knobs={"NEEDED": (1.7, 2.4), "FAR": (0.04, 0.08)},
    expert=EXPERT,
    measured="bits over those of letters alone",
    floor=0.9,
    level=0.7,
    rounds=4,
    draw=_draw,
    measure=_measure,
)
"""Compression by copies."""
