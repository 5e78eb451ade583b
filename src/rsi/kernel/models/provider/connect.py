"""One configured model: how it is reached, what it costs, and one request to it as plain data.

OpenAI's own addresses and every server that speaks its chat shape (vLLM, llama.cpp, Ollama and others, by `base_url`) are `openai:NAME`;
Anthropic's are `anthropic:NAME`. The libraries' own retries are off: who retries must know what is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import pydantic_ai.direct as direct
from pydantic_ai.exceptions import AgentRunError, UserError
from pydantic_ai.models import Model

from rsi.core.records import Json
from rsi.kernel.models.provider.faults import fault, refused
from rsi.kernel.models.provider.prices import Prices
from rsi.kernel.models.provider.translate import messages_of, parameters_of, response_of, settings_of

__all__ = ["Connection", "connect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A model that can be asked."""

    name: str
    model: Model[Any]
    prices: Prices
    timeout_s: float
    is_cached: bool
    is_openai: bool

    @property
    def offer(self) -> Json:
        """Dollars per token at most, in and out; null where nobody knows."""
        return self.prices.offer

    async def ask(self, request: Mapping[str, Json]) -> dict[str, Json]:
        """One request, tried once: `{"answer"}` or `{"fault"}`."""
        if not self.is_openai and request.get("response_format") == {"type": "json_object"}:
            return {"fault": refused(self.name, "it knows no json_object; ask for a json_schema")}
        try:
            settings = settings_of(request, timeout_s=self.timeout_s, is_cached=self.is_cached, is_openai=self.is_openai)
            response = await direct.model_request(
                self.model, messages_of(request), model_settings=settings, model_request_parameters=parameters_of(request)
            )
        except UserError as error:
            return {"fault": refused(self.name, str(error))}
        except AgentRunError as error:
            return {"fault": fault(self.name, self.model.base_url or "the endpoint", error)}
        return {"answer": response_of(response, self.name, self.prices)}


def connect(model: Mapping[str, Any], key: str, hello: Mapping[str, Any]) -> Connection:
    """The connection to a model of the greeting; nothing is sent yet."""
    price = hello["prices"].get(model["name"])
    return Connection(
        name=model["name"],
        model=_model(model["provider"], model["model"], model["base_url"], key),
        prices=Prices.of(model["provider"], model["model"], model["base_url"], price),
        timeout_s=hello["timeout_s"],
        is_cached=hello["cache"],
        is_openai=model["provider"] == "openai",
    )


def _model(provider: str, name: str, base_url: str, key: str) -> Model[Any]:
    """The model, by the module of its provider: its libraries take long to load, so only those that are needed are."""
    module = import_module(f"rsi.kernel.models.provider.{provider}")
    return cast(Model[Any], module.model(name, base_url=base_url, key=key))
