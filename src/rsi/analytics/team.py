"""Who works on a target, and what each agent has brought and cost: from a log's entries alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rsi.analytics.progress import Attempt, Fate
from rsi.core.protocols import Entry
from rsi.core.records import Json
from rsi.kernel.judge import Credit

__all__ = ["Crew", "author", "is_foretold"]

_OPEN = (Fate.WAITING, Fate.TESTING)


def author(entry: Entry) -> str:
    """Who made a proposal; empty where an agent improves itself."""
    by = entry.body.get("agent") if isinstance(entry.body, dict) else None
    return by if isinstance(by, str) else ""


def is_foretold(made: Entry) -> bool:
    """Whether a proposal came with a prediction of its own."""
    return not isinstance(made.body, dict) or made.body.get("foretold") is not False


@dataclass(slots=True, kw_only=True)
class Crew:
    """Takes entries one by one.

    Attributes:
        target: what the first entry says of the target; None where an agent improves itself.
    """

    target: Json = None
    _names: list[str] = field(default_factory=list)
    _passes: Counter[str] = field(default_factory=Counter)
    _programs: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Entry) -> None:
        """Take the next entry."""
        body = entry.body if isinstance(entry.body, dict) else {}
        if entry.kind == "run.started":
            self.target = body.get("target")
            named = body.get("agents")
            self._names = [str(one.get("name")) for one in named if isinstance(one, dict)] if isinstance(named, list) else []
        elif entry.kind == "job.done" and "agent" in body:
            self._count(str(body["agent"]), body)

    def credits(self, attempts: Iterable[Attempt]) -> Mapping[str, Credit]:
        """What each agent has brought and cost; outsiders that handed something in stand behind them."""
        made = [one for one in attempts if one.removes is None and one.by]
        names = dict.fromkeys([*self._names, *(one.by for one in made)]) if self.target is not None else {}
        return {name: self._credit(name, [one for one in made if one.by == name]) for name in names}

    def _credit(self, name: str, made: list[Attempt]) -> Credit:
        kept = [one for one in made if one.fate is Fate.ACCEPTED]
        return Credit(
            passes=self._passes[name],
            changes=sum(one.fate not in _OPEN for one in made),
            kept=len(kept),
            gain=sum(max(0.0, one.belief.mean) for one in kept if one.belief is not None),
            programs=self._programs[name] + sum(one.programs for one in made),
        )

    def _count(self, name: str, body: Mapping[str, Json]) -> None:
        self._passes[name] += body.get("call") == "practise"
        spent = body.get("programs")
        self._programs[name] += spent if type(spent) is int else 0
