"""The run in one JSON object: what `summary.json` holds and `--json` prints."""

from rsi.analytics import Attempt, Progress, Tried
from rsi.core.codec import encode
from rsi.core.records import Json
from rsi.reports.words import earned

__all__ = ["predictions_of", "summary_of", "violations_of"]


def summary_of(progress: Progress) -> dict[str, Json]:
    """`run, seed, jail, ended, programs, proposals, trials, violations, predictions, accepted, start, release, claim, wall_s, cpu_s`.

    Scores and the numbers of the claim are null as long as there is no certificate.
    """
    certificate = progress.certificate
    return {
        "run": progress.run,
        "seed": progress.seed,
        "jail": {"tier": progress.tier, "asked": progress.asked, "proof": encode(progress.proof)},
        "ended": progress.ended,
        "programs": progress.costs.programs,
        "proposals": len(progress.attempts),
        "trials": progress.trials,
        "violations": violations_of(progress),
        "predictions": predictions_of(progress),
        "accepted": [_accepted(attempt) for attempt in progress.accepted],
        "start": {"candidate": progress.start.id, "score": certificate.start_score if certificate else None},
        "release": {"candidate": progress.release, "score": certificate.release_score if certificate else None},
        "claim": {
            "gain": certificate.gain if certificate else None,
            "low": certificate.low if certificate else None,
            "high": certificate.high if certificate else None,
        },
        "wall_s": round(progress.costs.wall_s, 3),
        "cpu_s": round(progress.costs.cpu_s, 3),
    }


def predictions_of(progress: Progress) -> Json:
    """How predictions came out: scores, skill with interval, reliability, weight, and whether it is earned; null before a test closed."""
    skill = progress.predictions
    told = encode(skill)
    return told | {"earned": earned(skill)} if isinstance(told, dict) and skill is not None else None


def violations_of(progress: Progress) -> Json:
    """Each attack that was tried: its name, on which call, by which version, whose proposal made that, how often."""
    return [_tried(one) for one in progress.tried if one.is_violation]


def _tried(one: Tried) -> Json:
    who: dict[str, Json] = {"candidate": one.candidate, "proposal": one.proposal, "improver": one.improver}
    return {"name": one.name, "call": one.call, **who, "times": one.times}


def _accepted(attempt: Attempt) -> Json:
    told, effect = attempt.proposal.prediction, attempt.verdict.effect if attempt.verdict else None
    return {
        "candidate": attempt.candidate,
        "proposal": attempt.proposal.id,
        "surface": attempt.proposal.surface.value,
        "reason": attempt.proposal.reason,
        "effect": {"mean": effect.mean, "low": effect.low, "high": effect.high, "pairs": effect.pairs} if effect else None,
        "prediction": {"p_better": told.p_better, "low": told.low, "high": told.high, "quartiles": list(told.quartiles)},
        "cycle": attempt.cycle,
    }
