"""The evaluator: runs programs on instances inside a jail and gives transcripts, which the kernel checks and scores.

`run` takes all its jobs at once; `serve` stays for one episode and takes them one after another.

Covers: programs that are refused, raise, spend their steps or give what is no move: their transcript is null, and the next instance has a
fresh module. Does not cover: scores; what an instance is worth is only known to the kernel.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from rsi.suites.gym.guest import (
    bandit,
    bin_packing,
    bit_predictor,
    cache,
    compression,
    controller,
    dilemma,
    hash_mixing,
    job_shop,
    knapsack,
    learning_rule,
    list_search,
    regression,
    spam_filter,
    tour,
    tracking,
)
from rsi.suites.gym.guest.dialect import FAULTS, compiled, shallow, started

__all__ = ["ENTRIES", "PLAYS", "STEPS", "run", "serve", "transcripts"]

Bound = Callable[[], AbstractContextManager[None]]

STEPS = 40_000
"""Steps of one evaluation."""

PLAYS: Mapping[str, Callable[[Any, Any], Any]] = {
    "bandit": bandit.play,
    "bin_packing": bin_packing.play,
    "bit_predictor": bit_predictor.play,
    "cache": cache.play,
    "compression": compression.play,
    "controller": controller.play,
    "dilemma": dilemma.play,
    "hash_mixing": hash_mixing.play,
    "job_shop": job_shop.play,
    "knapsack": knapsack.play,
    "learning_rule": learning_rule.play,
    "list_search": list_search.play,
    "regression": regression.play,
    "spam_filter": spam_filter.play,
    "tour": tour.play,
    "tracking": tracking.play,
}
"""How a program is put to the test, by the name of the problem; a play's first argument begins a fresh module of the program."""

ENTRIES: Mapping[str, str] = {
    "bandit": "index",
    "bin_packing": "rate",
    "bit_predictor": "guess",
    "cache": "worth",
    "compression": "gain",
    "controller": "force",
    "dilemma": "decide",
    "hash_mixing": "mix",
    "job_shop": "urgency",
    "knapsack": "rank",
    "learning_rule": "move",
    "list_search": "promise",
    "regression": "value",
    "spam_filter": "weigh",
    "tour": "tour",
    "tracking": "foretell",
}
"""The function of a program that a play calls."""


def run(payload: dict[str, Any]) -> dict[str, Any]:
    """All jobs: `{"jobs": [{"problem", "source", "instances": […]}…]}` → `{"transcripts": [[transcript or null…]…]}`."""
    return {"transcripts": [transcripts(job) for job in payload["jobs"]]}


def serve(payload: object, ask: Callable[[Any], Any]) -> dict[str, int]:
    """Jobs one after another: `ask` gives the next one for the transcripts of the last, until it says `{"stop": true}`."""
    done = 0
    job = ask({"ready": True})
    while "stop" not in job:
        done += 1
        job = ask({"done": transcripts(job)})
    return {"jobs": done}


def transcripts(job: dict[str, Any], bound: Bound = shallow) -> list[Any]:
    """One program on some instances of its problem: a transcript each, None where it is no valid answer.

    `bound` keeps a program from calling too deep, for all threads of the process: one that has others needs another, and trusted programs.
    """
    play, entry = PLAYS[job["problem"]], ENTRIES[job["problem"]]
    return [_transcript(play, entry, job["source"], instance, bound) for instance in job["instances"]]


def _transcript(play: Callable[[Any, Any], Any], entry: str, source: object, instance: Any, bound: Bound) -> Any:
    try:
        code = compiled(str(source))
        with bound():
            return play(lambda: started(code, entry, STEPS), instance)
    except FAULTS:
        return None
