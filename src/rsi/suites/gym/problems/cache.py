"""Cache eviction on traces with favourites, scans and changes of taste."""

import random
from functools import lru_cache
from typing import Any

from rsi.core.records import Json, Pool
from rsi.suites.gym.problem import Problem, wholes

__all__ = ["PROBLEM"]

_SIZE = 8
_LENGTH = 180
_PAGES = 24

START = """\
YOUTH = 0.1
HITS = 0.5
KNOWN = 2


def familiar(hits):
    if hits > KNOWN:
        return KNOWN
    return hits


def worth(hits, since, stay):
    return HITS * familiar(hits) - YOUTH * stay + 0.001 * since
"""

EXPERT = """\
def worth(hits, since, stay):
    return (hits - 0.5) / (stay + 6) + 0.4 / (since + 8)
"""


def _draw(rng: random.Random) -> dict[str, Json]:
    trace: list[Json] = []
    pages = list(range(_PAGES))
    weights = [1 / (rank + 1) ** 1.1 for rank in range(_PAGES)]
    fresh = _PAGES
    while len(trace) < _LENGTH:
        rng.shuffle(pages)
        for _ in range(rng.randint(2, 3)):
            trace.extend(rng.choices(pages, weights, k=rng.randint(18, 30)))
            scan = rng.randint(3, 8)
            trace.extend(range(fresh, fresh + scan))
            fresh += scan
    return {"size": _SIZE, "trace": trace[:_LENGTH]}


def _measure(instance: Any, transcript: Any) -> float:
    evicted = iter(wholes(transcript, None, 0, 10_000))
    held: set[int] = set()
    hits = 0
    for page in instance["trace"]:
        if page in held:
            hits += 1
            continue
        if len(held) == instance["size"]:
            gone = next(evicted, -1)
            if gone not in held:
                raise ValueError("that page is not in the cache")
            held.remove(gone)
        held.add(page)
    if next(evicted, None) is not None:
        raise ValueError("more was evicted than had to go")
    return hits / _best(tuple(instance["trace"]), instance["size"])


@lru_cache(maxsize=4096)
def _best(trace: tuple[int, ...], size: int) -> int:
    """Hits of the best policy with foresight (Belady 1966): evict what is needed last."""
    later: dict[int, int] = {}
    following = [0] * len(trace)
    for at in reversed(range(len(trace))):
        following[at] = later.get(trace[at], len(trace))
        later[trace[at]] = at
    held: dict[int, int] = {}
    hits = 0
    for at, page in enumerate(trace):
        if page in held:
            hits += 1
        elif len(held) == size:
            del held[max(held, key=held.__getitem__)]
        held[page] = following[at]
    return hits


PROBLEM = Problem(
    name="cache",
    group=Pool.PRACTICE,
    text="Cache eviction: worth(hits, since, stay) is the worth of a cached page (its requests since it came, requests since it "
    "was last asked for, requests since it came); the page of least worth is evicted. More hits score higher.",
    source="Replacement under skewed popularity, scans and phases; LRU-K (O'Neil 1993), LRFU (Lee 2001), OPT (Belady 1966)",
    entry="worth",
    start=START,
    knobs={"YOUTH": (0.08, 0.14), "HITS": (0.3, 0.7)},
    expert=EXPERT,
    measured="hits as a share of those with foresight",
    floor=0.55,
    level=0.85,
    rounds=8,
    draw=_draw,
    measure=_measure,
)
"""Cache eviction."""
