"""Between the plain OpenAI chat shape and the messages of pydantic-ai, both ways."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from rsi.core.codec import canonical, sha256_hex
from rsi.core.records import Json
from rsi.kernel.models.provider.prices import Prices

__all__ = ["messages_of", "parameters_of", "response_of", "settings_of"]

_PLAIN = ("max_tokens", "temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "parallel_tool_calls")
_REASONS = {"stop": "stop", "length": "length", "content_filter": "content_filter", "tool_call": "tool_calls", "error": "stop"}


def messages_of(request: Mapping[str, Any]) -> list[ModelMessage]:
    """The messages of a request; what stands between two answers of the model is one message there."""
    out: list[ModelMessage] = []
    asked: list[ModelRequestPart] = []
    names: dict[str, str] = {}
    for message in request["messages"]:
        if message["role"] == "assistant":
            if asked:
                out.append(ModelRequest(parts=asked))
                asked = []
            out.append(ModelResponse(parts=list(_said(message, names))))
        else:
            asked.append(_asked(message, names))
    if asked:
        out.append(ModelRequest(parts=asked))
    return out


def parameters_of(request: Mapping[str, Any]) -> ModelRequestParameters:
    """Its tools, and the shape that the answer must have."""
    tools = [_tool(tool["function"]) for tool in request.get("tools") or []]
    form = request.get("response_format") or {}
    if form.get("type") != "json_schema":
        return ModelRequestParameters(function_tools=tools)
    wanted = form["json_schema"]
    shape = OutputObjectDefinition(
        json_schema=wanted["schema"], name=wanted.get("name"), description=wanted.get("description"), strict=wanted.get("strict")
    )
    return ModelRequestParameters(function_tools=tools, output_mode="native", output_object=shape)


def settings_of(request: Mapping[str, Any], *, timeout_s: float, is_cached: bool, is_openai: bool) -> ModelSettings:
    """Its settings, with one attempt, a deadline, and the provider's prompt cache where it has one."""
    settings: dict[str, Any] = {key: request[key] for key in _PLAIN if request.get(key) is not None}
    settings |= {"max_retries": 0, "timeout": timeout_s, "request_timeout": timeout_s}
    if is_cached:
        settings["cache"] = True
    stop = request.get("stop")
    if stop:
        settings["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    choice = request.get("tool_choice")
    if choice is not None and request.get("tools"):
        settings["tool_choice"] = choice if isinstance(choice, str) else [choice["function"]["name"]]
    if is_openai and (request.get("response_format") or {}).get("type") == "json_object":
        settings["extra_body"] = {"response_format": {"type": "json_object"}}
    return cast(ModelSettings, settings)


def response_of(response: ModelResponse, name: str, prices: Prices) -> Json:
    """`{"response": the plain shape, "tokens", "dollars"}`; tokens are null where the provider did not count them."""
    usage = response.usage
    counted: dict[str, Json] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.output_reasoning_tokens},
    }
    message = _message(response)
    reason = _REASONS.get(response.finish_reason or "stop", "stop")
    shape: dict[str, Json] = {
        "id": f"chat-{sha256_hex(canonical([message, counted]))[:24]}",
        "object": "chat.completion",
        "created": 0,
        "model": name,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if "tool_calls" in message else reason}],
        "usage": counted,
    }
    is_counted = not usage.unmeasured_requests and usage.input_tokens + usage.output_tokens > 0
    dollars = prices.dollars(usage) if is_counted else None
    tokens: Json = [usage.input_tokens, usage.output_tokens, usage.cache_read_tokens] if is_counted else None
    return {"response": shape, "tokens": tokens, "dollars": None if dollars is None else float(dollars)}


def _message(response: ModelResponse) -> dict[str, Json]:
    texts = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    message: dict[str, Json] = {"role": "assistant", "content": texts}
    thoughts = "".join(part.content for part in response.parts if isinstance(part, ThinkingPart))
    calls: list[Json] = [
        {"id": part.tool_call_id, "type": "function", "function": {"name": part.tool_name, "arguments": part.args_as_json_str()}}
        for part in response.parts
        if isinstance(part, ToolCallPart)
    ]
    refusal = (response.provider_details or {}).get("refusal")
    return {
        **message,
        **({"reasoning_content": thoughts} if thoughts else {}),
        **({"refusal": str(refusal)} if refusal else {}),
        **({"tool_calls": calls} if calls else {}),
    }


def _said(message: Mapping[str, Any], names: dict[str, str]) -> Iterator[ModelResponsePart]:
    text = _text(message.get("content"))
    if text:
        yield TextPart(content=text)
    for call in message.get("tool_calls") or []:
        names[call["id"]] = call["function"]["name"]
        yield ToolCallPart(tool_name=call["function"]["name"], args=call["function"]["arguments"] or "{}", tool_call_id=call["id"])


def _asked(message: Mapping[str, Any], names: Mapping[str, str]) -> ModelRequestPart:
    text = _text(message["content"])
    if message["role"] == "user":
        return UserPromptPart(content=text)
    if message["role"] == "tool":
        return ToolReturnPart(tool_name=names[message["tool_call_id"]], content=text, tool_call_id=message["tool_call_id"])
    return SystemPromptPart(content=text)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content)
    return content or ""


def _tool(function: Mapping[str, Any]) -> ToolDefinition:
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return ToolDefinition(
        name=function["name"],
        description=function.get("description"),
        parameters_json_schema=json.loads(json.dumps(parameters)),
        strict=function.get("strict"),
    )
