"""What the log says of money: the budget of a configuration, what calls used, what that leaves.

What a gateway says is left at a moment depends on which of several jobs settled first. What agents are told before they are called must
not: it is counted from the entries `model.called` of the log, in their order.
"""

from rsi.config import ModelsConfig
from rsi.core.records import Json
from rsi.kernel.models.ledger import NANO, Spent

__all__ = ["budget_of", "left_after", "used_in"]


def budget_of(config: ModelsConfig) -> Spent:
    """All that a run may spend."""
    return Spent(calls=config.calls, tokens=config.tokens, nano=round(config.dollars * NANO))


def used_in(called: Json) -> Spent:
    """What one entry of the log says that a request used; nothing where a gateway counts nothing."""
    used = called.get("used") if isinstance(called, dict) else None
    if not isinstance(used, dict):
        return Spent()
    calls, tokens, dollars = used.get("calls"), used.get("tokens"), used.get("dollars")
    assert isinstance(calls, int) and isinstance(tokens, int) and isinstance(dollars, int | float)
    return Spent(calls=calls, tokens=tokens, nano=round(dollars * NANO))


def left_after(config: ModelsConfig, used: Spent) -> Json:
    """What is left after that: `{"calls_left", "tokens_left", "dollars_left"}`."""
    left = budget_of(config) - used
    return {"calls_left": max(0, left.calls), "tokens_left": max(0, left.tokens), "dollars_left": max(0, left.nano) / NANO}
