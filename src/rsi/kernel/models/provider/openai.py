"""Models that speak OpenAI's chat shape: OpenAI's own, and those of every compatible server (vLLM, llama.cpp, Ollama and others)."""

from typing import Any
from urllib.parse import urlsplit

from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

__all__ = ["model"]

_COMPATIBLE = OpenAIModelProfile(
    supports_json_schema_output=True,
    supports_json_object_output=True,
    openai_chat_supports_max_completion_tokens=False,
    openai_chat_supports_multiple_system_messages=False,
)
"""What servers of other people understand: the older name of the limit on tokens, one system message, JSON schemas."""


def model(name: str, *, base_url: str, key: str) -> Model[Any]:
    """A model there; a server that asks for no key gets a word in its place, never another server's key."""
    if not base_url or urlsplit(base_url).hostname == "api.openai.com":
        return OpenAIChatModel(name, provider=OpenAIProvider(api_key=key or "no-key", base_url=base_url or None))
    compatible = OpenAICompatibleProvider("compatible", base_url=base_url, api_key=key or None)
    return OpenAIChatModel(name, provider=compatible, profile=_COMPATIBLE)
