"""What is known of a target before the first change is judged: its noise, its cases, its cost, and whether a gain could be seen at all.

Version 0 runs some cases several times with one seed, and others once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rsi.kernel.judge.interval import wilson

__all__ = ["Calibration", "calibration_of", "saturated_end"]

_ONE_SIDED = 1.645


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What repeats of version 0 show.

    Attributes:
        trials: all executions.
        cases: different cases among them.
        repeated: cases that were run more than once.
        answered: trials that ended with an answer.
        score: mean over cases of the score, in [0, 1].
        noise: variance between repeats of one case and seed; 0 for a deterministic target.
        between: variance of the expected score between cases, without the noise.
        floor, ceiling: share of cases with the lowest and the highest score in every repeat.
        programs: mean programs per trial, as charged.
    """

    trials: int
    cases: int
    repeated: int
    answered: int
    score: float
    noise: float
    between: float
    floor: float
    ceiling: float
    programs: float

    @property
    def is_deterministic(self) -> bool:
        """Whether every repeat came out like the first; nothing is known of that without repeats."""
        return self.repeated > 0 and self.noise == 0.0

    @property
    def is_dead(self) -> bool:
        """Whether no trial ended with an answer."""
        return self.answered == 0


def calibration_of(trials: Sequence[tuple[str, float | None, int]]) -> Calibration:
    """What these trials of one version show: case, score (None: no answer, counts as 0) and programs of each, in any order.

    Raises:
        ValueError: there are none.
    """
    if not trials:
        raise ValueError("nothing can be calibrated without trials")
    cases: dict[str, list[float]] = {}
    for case, score, _ in trials:
        cases.setdefault(case, []).append(0.0 if score is None else score)
    groups = list(cases.values())
    means = [math.fsum(scores) / len(scores) for scores in groups]
    repeated = [scores for scores in groups if len(scores) > 1]
    noise = _within(repeated)
    luck = noise * math.fsum(1 / len(scores) for scores in groups) / len(groups)
    return Calibration(
        trials=len(trials),
        cases=len(groups),
        repeated=len(repeated),
        answered=sum(score is not None for _, score, _ in trials),
        score=math.fsum(means) / len(means),
        noise=noise,
        between=max(0.0, _variance(means) - luck),
        floor=sum(max(scores) <= 0.0 for scores in groups) / len(groups),
        ceiling=sum(min(scores) >= 1.0 for scores in groups) / len(groups),
        programs=sum(programs for _, _, programs in trials) / len(trials),
    )


def _within(repeated: Sequence[Sequence[float]]) -> float:
    """Pooled variance between the repeats of each case; 0 where none was repeated."""
    free = sum(len(scores) - 1 for scores in repeated)
    return math.fsum(_variance(scores) * (len(scores) - 1) for scores in repeated) / free if free else 0.0


def _variance(values: Sequence[float]) -> float:
    if len(values) < 2 or len(set(values)) == 1:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def saturated_end(calibration: Calibration, most: float = 0.9) -> str | None:
    """`floor` or `ceiling` if more than the share `most` of all cases is there beyond doubt (one-sided 95 %), else None.

    Few cases never suffice to refuse a suite: at 90 %, 25 cases at one end are the least.
    """
    for name, share in (("floor", calibration.floor), ("ceiling", calibration.ceiling)):
        low, _ = wilson(share * calibration.cases, calibration.cases, z=_ONE_SIDED)
        if low > most:
            return name
    return None
