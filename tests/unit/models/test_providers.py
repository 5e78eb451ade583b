"""The real process and the real libraries against a scripted server on the loopback."""

import json
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.usage import RequestUsage

from rsi.config.model import ModelsConfig, PriceConfig
from rsi.core.errors import UserError
from rsi.kernel.models import ModelGateway, open_gateway
from rsi.kernel.models.provider.prices import Prices
from rsi.testing.chat_server import Answer, ChatServer
from rsi.testing.conformance.gateway import asking
from tests.models_road import KEY, open_road, share

MODEL = "openai:tiny"
SONNET = PriceConfig(input=3.0, output=15.0)
LOOK = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


@pytest.fixture
def server(chat_server: ChatServer) -> ChatServer:
    chat_server.seen.clear()
    chat_server.script = lambda seen: Answer()
    chat_server.gone.clear()
    return chat_server


@pytest.fixture
def road(model_process: ModelGateway, server: ChatServer, tmp_path: Path) -> ModelGateway:
    return share(model_process, tmp_path, retries=0)


def chat(road: ModelGateway, **body: Any) -> dict[str, Any]:
    hello = asking("Hello?")
    assert isinstance(hello, dict)
    said = road.chat({**hello, **body}, purpose="a test")
    assert isinstance(said, dict)
    return said


def test_a_request_reaches_the_server_in_its_own_shape_and_its_answer_comes_back(road: ModelGateway, server: ChatServer) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Look."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
        },
        {"role": "tool", "content": "nothing", "tool_call_id": "c"},
    ]
    said = chat(road, messages=messages, tools=[LOOK], temperature=0.5, seed=7, stop="END", max_tokens=9)
    (seen,) = server.seen
    assert seen.body["messages"] == messages and seen.body["model"] == "tiny" and seen.headers["authorization"] == f"Bearer {KEY}"
    assert {key: seen.body[key] for key in ("temperature", "seed", "stop", "max_tokens")} == {
        "temperature": 0.5,
        "seed": 7,
        "stop": ["END"],
        "max_tokens": 9,
    }
    response = said["chat"]
    assert response["choices"] == [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}]
    assert response["usage"]["total_tokens"] == 14 and response["rsi"]["cost"]["dollars"] == pytest.approx(17e-6)


def test_calls_of_tools_and_schemas_cross_both_ways(road: ModelGateway, server: ChatServer) -> None:
    server.script = lambda seen: Answer(text="", calls=(("look", '{"n": 3}'),))
    form = {"type": "json_schema", "json_schema": {"name": "number", "schema": SCHEMA}}
    said = chat(road, tools=[LOOK], tool_choice="required", response_format=form)
    (choice,) = said["chat"]["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "look" and json.loads(call["function"]["arguments"]) == {"n": 3}
    sent = server.seen[0].body
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA and sent["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            Answer(status=401, body=b'{"error": {"message": "bad key ' + KEY.encode() + b'"}}'),
            "auth",
            "the key was refused (401): bad key [redacted]",
        ),
        (Answer(status=404, body=b'{"error": {"message": "no tiny", "code": "model_not_found"}}'), "no_model", "there is no such model"),
        (
            Answer(status=429, body=b'{"error": {"message": "slow down"}}', headers={"retry-after": "3"}),
            "rate",
            "rate limit (429): slow down",
        ),
        (Answer(status=402, body=b'{"error": {"message": "pay"}}'), "budget", "no credit left (402): pay"),
        (Answer(status=500, body=b"<html>oops</html>"), "network", "the provider failed (500)"),
        (Answer(status=503, body=b"{}"), "network", "overloaded or down (503)"),
        (
            Answer(status=400, body=b'{"error": {"message": "no such option"}}'),
            "bad_request",
            "the request was refused (400): no such option",
        ),
        (Answer(body=b"this is no JSON"), "network", "malformed reply"),
        (Answer(body=b'{"choices": 5}'), "network", "malformed reply"),
        (Answer(body=b'{"error": "on fire"}'), "network", "malformed reply"),
        (Answer(text="half an emoji: \ud83d"), "network", "malformed reply"),
    ],
)
def test_what_goes_wrong_at_a_provider_is_one_clear_line(
    road: ModelGateway, server: ChatServer, answer: Answer, kind: str, words: str
) -> None:
    server.script = lambda seen: answer
    error = chat(road)["error"]
    assert error["type"] == kind and words in error["message"] and error["message"].startswith(MODEL)
    assert "\n" not in error["message"] and len(error["message"]) <= 300 and KEY not in error["message"]


