"""The tree in the loop where nothing can help: its ablation keeps what it certifies, at the level of the run, and that is counted here.

Complete runs over toy agents in memory, all of whose proposals rewrite one of four files and deal the luck anew. The best of a dozen equal
versions looks better than the root in nearly every run (59 of 60): whoever believed the ranking would keep something each time. Measured:
0 of 60 runs keep something; with a gain of 20 points 18 of 20 keep something and 16 have a certified gain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from rsi.core.protocols import Entry
from rsi.testing.in_memory import MemoryArchive, live_in_memory
from rsi.testing.neutral import neutral_agent
from rsi.testing.toy import toy_config, toy_parts

pytestmark = [pytest.mark.statistical, pytest.mark.slow, pytest.mark.timeout(600)]

Repetitions = Callable[..., int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is asked of a run: steps of the best lineage, how many changes were kept; whether a gain was certified in the end."""

    steps: int
    kept: int
    gains: bool


def play(seed: int, gain: float) -> Facts:
    config = toy_config(seed=seed, programs=200_000, course="tree", alpha=0.1, block=8, max_pairs=240)
    seen: list[Entry] = []
    live_in_memory(config, neutral_agent(gain), toy_parts(config), archive=MemoryArchive(), observer=seen.append)
    bodies: list[tuple[str, Any]] = [(entry.kind, entry.body) for entry in seen]
    steps = [step for kind, body in bodies if kind == "lineage.ablated" for step in body["steps"]]
    return Facts(
        steps=len(steps),
        kept=sum(kind == "incumbent.changed" for kind, _ in bodies),
        gains=any(body["certificate"]["low"] > 0 for kind, body in bodies if kind == "certificate.issued"),
    )


@cache
def neutral_runs(count: int) -> Sequence[Facts]:
    return [play(seed, 0.0) for seed in range(count)]


@cache
def gaining_runs() -> Sequence[Facts]:
    return [play(seed, 0.2) for seed in range(20)]


def test_runs_in_which_nothing_can_help_keep_hardly_anything(repetitions: Repetitions) -> None:
    runs = neutral_runs(repetitions(60, least=20))
    assert sum(run.kept > 0 for run in runs) <= 0.15 * len(runs)


def test_the_ranking_alone_would_have_kept_something_in_nearly_every_one_of_them(repetitions: Repetitions) -> None:
    runs = neutral_runs(repetitions(60, least=20))
    assert sum(run.steps > 0 for run in runs) >= 0.9 * len(runs)


def test_of_what_does_nothing_hardly_anything_is_certified_as_a_release(repetitions: Repetitions) -> None:
    runs = neutral_runs(repetitions(60, least=20))
    assert sum(run.gains for run in runs) <= 0.1 * len(runs)


def test_changes_that_add_twenty_points_are_kept_and_the_gain_is_certified_in_most_runs() -> None:
    assert sum(run.kept > 0 for run in gaining_runs()) >= 15
    assert sum(run.gains for run in gaining_runs()) >= 12
