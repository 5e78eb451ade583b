"""Scoring an answer by its outputs on inputs that the candidate never saw."""

from rsi.core.protocols import Score
from rsi.core.records import Case, Json

__all__ = ["same_values", "score_by_probes"]


def same_values(one: object, other: object) -> bool:
    """Equality that tells `True` from `1` and `2.0` from `2`, at any depth of lists."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_values, one, other))
    return one == other


def score_by_probes(case: Case, answer: Json, outputs: Json) -> Score:
    """1 (`solved`) where every probe is right, types included; 0 where one is not (`fitted`) or nothing was found (`not found`).

    Args:
        case: the case with its expected outputs.
        answer: what the candidate answered; None where it found nothing.
        outputs: what the answer gave on the case's probes, in their order; None where it could not be run (`no answer`, no score).
    """
    if answer is None:
        return Score(value=0.0, label="not found")
    if outputs is None:
        return Score(value=None, label="no answer")
    if same_values(outputs, case.expected):
        return Score(value=1.0, label="solved")
    return Score(value=0.0, label="fitted")