def test_a_rate_limit_is_over_after_the_pause_and_costs_nothing(model_process: ModelGateway, server: ChatServer, tmp_path: Path) -> None:
    answers = [Answer(status=429, body=b"{}", headers={"retry-after": "1"}), Answer(status=503, body=b"{}"), Answer()]
    server.script = lambda seen: answers.pop(0)
    road = share(model_process, tmp_path, calls=1)
    said = chat(road)
    assert said["chat"]["rsi"]["cost"]["tries"] == 3 and road.left["calls_left"] == 0


def test_an_answer_without_a_count_of_tokens_counts_with_all_that_was_set_aside(road: ModelGateway, server: ChatServer) -> None:
    server.script = lambda seen: Answer(tokens=None)
    before = road.left["tokens_left"]
    said = chat(road, max_tokens=100)
    assert not said["called"]["counted"] and before - road.left["tokens_left"] > 1_000


def test_a_server_that_does_not_answer_is_given_up_in_time_and_its_connection_closed(road: ModelGateway, server: ChatServer) -> None:
    server.script = lambda seen: Answer(hangs=True)
    error = chat(road)["error"]
    assert error["type"] == "timeout" and "no answer in time" in error["message"]
    assert server.gone.wait(10)


def test_the_call_under_way_is_cancelled_when_nobody_waits_for_it_any_more(
    model_process: ModelGateway, road: ModelGateway, server: ChatServer
) -> None:
    chat(road)
    server.script = lambda seen: Answer(hangs=True)
    server.seen.clear()
    running = model_process._link._running
    assert running is not None
    running.say({"id": 9_999, "model": MODEL, "request": {**asking("Hello?"), "max_tokens": 5}})
    while not server.seen:
        threading.Event().wait(0.01)
    running.say({"cancel": 9_999})
    assert server.gone.wait(1.5)


def test_anthropic_is_asked_in_its_own_shape_with_its_prompt_cache_and_priced_and_a_dead_endpoint_is_told(tmp_path: Path) -> None:
    model = "anthropic:claude-sonnet-4-5"
    with ChatServer() as server:
        address = server.base_url.removesuffix("/v1")
        road = open_road(ModelsConfig(model=model, base_url=address, key_env="MY_KEY", retries=1, prices={model: SONNET}), tmp_path)
        said = chat(road, messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}], tools=[LOOK])
        refused = chat(road, response_format={"type": "json_object"})["error"]
        (seen,) = server.seen
    left = road.left
    dead = chat(share(road, tmp_path / "again", retries=1))["error"]
    process = road._link._running.process
    process.stdin.close()
    assert process.wait(timeout=60) == 0, "it ends by itself when nobody is at the other end any more"
    road.close()
    assert said["chat"]["choices"][0]["message"]["content"] == "Hello." and said["chat"]["usage"]["total_tokens"] == 14
    assert said["chat"]["rsi"]["cost"]["dollars"] == pytest.approx((11 * 3 + 3 * 15) / 1e6)
    assert seen.path == "/v1/messages" and KEY in (seen.headers.get("x-api-key") or seen.headers["authorization"])
    assert "cache_control" in json.dumps(seen.body)
    assert refused["type"] == "bad_request" and "json_schema" in refused["message"]
    assert dead["type"] == "network" and dead["message"].startswith(f"{model}: {address}") and "cannot be reached" in dead["message"]
    assert left == road.left


def test_prices_come_from_the_table_of_the_library_and_a_call_is_reserved_at_the_dearest_rate() -> None:
    prices = Prices.of("anthropic", "claude-sonnet-4-5", "", None)
    offer = prices.offer
    assert isinstance(offer, dict)
    for usage in (RequestUsage(input_tokens=900_000, output_tokens=9_000), RequestUsage(input_tokens=500, cache_write_tokens=500)):
        dollars = prices.dollars(usage)
        assert dollars is not None and 0 < dollars <= usage.input_tokens * offer["input"] + usage.output_tokens * offer["output"] + 1e-12


def test_a_model_that_no_table_knows_has_no_price_and_one_in_the_users_table_has_that() -> None:
    assert Prices.of("openai", "tiny", "http://127.0.0.1:1/v1", None).offer is None
    own = Prices.of("openai", "tiny", "http://127.0.0.1:1/v1", {"input": 2.0, "output": 4.0, "cached_input": 1.0})
    assert own.offer == {"input": pytest.approx(2e-6), "output": pytest.approx(4e-6)}
    assert own.dollars(RequestUsage(input_tokens=10, cache_read_tokens=4, output_tokens=1)) == Decimal("0.00002")


def test_a_missing_key_is_told_before_anything_is_spent(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"OPENAI_API_KEY with its key is not set; export it, or name another in models\.key_env"):
        open_gateway(ModelsConfig(model="openai:gpt-5"), tmp_path, environment={})


def test_without_a_model_there_is_no_gateway(tmp_path: Path) -> None:
    assert open_gateway(ModelsConfig(), tmp_path, environment={}) is None and not list(tmp_path.iterdir())
