"""What reaches an agent of the hidden cases: one word for each verdict, and of the cases only the questions that it is to answer."""

import re
import threading
from pathlib import Path

import pytest

from rsi.core.codec import canonical
from rsi.core.protocols import Call, Entry, Reply, Serve
from rsi.core.records import Json, Pool
from rsi.loop.run import run
from rsi.testing.toy import ToyJail, toy_agent, toy_config, toy_parts

WORDS = {"accepted", "rejected", "undecided", "refused"}
HIDDEN = (Pool.CALIBRATION, Pool.JUDGE, Pool.SEALED)


class Overheard(ToyJail):
    """A jail that keeps what is said to the agent."""

    def __init__(self, heard: list[tuple[str, Json]]) -> None:
        self._heard = heard

    def call(self, call: Call, serve: Serve | None = None) -> Reply:
        if call.module == "main":
            self._heard.append((call.function, call.payload))
        return super().call(call, serve)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[str, Json]], list[Entry]]:
    """All messages to the agent of a run that keeps some changes, and its log."""
    heard: list[tuple[str, Json]] = []
    seen: list[Entry] = []
    config = toy_config(seed=3, season=48)
    folder: Path = tmp_path_factory.mktemp("feedback")
    parts = toy_parts(config, lambda: Overheard(heard))
    run(folder, config, toy_agent(), workers=1, observer=seen.append, stop=threading.Event(), parts=parts)
    assert any(entry.kind == "certificate.issued" for entry in seen) and {call for call, _ in heard} >= {"learn", "solve", "propose"}
    return heard, seen


def bodies(seen: list[Entry], kind: str) -> list[dict[str, Json]]:
    return [entry.body for entry in seen if entry.kind == kind and isinstance(entry.body, dict)]


def test_a_verdict_reaches_the_agent_as_one_word_and_nothing_else(played: tuple[list[tuple[str, Json]], list[Entry]]) -> None:
    verdicts = [item for call, payload in played[0] if call == "learn" and isinstance(payload, dict) for item in payload["verdicts"]]  # type: ignore[union-attr]
    assert verdicts
    for item in verdicts:
        assert isinstance(item, dict) and set(item) == {"proposal", "surface", "verdict", "tag"} and item["verdict"] in WORDS
        assert not re.search(r"\d\.\d", canonical(item).decode()), "no score, effect or e-value"


def test_no_message_but_solve_holds_a_hidden_case(played: tuple[list[tuple[str, Json]], list[Entry]]) -> None:
    heard, seen = played
    hidden = {str(row["case"]) for body in bodies(seen, "trials.done") for row in body["trials"] if isinstance(row, dict)}  # type: ignore[union-attr]
    assert len(hidden) > 100
    text = b"\n".join(canonical(payload) for call, payload in heard if call != "solve").decode()
    assert not [case for case in hidden if case in text]


def test_no_message_holds_a_number_of_the_judge_or_a_secret_of_a_season_or_pool(played: tuple[list[tuple[str, Json]], list[Entry]]) -> None:
    heard, seen = played
    text = b"\n".join(canonical(payload) for _, payload in heard).decode()
    (ended,) = bodies(seen, "run.ended")
    assert isinstance(ended["pools"], dict)
    secrets = [*ended["pools"].values(), *(body["seed"] for body in bodies(seen, "season.closed"))]
    assert len(secrets) > len(Pool) + 1 and not [secret for secret in secrets if str(secret) in text]
    spoken = [verdict for body in bodies(seen, "verdict.given") if isinstance(verdict := body["verdict"], dict)]
    numbers = {repr(verdict["e_value"]) for verdict in spoken if isinstance(verdict["e_value"], float) and verdict["e_value"] != 1.0}
    assert len(numbers) > 2 and not [number for number in numbers if number in text]
