"""What a call costs in dollars: from the user's table, else from `genai-prices`; None where neither knows the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from genai_prices import calc_price
from pydantic_ai.usage import RequestUsage

from rsi.core.records import Json

__all__ = ["Prices"]

_SIZES = (1_000, 10_000_000)
"""A short and a very long request: some providers charge more for each token of a long one."""
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The prices of one model.

    Attributes:
        provider: as `genai-prices` knows it; empty where the address tells.
        address: of the server, where it is not the provider's own.
        table: the user's dollars per million tokens (`input`, `output`, `cached_input`), None if the user gave none.
    """

    provider: str
    model: str
    address: str
    table: Mapping[str, Any] | None

    @classmethod
    def of(cls, provider: str, model: str, base_url: str, table: Mapping[str, Any] | None) -> "Prices":
        """Prices at the provider itself, or at another address."""
        return cls(provider="" if base_url else provider, model=model, address=base_url, table=table)

    def dollars(self, usage: RequestUsage) -> Decimal | None:
        """What this use costs."""
        if self.table is not None:
            plain, cached = usage.input_tokens - usage.cache_read_tokens, usage.cache_read_tokens
            price = {key: Decimal(str(value)) for key, value in self.table.items() if value is not None}
            rest = price.get("cached_input", price["input"])
            return (plain * price["input"] + cached * rest + usage.output_tokens * price["output"]) / _MILLION
        try:
            if self.provider:
                return calc_price(usage, self.model, provider_id=self.provider).total_price
            return calc_price(usage, self.model, provider_api_url=self.address).total_price
        except LookupError:
            return None

    @property
    def offer(self) -> Json:
        """Dollars per token at most: `{"input", "output"}`, or null where nobody knows."""
        inputs = [self._input(size, kept) for size in _SIZES for kept in (0, size)]
        outputs = [self._output(size) for size in _SIZES]
        known = [rate for rate in (*inputs, *outputs) if rate is not None]
        if len(known) < len(inputs) + len(outputs):
            return None
        return {"input": max(rate for rate in inputs if rate is not None), "output": max(rate for rate in outputs if rate is not None)}

    def _input(self, size: int, kept: int) -> float | None:
        """For each token of a request of which so many are kept by the provider, for which some charge more."""
        cost = self.dollars(RequestUsage(input_tokens=size, cache_write_tokens=kept))
        return None if cost is None else float(cost / size)

    def _output(self, size: int) -> float | None:
        both, alone = self.dollars(RequestUsage(input_tokens=size, output_tokens=size)), self.dollars(RequestUsage(input_tokens=size))
        return None if both is None or alone is None else float((both - alone) / size)
