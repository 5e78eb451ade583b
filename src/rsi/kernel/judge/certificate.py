"""What a release may claim: compared with the start on sealed cases that nothing was ever decided on."""

from collections import Counter
from collections.abc import Mapping

from rsi.core.records import CandidateId, CaseId, Certificate
from rsi.kernel.judge.interval import effect_of

__all__ = ["certify"]


def certify(
    *,
    start: CandidateId,
    release: CandidateId,
    start_scores: Mapping[CaseId, float],
    release_scores: Mapping[CaseId, float],
    alpha: float = 0.05,
) -> Certificate:
    """The certificate of a release from the scores (in [0, 1], higher is better) of both versions on the same sealed cases.

    The bounds are anytime-valid: they hold wherever the series of cases was broken off.

    Raises:
        ValueError: the two did not run on exactly the same cases, or on none.
    """
    if not start_scores or start_scores.keys() != release_scores.keys():
        raise ValueError("a certificate needs the scores of both versions on the same sealed cases")
    effect = effect_of(Counter(release_scores[case] - start_scores[case] for case in start_scores), alpha)
    return Certificate(
        start=start,
        release=release,
        pairs=effect.pairs,
        start_score=_mean(start_scores),
        release_score=_mean(release_scores),
        gain=effect.mean,
        low=effect.low,
        high=effect.high,
        alpha=alpha,
    )


def _mean(scores: Mapping[CaseId, float]) -> float:
    return sum(scores[case] for case in sorted(scores)) / len(scores)
