"""What a run has spent so far, in programs and seconds, as its entries come in."""

from collections import Counter
from dataclasses import dataclass, field

from rsi.analytics.reading import seconds
from rsi.core.protocols import Entry
from rsi.core.records import CandidateId

__all__ = ["Meter"]


@dataclass(slots=True, kw_only=True)
class Meter:
    """Programs and seconds of a run, by what they were spent on."""

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

    def read_clock(self, entry: Entry) -> None:
        """Add the seconds of an entry."""
        at = seconds(entry, "at")
        if at is not None:
            if self.at is not None and entry.kind != "run.resumed":
                self.wall_s += max(0.0, at - self.at)
            self.at = at
        self.cpu_s += seconds(entry, "cpu_s") or 0.0
        self.standstill_s = max(self.standstill_s, seconds(entry, "standstill_s") or 0.0)

    def read_sealed(self, entry: Entry, candidate: CandidateId, cases: int) -> None:
        """Add what sealed cases took a version."""
        self.sealed_cases[candidate] += cases
        self.sealed_s[candidate] = self.sealed_s.get(candidate, 0.0) + (seconds(entry, "cpu_s") or 0.0)
