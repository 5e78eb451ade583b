"""What language models were used in a run, by its log."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rsi.analytics.reading import take
from rsi.core.protocols import Entry

__all__ = ["ModelUse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """All requests to models of a run.

    Attributes:
        requests: that were made.
        answered: how many of them got an answer.
        names: answers by model.
        calls: that providers took; a request may take several, or none.
        tokens: in and out.
        dollars: as far as prices are known.
        unpriced: answers of models whose price nobody knows.
        faults: requests without an answer by (type of error, the last reason for it).
    """

    requests: int = 0
    answered: int = 0
    names: Mapping[str, int] = field(default_factory=dict)
    calls: int = 0
    tokens: int = 0
    dollars: float = 0.0
    unpriced: int = 0
    faults: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def after(self, entry: Entry) -> "ModelUse":
        """With one more `model.called`; what a gateway does not count is not counted.

        Raises:
            IntegrityError: a field has another type than the table of events says.
        """
        body = entry.body if isinstance(entry.body, dict) else {}
        outcome: str = take(entry, "outcome", str) if "outcome" in body else "answered"
        faults, names, answered = dict(self.faults), dict(self.names), outcome == "answered"
        if not answered:
            reason: str = take(entry, "reason", str) if "reason" in body else ""
            faults[outcome] = (faults.get(outcome, (0, ""))[0] + 1, reason)
        elif "model" in body:
            name: str = take(entry, "model", str)
            names[name] = names.get(name, 0) + 1
        used: Mapping[str, float] = take(entry, "used", Mapping[str, float]) if "used" in body else {}
        return replace(
            self,
            requests=self.requests + 1,
            answered=self.answered + answered,
            names=names,
            calls=self.calls + int(used.get("calls", 0)),
            tokens=self.tokens + int(used.get("tokens", 0)),
            dollars=self.dollars + used.get("dollars", 0.0),
            unpriced=self.unpriced + (body.get("priced") is False),
            faults=faults,
        )
