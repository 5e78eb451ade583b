"""What a run came to, and what it could have seen: the designed outcome of a run that finds nothing."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from rsi.analytics.progress import Progress
from rsi.core.records import Effect
from rsi.kernel.judge import smallest_visible_effect

__all__ = ["Outcome", "Sight", "outcome_of", "sight_of", "tried_of"]


class Outcome(StrEnum):
    """What a run came to. Only a certificate makes it an improvement."""

    RUNNING = "not finished"
    REFUSED = "refused before it began"
    IMPROVED = "improvement certified"
    NOTHING = "no improvement found"
    UNCERTAIN = "nothing certified"
    WORSE = "loss certified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How large an effect a run's tests could have seen.

    Attributes:
        pairs: of its longest test.
        differing: share of pairs in which two versions differed.
        effect: smallest difference in score that such a test sees about every other time; None if not even the largest.
    """

    pairs: int
    differing: float
    effect: float | None


def outcome_of(progress: Progress) -> Outcome:
    """What the run came to."""
    certificate, step0 = progress.certificate, progress.calibrated
    if step0 is not None and step0.refused is not None:
        return Outcome.REFUSED
    if certificate is not None and certificate.low > 0:
        return Outcome.IMPROVED
    if certificate is not None and certificate.high < 0:
        return Outcome.WORSE
    if certificate is None and progress.ended is None:
        return Outcome.RUNNING
    return Outcome.UNCERTAIN if certificate is None and progress.accepted else Outcome.NOTHING


def sight_of(progress: Progress) -> Sight | None:
    """The smallest effect that the tests could have seen; None where no change came as far as a comparison."""
    verdicts = [attempt.verdict for attempt in progress.proposed if attempt.verdict and attempt.verdict.effect.pairs]
    if not verdicts:
        return None
    longest = max(verdict.effect.pairs for verdict in verdicts)
    pairs = sum(v.effect.pairs for v in verdicts)
    differing = sum(v.effect.wins + v.effect.losses for v in verdicts) / pairs
    square = sum(_squares(v.effect) for v in verdicts) / pairs
    threshold = median(verdict.threshold for verdict in verdicts)
    effect = smallest_visible_effect(pairs=longest, threshold=threshold, discordance=square)
    return Sight(pairs=longest, differing=differing, effect=effect)


def _squares(effect: Effect) -> float:
    """As large as the number of pairs that differ, where a score is 0 or 1; smaller for scores in between."""
    return effect.wins + effect.losses if effect.squares is None else effect.squares


def tried_of(progress: Progress) -> dict[str, dict[str, int]]:
    """How many changes were tried, by surface and by what became of them."""
    counts = Counter((a.proposal.surface.value, a.fate.value) for a in progress.proposed)
    found: dict[str, dict[str, int]] = {}
    for (surface, fate), times in sorted(counts.items()):
        found.setdefault(surface, {})[fate] = times
    return found
