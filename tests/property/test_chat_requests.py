"""Whatever jailed code sends as a request: it is refused with a reason, or both providers' shapes can be made of it."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rsi.core.codec import canonical
from rsi.kernel.models.provider.openai import model
from rsi.kernel.models.provider.translate import messages_of, parameters_of, settings_of
from rsi.kernel.models.requests import Request, read_request

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["look", "do", "x"])
CALL = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b"]),
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": NAMES, "arguments": st.sampled_from(["{}", '{"x": 1}', "no JSON", "[]", ""])}),
    }
)
MESSAGE = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "developer"]), "content": TEXT}),
    st.fixed_dictionaries({"role": st.just("assistant"), "content": TEXT | st.none(), "tool_calls": st.lists(CALL, max_size=2)}),
    st.fixed_dictionaries({"role": st.just("tool"), "content": TEXT, "tool_call_id": st.sampled_from(["a", "b"]) | ANY}),
    ANY,
)
TOOL = st.fixed_dictionaries(
    {"type": st.just("function"), "function": st.fixed_dictionaries({"name": NAMES}, optional={"parameters": ANY, "description": ANY})}
)
BODY = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE, min_size=1, max_size=5) | ANY},
    optional={
        "tools": st.lists(TOOL, max_size=2) | ANY,
        "tool_choice": st.sampled_from(["auto", "required", {"type": "function", "function": {"name": "look"}}])
        | st.fixed_dictionaries({"function": st.fixed_dictionaries({"name": ANY})})
        | ANY,
        "temperature": st.floats(0, 2) | ANY,
        "max_tokens": st.integers(1, 99) | ANY,
        "stop": st.lists(TEXT, max_size=2) | ANY,
        "seed": ANY,
        "response_format": ANY,
        "stream": ANY,
        "model": ANY,
    },
)
CHAT = model("tiny", base_url="http://127.0.0.1:1/v1", key="")


@given(BODY | ANY)
def test_every_request_is_refused_with_a_reason_or_can_be_passed_on(body: Any) -> None:
    read = read_request(body, models=("openai:tiny",), max_tokens=50)
    if not isinstance(read, Request):
        kind, reason = read
        assert kind in ("bad_request", "no_model") and reason and canonical([kind, reason])
        return
    assert read.max_tokens <= 50 and read.most_tokens_in > len(canonical(body["messages"]))
    messages, parameters = messages_of(read.data), parameters_of(read.data)
    settings_of(read.data, timeout_s=1.0, is_cached=True, is_openai=True)
    sent = asyncio.run(CHAT._map_messages(messages, parameters))
    texts = [one["content"] for one in read.data["messages"] if one["role"] == "user" and isinstance(one["content"], str)]
    assert [one["content"] for one in sent if one["role"] == "user" and isinstance(one["content"], str)] == texts
