"""`rsi diff`: what a candidate changed, why, and with which effect."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rsi.analytics import Attempt, progress_of, retests_of
from rsi.cli.folders import open_run
from rsi.cli.terminal import JsonFlag, harmless, print_json, say
from rsi.cli.view.text import clean, guess_words
from rsi.core.codec import encode
from rsi.core.records import Json, ProposalId
from rsi.kernel.archive.views import Step
from rsi.reports.diffs import code_first
from rsi.reports.summary import belief_data
from rsi.reports.words import belief_words, retest_words

__all__ = ["diff", "headline", "verdict_of"]

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def diff(run: Path, candidate: str, /, *, as_json: JsonFlag = False) -> int:
    """What a candidate changed, why, and with which effect; code first, and only the first lines of files of data.

    Args:
        run: Folder of the run.
        candidate: First digits of its name, or start, release, v1, v2 …
    """
    with open_run(run) as opened:
        step = opened.index.lineage(opened.candidate(candidate))[-1]
        attempts = progress_of(opened.log.entries()).attempts
        parent = step.candidate.parent
        text = "" if parent is None else harmless(opened.archive.diff(parent, step.candidate.id))
    if as_json:
        print_json(
            {
                "candidate": step.candidate.id,
                "parent": parent,
                "proposal": None if step.proposal is None else encode(step.proposal.proposal),
                "verdict": verdict_of(step, attempts),
                "diff": text,
            }
        )
        return 0
    console = Console(soft_wrap=True)
    for line in headline(step, attempts):
        console.print(Text(line))
    every = text.removesuffix("\n").split("\n")
    shown = code_first(every)
    for line in shown:
        console.print(Text(line, style="bold" if line.startswith(("+++", "---")) else _STYLES.get(line[:1], "")))
    if len(shown) < len(every):
        say(f"… {len(every) - len(shown)} more lines of data (JSON files); --json gives all of them")
    return 0


def verdict_of(step: Step, attempts: Mapping[ProposalId, Attempt]) -> Json:
    """The verdict over a step as plain data: one word, its evidence, and what is believed of the effect; None for the start."""
    if step.verdict is None:
        return None
    given, attempt = step.verdict.verdict, attempts.get(step.verdict.proposal)
    return {
        "verdict": type(given).__name__.lower(),
        "pairs": given.effect.pairs,
        "e_value": given.e_value,
        "threshold": given.threshold,
        "believed": belief_data(attempt.belief if attempt else None),
    }


def headline(step: Step, attempts: Mapping[ProposalId, Attempt]) -> list[str]:
    """A step of a lineage in words: the candidate, its reason, its prediction and what is believed."""
    lines = [f"candidate {step.candidate.id[:12]}"]
    if step.proposal is None:
        return [*lines, "the start of the run; it changed nothing"]
    proposal = step.proposal.proposal
    attempt = attempts.get(proposal.id)
    lines.append(f"{proposal.surface.value}: {clean(proposal.reason, 400)}")
    if attempt is not None and attempt.removes is not None:
        return [*lines, retest_words(attempt)]
    lines.append(f"predicted: {guess_words(attempt.prediction if attempt else proposal.prediction)}")
    if step.verdict is not None:
        told = belief_words(attempt.belief) if attempt and attempt.belief else "nothing is known of its effect"
        lines.append(f"{type(step.verdict.verdict).__name__.lower()}: {told}, after {step.verdict.verdict.effect.pairs} pairs")
    lines += [f"tested again ({removal.proposal.id}): {retest_words(removal)}" for removal in retests_of(attempts, proposal.id)]
    return lines
