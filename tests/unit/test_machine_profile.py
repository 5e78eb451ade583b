"""What an agent is told of its machine: round numbers that are the same everywhere, or what was measured once and stands in the log."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rsi.analytics import progress_of
from rsi.config import RunConfig
from rsi.core.errors import InfrastructureError
from rsi.core.protocols import Call, Entry, Reply, Serve
from rsi.core.records import Json
from rsi.kernel.audit.log import FileEventLog
from rsi.kernel.sandbox import STANDARD_PROFILE, measured_profile, open_jail
from rsi.loop.run import RunResult, run
from rsi.loop.verify import verify
from rsi.reports.words import machine_words
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts

FAST: Json = {"profile": "measured", "cores": 64, "memory_mb": 1, "us": {"call": 0.01}, "jail_call_ms": 0.5, "question_ms": 0.01}


class Overheard(ToyJail):
    """A jail that keeps what is said to the agent."""

    def __init__(self, heard: list[tuple[str, Json]]) -> None:
        self._heard = heard

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        if call.module == "main":
            self._heard.append((call.function, call.payload))
        return super().call(call, serve)


def config(profile: str = "measured") -> RunConfig:
    made = toy_config(seed=3, programs=12_000)
    return made.model_copy(update={"run": made.run.model_copy(update={"profile": profile})})


def never() -> Json:
    raise AssertionError("nobody measures anything")


def play(
    folder: Path, settings: RunConfig, measure: Callable[[], Json], *, stop_at: int = 10**9
) -> tuple[RunResult, list[Entry], list[tuple[str, Json]]]:
    heard, seen, stop = list[tuple[str, Json]](), list[Entry](), threading.Event()

    def observe(entry: Entry) -> None:
        seen.append(entry)
        if len(seen) >= stop_at:
            stop.set()

    parts = replace(toy_parts(settings, lambda: Overheard(heard)), measure=measure)
    return run(folder, settings, toy_agent(), workers=1, observer=observe, stop=stop, parts=parts), seen, heard


def told(heard: list[tuple[str, Json]]) -> list[tuple[str, Json]]:
    return [(call, payload["machine"]) for call, payload in heard if isinstance(payload, dict) and "machine" in payload]


def test_by_default_nothing_is_measured_and_the_agent_is_told_the_same_everywhere(tmp_path: Path) -> None:
    _, seen, heard = play(tmp_path, config("standard"), never)
    assert {call for call, _ in told(heard)} == {"practise", "propose"}
    assert all(machine == STANDARD_PROFILE for _, machine in told(heard))
    assert progress_of(seen).machine == STANDARD_PROFILE


def test_a_measured_profile_reaches_the_agent_and_stands_in_the_log_by_which_the_run_is_verified(tmp_path: Path) -> None:
    _, seen, heard = play(tmp_path, config(), lambda: FAST)
    assert told(heard) and all(machine == FAST for _, machine in told(heard))
    assert isinstance(seen[0].body, dict) and seen[0].body["machine"] == FAST
    assert verify(tmp_path, parts=replace(toy_parts(config()), measure=never)).ok
    assert "64 cores" in machine_words(progress_of(seen).machine)


def test_a_run_that_goes_on_is_not_measured_again(tmp_path: Path) -> None:
    first, _, _ = play(tmp_path / "parts", config(), lambda: FAST, stop_at=12)
    assert not first.finished
    again, _, heard = play(tmp_path / "parts", config(), never)
    assert again.finished and told(heard) and all(machine == FAST for _, machine in told(heard))
    play(tmp_path / "whole", config(), lambda: FAST)
    digests = {FileEventLog.read(tmp_path / name / "log.jsonl").digest() for name in ("parts", "whole")}
    assert len(digests) == 1


def test_what_is_measured_has_the_shape_of_the_standard_profile() -> None:
    jail = open_jail((), "S1")
    try:
        found = measured_profile(jail)
    finally:
        jail.close()
    assert isinstance(found, dict) and isinstance(STANDARD_PROFILE, dict) and found.keys() == STANDARD_PROFILE.keys()
    costs, standard = found["us"], STANDARD_PROFILE["us"]
    assert isinstance(costs, dict) and isinstance(standard, dict) and costs.keys() == standard.keys()
    numbers = [*costs.values(), found["cores"], found["memory_mb"], found["jail_call_ms"]]
    assert all(isinstance(number, int | float) and number > 0 for number in numbers)


def test_a_jail_that_gives_no_answer_cannot_be_measured() -> None:
    with pytest.raises(InfrastructureError, match="cannot be measured"):
        measured_profile(Silent())


class Silent(ToyJail):
    """A jail in which everything crashes."""

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        return super().call(replace(call, module="main", files=toy_agent(replaced={"main.py": b"1 / 0"})), serve)
