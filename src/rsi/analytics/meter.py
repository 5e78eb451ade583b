"""What a run spent: programs, seconds, and requests to language models, summed while its log is read."""

from collections import Counter
from dataclasses import dataclass, field

from rsi.analytics.models import ModelUse
from rsi.analytics.reading import seconds
from rsi.core.protocols import Entry
from rsi.core.records import CandidateId

__all__ = ["Meter"]


@dataclass(slots=True, kw_only=True)
class Meter:
    """What was spent so far."""

    purposes: Counter[str] = field(default_factory=Counter)
    surfaces: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    sealed_cases: Counter[CandidateId] = field(default_factory=Counter)
    sealed_s: dict[CandidateId, float] = field(default_factory=dict)
    trials: int = 0
    timed_out: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    standstill_s: float = 0.0
    at: float | None = None
    models: ModelUse = ModelUse()

    def read_call(self, entry: Entry) -> None:
        """A request to a language model."""
        self.models = self.models.after(entry)

    def read_clock(self, entry: Entry) -> None:
        """Seconds beside an entry."""
        at = seconds(entry, "at")
        if at is not None:
            if self.at is not None and entry.kind != "run.resumed":
                self.wall_s += max(0.0, at - self.at)
            self.at = at
        self.cpu_s += seconds(entry, "cpu_s") or 0.0
        self.standstill_s = max(self.standstill_s, seconds(entry, "standstill_s") or 0.0)

    def read_sealed(self, entry: Entry, candidate: CandidateId, cases: int) -> None:
        """Sealed cases of a version."""
        self.sealed_cases[candidate] += cases
        self.sealed_s[candidate] = self.sealed_s.get(candidate, 0.0) + (seconds(entry, "cpu_s") or 0.0)
