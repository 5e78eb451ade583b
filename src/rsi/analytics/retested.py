"""Kept changes that were tested again: what the log says of removals."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rsi.analytics.progress import Attempt, Fate
from rsi.analytics.reading import take
from rsi.core.protocols import Entry
from rsi.core.records import ProposalId

__all__ = ["removes", "with_removed"]


def removes(made: Entry) -> ProposalId | None:
    """Which kept change the proposal of a `proposal.made` takes out again, if any."""
    is_removal = isinstance(made.body, dict) and "removes" in made.body
    return ProposalId(take(made, "removes", str)) if is_removal else None


def with_removed(attempts: Mapping[ProposalId, Attempt], line: Iterable[ProposalId | None]) -> dict[ProposalId, Attempt]:
    """All proposals; of one that a removal in the line of incumbents took out again it is said so."""
    made = (attempts.get(name) for name in line if name is not None)
    gone = [attempt.removes for attempt in made if attempt is not None and attempt.removes is not None]
    return {**attempts, **{name: replace(attempts[name], fate=Fate.REMOVED) for name in gone if name in attempts}}
