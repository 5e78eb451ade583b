"""Chat requests as jailed code makes them: read strictly, since it may send anything.

Covers: shapes, names and numbers of everything that is passed on; keys that are not known; content that is no text (an address of a picture
would make somebody fetch it).
Does not cover: what the texts say.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from rsi.core.codec import canonical
from rsi.core.records import Json

__all__ = ["Request", "read_request"]

_NUMBERS = {"temperature": (0.0, 2.0), "top_p": (0.0, 1.0), "presence_penalty": (-2.0, 2.0), "frequency_penalty": (-2.0, 2.0)}
_KEYS = frozenset(
    {
        *("messages", "model", "max_tokens", "max_completion_tokens", "n", "parallel_tool_calls", "response_format", "seed", "stop"),
        *("stream", "tool_choice", "tools", *_NUMBERS),
    }
)
_ROLES = ("system", "developer", "user", "assistant", "tool")
_OVERHEAD = 1_024
"""Tokens that a provider may put around a request (it tells the model how to call tools, for instance)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that makes sense.

    Attributes:
        model: the configured model that it names, None if it leaves the choice open.
        data: what is passed on: messages, tools and settings.
        max_tokens: that the answer may have.
    """

    model: str | None
    data: dict[str, Json]
    max_tokens: int

    @property
    def most_tokens_in(self) -> int:
        """Tokens of the request, at most: no tokeniser makes more of a text than it has bytes."""
        return len(canonical(self.data)) + _OVERHEAD


def read_request(body: Json, *, models: Sequence[str], max_tokens: int) -> Request | tuple[str, str]:
    """The request that a body is, or the type and the reason of what is wrong with it.

    Args:
        body: of any shape.
        models: full names (`openai:gpt-5`) of those that may be asked.
        max_tokens: that an answer may have at most, and has if the request does not say.
    """
    if not isinstance(body, dict):
        return "bad_request", "a request is an object with `messages`"
    wrong = _wrong(body)
    if wrong:
        return "bad_request", wrong
    model = _model(body.get("model"), models)
    if isinstance(model, tuple):
        return model
    asked = body.get("max_completion_tokens") or body.get("max_tokens") or max_tokens
    assert isinstance(asked, int)
    most = min(asked, max_tokens)
    left_out = ("model", "max_tokens", "max_completion_tokens", "n", "stream")
    data = {key: value for key, value in body.items() if key not in left_out and value is not None}
    return Request(model=model, data={**data, "max_tokens": most}, max_tokens=most)


def _model(name: Json, models: Sequence[str]) -> str | None | tuple[str, str]:
    if name is None or name in ("", "default"):
        return None
    for model in models:
        if name in (model, model.partition(":")[2]):
            return model
    return "no_model", f"{str(name)[:80]!r} is not configured; this run has {', '.join(models)}"


def _wrong(body: dict[str, Json]) -> str | None:
    unknown = sorted(set(body) - _KEYS)
    if unknown:
        close = difflib.get_close_matches(unknown[0], sorted(_KEYS), n=1)
        return f"unknown key {unknown[0][:60]!r}" + (f"; did you mean {close[0]!r}?" if close else "")
    return (
        _wrong_messages(body.get("messages")) or _wrong_settings(body) or _wrong_tools(body) or _wrong_format(body.get("response_format"))
    )


def _wrong_messages(messages: Json) -> str | None:
    if not isinstance(messages, list) or not messages:
        return "`messages` is a list of objects with `role` and `content`, and not empty"
    calls: set[str] = set()
    for k, message in enumerate(messages):
        wrong = _wrong_message(message, calls)
        if wrong:
            return f"messages[{k}]: {wrong}"
    return None


def _wrong_message(message: Json, calls: set[str]) -> str | None:
    if not isinstance(message, dict) or message.get("role") not in _ROLES:
        return f"an object with a `role` of {', '.join(_ROLES)} was expected"
    content = message.get("content")
    made = message.get("tool_calls")
    if not (_is_text(content) or (content is None and message["role"] == "assistant" and made)):
        return 'its content is no text; only texts (or lists of {"type": "text", "text": …}) are passed on'
    if message["role"] == "assistant" and made is not None:
        if not isinstance(made, list) or not all(_is_call(call) for call in made):
            return '`tool_calls` is a list of {"id", "type": "function", "function": {"name", "arguments"}}'
        calls.update(str(call["id"]) for call in made if isinstance(call, dict))
    answered = message.get("tool_call_id")
    if message["role"] == "tool" and not (isinstance(answered, str) and answered in calls):
        return "its `tool_call_id` is that of no call before it"
    return None


def _is_text(content: Json) -> bool:
    if isinstance(content, list):
        return all(isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str) for part in content)
    return isinstance(content, str)


def _is_call(call: Json) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    named = isinstance(function, dict) and isinstance(function.get("name"), str) and isinstance(function.get("arguments"), str)
    return named and isinstance(call, dict) and isinstance(call.get("id"), str)


def _wrong_settings(body: dict[str, Json]) -> str | None:
    for key, (low, high) in _NUMBERS.items():
        value = body.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high):
            return f"`{key}` is a number from {low:g} to {high:g}"
    for key in ("max_tokens", "max_completion_tokens", "seed"):
        value = body.get(key)
        if value is not None and (type(value) is not int or value < (0 if key == "seed" else 1)):
            return f"`{key}` is a whole number above 0"
    if body.get("stream"):
        return "no stream crosses the border of a jail: ask without `stream`, the answer comes whole"
    if body.get("n") not in (None, 1):
        return "one answer for each request: ask again instead of `n`"
    if type(body.get("parallel_tool_calls")) not in (bool, type(None)):
        return "`parallel_tool_calls` is true or false"
    stop = body.get("stop")
    texts = stop if isinstance(stop, list) else [stop]
    return None if stop is None or all(isinstance(text, str) and text for text in texts) else "`stop` is a text or a list of texts"


def _wrong_tools(body: dict[str, Json]) -> str | None:
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is not None and not (isinstance(tools, list) and all(_is_tool(tool) for tool in tools)):
        return '`tools` is a list of {"type": "function", "function": {"name", "description"?, "parameters"?: JSON schema}}'
    if choice is None or choice in ("auto", "none", "required"):
        return None
    names = {_name(tool) for tool in tools} if isinstance(tools, list) else set()
    if isinstance(choice, dict) and isinstance(_name(choice), str) and _name(choice) in names:
        return None
    return '`tool_choice` is auto, none, required or {"type": "function", "function": {"name": one of the tools}}'


def _is_tool(tool: Json) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
        return False
    described = isinstance(function.get("description", ""), str) and isinstance(function.get("parameters", {}), dict)
    return described and type(function.get("strict")) in (bool, type(None))


def _name(tool: Json) -> Json:
    function = tool.get("function") if isinstance(tool, dict) else None
    return function.get("name") if isinstance(function, dict) else None


def _wrong_format(form: Json) -> str | None:
    if form is None or form in ({"type": "text"}, {"type": "json_object"}):
        return None
    schema = form.get("json_schema") if isinstance(form, dict) and form.get("type") == "json_schema" else None
    if isinstance(schema, dict) and isinstance(schema.get("schema"), dict) and isinstance(schema.get("name", "answer"), str):
        return None
    return '`response_format` is {"type": "json_schema", "json_schema": {"name", "schema"}}, {"type": "json_object"} or {"type": "text"}'
