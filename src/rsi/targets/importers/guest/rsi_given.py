"""Cases that are seeds, and scores that the jail has given itself. Runs in the process that scores.

For tasks whose own evaluator runs beside the candidate: what comes out of the jail has its score in it, and nothing here can check it.

Covers: outputs that have no score, or one that is no number. Does not cover: a candidate that writes its own score.
"""

import hashlib
import math
from typing import Any

__all__ = ["cases", "score"]


def cases(seed: int, start: int, count: int) -> list[dict[str, Any]]:
    """Cases number `start` … `start + count − 1`: each is a seed from 0 to 2³¹ − 1."""
    return [{"seed": _number(f"{seed}/{index}")} for index in range(start, start + count)]


def score(case: dict[str, Any], output: Any) -> dict[str, Any]:
    """The score that the evaluator gave, with what it said."""
    if not isinstance(output, dict):
        return {"score": None, "label": "no score"}
    value, error = output.get("score"), str(output.get("error") or "")
    if error or isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return {"score": None, "label": "failed" if error else "no score", "feedback": error or str(output.get("feedback") or "")}
    return {"score": float(value), "label": "scored", "feedback": str(output.get("feedback") or "")}


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
