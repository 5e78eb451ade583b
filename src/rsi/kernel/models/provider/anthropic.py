"""Models of Anthropic, and of servers that speak its shape."""

from typing import Any

from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

__all__ = ["model"]


def model(name: str, *, base_url: str, key: str) -> Model[Any]:
    """A model there."""
    return AnthropicModel(name, provider=AnthropicProvider(api_key=key or "no-key", base_url=base_url or None))
