"""The evaluator: runs programs on instances inside a jail and gives transcripts, which the kernel checks and scores.

`run` takes all its jobs at once; `serve` stays for one episode and takes them one after another.

Covers: programs that are refused, raise, spend their steps or give what is no move: their transcript is null, and the next instance has a
fresh module. Does not cover: scores; what an instance is worth is only known to the kernel.
"""

import importlib
import json
import marshal
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from rsi.suites.gym.guest.dialect import FAULTS, compiled, shallow, started

__all__ = ["ENTRIES", "STEPS", "Instances", "play_of", "played", "run", "serve", "transcripts"]

Play = Callable[[Any, Any], Any]

STEPS = 40_000
"""Steps of one evaluation."""

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
"""The function of a program that the play of a problem calls, by the name of the problem."""


@cache
def play_of(problem: str) -> Play:
    """How a program is put to the test: called with what begins a fresh module of the program, and an instance; gives a transcript."""
    play: Play = importlib.import_module(f"rsi.suites.gym.guest.{problem}").play
    return play


def run(payload: dict[str, Any]) -> dict[str, Any]:
    """All jobs: `{"jobs": [{"problem", "source", "instances": […]}…]}` → `{"transcripts": [[transcript or null…]…]}`."""
    return {"transcripts": [transcripts(job) for job in payload["jobs"]]}


def serve(grounds: list[dict[str, Any]], ask: Callable[[Any], Any]) -> dict[str, int]:
    """Jobs on some grounds, one after another: `ask` gives the next one for the transcripts of the last, until it says `{"stop": true}`.

    A ground is `{"problem"}`, a job `{"ground": number, "sources", "instances": [number…]}`; instances are asked for, as JSON texts, when
    they are first needed. Each program has instances of its own, whatever the last one did to them.
    """
    done = 0
    kept = [Instances(partial(_told, ask, ground)) for ground in range(len(grounds))]
    job = ask({"ready": True})
    while "stop" not in job:
        done += 1
        instances, problem = kept[job["ground"]], grounds[job["ground"]]["problem"]
        job = ask({"done": [played(problem, source, instances.fresh(job["instances"])) for source in job["sources"]]})
    return {"jobs": done}


def _told(ask: Callable[[Any], Any], ground: int, numbers: list[int]) -> list[str]:
    texts: list[str] = ask({"need": {"ground": ground, "instances": numbers}})
    return texts


class Instances:
    """Instances of a problem, of which each program gets a copy: `marshal` makes one in a tenth of the time that reading JSON takes."""

    def __init__(self, texts_of: Callable[[list[int]], list[str]]) -> None:
        """`texts_of` gives instances by their numbers; it is asked once for each."""
        self._texts_of = texts_of
        self._copies: dict[int, bytes] = {}

    def fresh(self, numbers: list[int]) -> list[Any]:
        """Copies that nobody else has. The bytes were made here, of data alone."""
        missing = [number for number in numbers if number not in self._copies]
        if missing:
            texts = self._texts_of(missing)
            self._copies.update((number, marshal.dumps(json.loads(text))) for number, text in zip(missing, texts, strict=True))
        return [marshal.loads(self._copies[number]) for number in numbers]


def transcripts(job: dict[str, Any]) -> list[Any]:
    """One program on some instances of its problem, `{"problem", "source", "instances"}`: see `played`."""
    return played(job["problem"], job["source"], job["instances"])


def played(problem: str, source: object, instances: list[Any]) -> list[Any]:
    """One program on some instances of its problem: a transcript each, None where it is no valid answer."""
    play, entry = play_of(problem), ENTRIES[problem]
    return [_transcript(play, entry, source, instance) for instance in instances]


def _transcript(play: Play, entry: str, source: object, instance: Any) -> Any:
    try:
        code = compiled(str(source))
        with shallow():
            return [play(lambda: started(code, entry, STEPS), drawn) for drawn in instance]
    except FAULTS:
        return None
