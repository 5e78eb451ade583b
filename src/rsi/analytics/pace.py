"""Whether the gains of a run come faster and faster: the changes that it kept, each with what is believed of it, over what was spent."""

import math

from rsi.analytics.growth import Gain, Growth, growth_of_gains
from rsi.analytics.progress import Progress
from rsi.kernel.judge import Course

__all__ = ["pace_of"]

_EDGE = 0.05
"""How close to 0 and 1 a score may come before it is turned into logits: closer, an error in the sum of beliefs would weigh as a gain."""


def pace_of(progress: Progress) -> Growth | None:
    """The growth by changes that were kept and not taken out again, in logits of the score.

    None where nothing can be looked at: nothing was kept, the score of the start is not known, or the run's course is the tree, which keeps
    all that it keeps at its end.
    """
    start = _start(progress)
    if start is None or not progress.kept or (progress.course is not None and progress.course.course is Course.TREE):
        return None
    score, gains = start, []
    for version, attempt in progress.kept:
        if attempt.belief is not None:
            before, score = score, score + attempt.belief.mean
            gains.append(Gain(cost=version.programs, size=_logit(score) - _logit(before)))
    spent = progress.costs.programs - progress.costs.purposes.get("certificate", 0)
    return growth_of_gains(gains, max(spent, *(gain.cost for gain in gains))) if gains else None


def _start(progress: Progress) -> float | None:
    """The start's score on sealed cases, or on the judge's as long as none were opened."""
    if progress.certificate is not None:
        return progress.certificate.start_score
    capability = progress.incumbents[0].capability
    return None if capability is None else capability.mean


def _logit(score: float) -> float:
    inside = min(1 - _EDGE, max(_EDGE, score))
    return math.log(inside / (1 - inside))
