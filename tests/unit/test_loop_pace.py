"""When a pass of the improver begins, and how many changes the race has room for."""

import threading
from pathlib import Path
from typing import Any

import pytest

from rsi.config.model import ProposeConfig
from rsi.core.protocols import Entry
from rsi.loop.run import run
from rsi.testing.toy import toy_agent, toy_config, toy_parts


def open_when_practised(seen: list[Entry]) -> list[int]:
    """How many changes were open whenever a practice batch came in."""
    opened, found = set[str](), list[int]()
    for entry in seen:
        body: Any = entry.body
        if entry.kind == "test.opened":
            opened.add(body["proposal"])
        elif entry.kind == "verdict.given":
            opened.discard(body["proposal"])
        elif entry.kind == "job.done" and body["call"] == "practise":
            found.append(len(opened))
    return found


@pytest.mark.parametrize("below", [1, 2, 12])
def test_a_pass_begins_only_while_few_changes_are_open_and_all_that_it_brings_join_at_once(tmp_path: Path, below: int) -> None:
    config = toy_config(seed=3, open=12, alpha=0.9).model_copy(
        update={"propose": ProposeConfig(count=5, programs=200, when_open_below=below)}
    )
    seen: list[Entry] = []
    result = run(tmp_path, config, toy_agent(), workers=2, observer=seen.append, stop=threading.Event(), parts=toy_parts(config))
    opened = [int(entry.body["open"]) for entry in seen if entry.kind == "test.opened"]  # type: ignore[call-overload, index, arg-type]
    assert result.finished and sum(entry.kind == "cycle.opened" for entry in seen) > 1 and max(opened) > 2
    assert max(open_when_practised(seen)) < below
    assert below < 12 or max(open_when_practised(seen)) > 2
