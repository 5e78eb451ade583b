"""Requests of jailed code are read strictly."""

import pytest

from rsi.core.records import Json
from rsi.kernel.models.requests import Request, read_request

MODELS = ("openai:gpt-a", "anthropic:claude-b")
HELLO: dict[str, Json] = {"messages": [{"role": "user", "content": "Hello."}]}
TOOL: Json = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
CALL: Json = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def read(**more: Json) -> Request | tuple[str, str]:
    return read_request(HELLO | more, models=MODELS, max_tokens=100)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"max_token": 1}, "did you mean 'max_tokens'?"),
        ({"temperature": 3}, "from 0 to 2"),
        ({"temperature": True}, "from 0 to 2"),
        ({"max_tokens": 0}, "above 0"),
        ({"seed": "x"}, "whole number"),
        ({"stream": True}, "no stream"),
        ({"n": 2}, "one answer"),
        ({"stop": [""]}, "`stop`"),
        ({"tools": [{"type": "function"}]}, "`tools`"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "other"}}}, "one of the tools"),
        ({"response_format": {"type": "json_schema"}}, "`response_format`"),
        ({"extra_body": {}}, "unknown key"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": None}]}, "no text"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]}, "no text"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "c"}]}, "no call before it"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": ["c"]}]}, "no call before it"),
        ({"messages": [{"role": [], "content": "x"}]}, "messages[0]"),
        ({"tools": [TOOL], "tool_choice": {"function": {"name": ["look"]}}}, "one of the tools"),
        ({"tools": [TOOL], "tool_choice": ["look"]}, "one of the tools"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(more: dict[str, Json], reason: str) -> None:
    wrong = read(**more)
    assert isinstance(wrong, tuple) and wrong[0] == "bad_request" and reason in wrong[1]


def test_a_whole_conversation_with_tools_is_passed_on() -> None:
    messages: Json = [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "nothing", "tool_call_id": "c"},
    ]
    request = read(messages=messages, tools=[TOOL], tool_choice="auto", stop="END", temperature=0, seed=0, top_p=None)
    assert isinstance(request, Request)
    assert request.data["messages"] == messages and "top_p" not in request.data and request.data["seed"] == 0


def test_a_model_is_named_in_full_or_without_its_provider_or_not_at_all() -> None:
    assert [getattr(read(model=name), "model", "?") for name in (None, "default", "gpt-a", "anthropic:claude-b")] == [
        None,
        None,
        "openai:gpt-a",
        "anthropic:claude-b",
    ]


def test_a_model_that_is_not_configured_is_an_error_that_names_those_that_are() -> None:
    wrong = read(model="gpt-9")
    assert wrong == ("no_model", "'gpt-9' is not configured; this run has openai:gpt-a, anthropic:claude-b")


def test_an_answer_has_as_many_tokens_as_it_may_have_and_no_more() -> None:
    assert [getattr(read(max_tokens=n), "max_tokens", "?") for n in (None, 7, 5_000)] == [100, 7, 100]


def test_the_bound_on_tokens_counts_every_byte_that_is_sent() -> None:
    short, long = read(), read(messages=[{"role": "user", "content": "é" * 1_000}])
    assert isinstance(short, Request) and isinstance(long, Request)
    assert long.most_tokens_in >= short.most_tokens_in + 1_990
