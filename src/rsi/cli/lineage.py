"""`rsi lineage`: the way from the start to a candidate, step by step."""

from collections.abc import Mapping
from pathlib import Path

from rsi.analytics import Attempt, progress_of, retests_of
from rsi.cli.diff import headline, verdict_of
from rsi.cli.folders import open_run
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.core.codec import encode
from rsi.core.records import Json, ProposalId
from rsi.kernel.archive.views import Step
from rsi.reports.summary import retest_data

__all__ = ["lineage"]


def lineage(run: Path, candidate: str = "release", /, *, as_json: JsonFlag = False) -> int:
    """The way from the start to a candidate: each version, what made it and what that did.

    Args:
        run: Folder of the run.
        candidate: First digits of its name, or start, release, v1, v2 …
    """
    with open_run(run) as opened:
        steps = opened.index.lineage(opened.candidate(candidate))
        attempts = progress_of(opened.log.entries()).attempts
    if as_json:
        print_json([_data(step, attempts) for step in steps])
        return 0
    for number, step in enumerate(steps):
        first, *rest = headline(step, attempts)
        say(f"v{number}  {first}")
        for line in rest:
            say(f"    {line}")
    return 0


def _data(step: Step, attempts: Mapping[ProposalId, Attempt]) -> Json:
    return {
        "candidate": step.candidate.id,
        "parent": step.candidate.parent,
        "proposal": None if step.proposal is None else encode(step.proposal.proposal),
        "verdict": verdict_of(step, attempts),
        "retests": [] if step.proposal is None else [retest_data(one) for one in retests_of(attempts, step.proposal.proposal.id)],
    }
