"""Race or tree: what the log says of the choice, and of the ablation at the end of a tree."""

from collections.abc import Mapping
from dataclasses import replace

from rsi.analytics.progress import Attempt, Chosen
from rsi.analytics.reading import take
from rsi.core.protocols import Entry
from rsi.core.records import Json, ProposalId
from rsi.kernel.judge import Course

__all__ = ["ablated", "chosen"]


def chosen(entry: Entry) -> Chosen:
    """The choice that a `course.chosen` tells of."""
    return Chosen(
        course=take(entry, "course", Course),
        changes=take(entry, "changes", int),
        pairs=take(entry, "pairs", int),
        conflicting=take(entry, "conflicting", int),
        share=take(entry, "share", float | None),
    )


def ablated(entry: Entry, attempts: Mapping[ProposalId, Attempt]) -> dict[ProposalId, Attempt]:
    """The proposals that a `lineage.ablated` tells of, with what they were switched with and whether that is certified."""
    steps: list[dict[str, Json]] = take(entry, "steps", list[dict[str, Json]])
    found: dict[ProposalId, Attempt] = {}
    for step in steps:
        names = step.get("proposals")
        step_names = tuple(ProposalId(name) for name in names if isinstance(name, str)) if isinstance(names, list) else ()
        for name in step_names:
            if name in attempts:
                found[name] = replace(attempts[name], step=step_names, certified=step.get("certified") is True)
    return found
