"""The run in one JSON object: what `summary.json` holds and `--json` prints."""

from collections.abc import Mapping

from rsi.analytics import Attempt, Progress, SafetyCertificate, Tried, Use, outcome_of, sight_of, tried_of
from rsi.core.codec import encode
from rsi.core.records import Json
from rsi.kernel.judge import Belief
from rsi.reports.growth import growth_data
from rsi.reports.target import agents_data, target_data
from rsi.reports.words import earned

__all__ = ["course_data", "predictions_of", "retest_data", "retests_data", "safety_data", "summary_of", "violations_of"]


def summary_of(progress: Progress) -> dict[str, Json]:
    """The run's name, settings, costs and outcome; what it could have seen; what was kept; what is claimed.

    Scores and the numbers of the claim are those of the sealed certificate, and null as long as there is none. Of a change only what is
    believed of its effect stands here, never the estimate by which it was accepted.
    """
    certificate = progress.certificate
    on_target: dict[str, Json] = {"target": target_data(progress), "agents": agents_data(progress)} if progress.target else {}
    return {
        "run": progress.run,
        "seed": progress.seed,
        "jail": {"tier": progress.tier, "asked": progress.asked, "proof": encode(progress.proof)},
        "ended": progress.ended,
        "programs": progress.costs.programs,
        "proposals": len(progress.proposed),
        "trials": progress.trials,
        "violations": violations_of(progress),
        "predictions": predictions_of(progress),
        "outcome": outcome_of(progress).value,
        "tried": {surface: dict(fates) for surface, fates in tried_of(progress).items()},
        "course": course_data(progress),
        "could_have_seen": sight_data(progress),
        "calibration": calibration_data(progress),
        "uses": uses_data(progress.uses),
        "accepted": [_accepted(attempt) for attempt in progress.accepted],
        "retests": retests_data(progress),
        "growth": growth_data(progress),
        "start": {"candidate": progress.start.id, "score": certificate.start_score if certificate else None},
        "release": {"candidate": progress.release, "score": certificate.release_score if certificate else None},
        "claim": {
            "gain": certificate.gain if certificate else None,
            "low": certificate.low if certificate else None,
            "high": certificate.high if certificate else None,
        },
        "safety": safety_data(progress.safety),
        "wall_s": round(progress.costs.wall_s, 3),
        "cpu_s": round(progress.costs.cpu_s, 3),
        **on_target,
        **({"models": encode(progress.costs.models)} if progress.costs.models.requests else {}),
    }


def predictions_of(progress: Progress) -> Json:
    """How predictions came out: scores, skill with interval, reliability, weight, and whether it is earned; null before a test closed."""
    skill = progress.predictions
    told = encode(skill)
    return told | {"earned": earned(skill)} if isinstance(told, dict) and skill is not None else None


def belief_data(belief: Belief | None) -> Json:
    """What is believed of an effect: its mean and standard deviation in score, and the probability that it is better."""
    return {"gain": belief.mean, "spread": belief.spread, "p_better": belief.p_better} if belief else None


def sight_data(progress: Progress) -> Json:
    """How large an effect the tests could have seen; None where nothing was compared."""
    sight = sight_of(progress)
    return {"effect": sight.effect, "pairs": sight.pairs, "differing": sight.differing} if sight else None


def course_data(progress: Progress) -> Json:
    """Race or tree as it was chosen, with the conflicts that chose; None as long as nothing was chosen."""
    found = progress.course
    if found is None:
        return None
    counts: dict[str, Json] = {"changes": found.changes, "pairs": found.pairs, "conflicting": found.conflicting}
    return {"course": found.course.value, **counts, "share": found.share}


def calibration_data(progress: Progress) -> Json:
    """What step 0 found; None where the log says nothing of it."""
    return encode(progress.calibrated)


def safety_data(found: SafetyCertificate | None) -> Json:
    """Release and start on the safety suite, and what that shows; null without such a suite, and as long as there is no certificate."""
    if found is None:
        return None
    return {"suite": found.suite, "margin": found.margin, "found": found.harm.value, "certificate": encode(found.certificate)}


def retests_data(progress: Progress) -> Json:
    """Each test of a kept change: the change, what takes it out, what became of that, and what is believed of it."""
    return [retest_data(attempt) for attempt in progress.removals]


def retest_data(attempt: Attempt) -> Json:
    """One test of a kept change."""
    pairs = attempt.verdict.effect.pairs if attempt.verdict else 0
    what: dict[str, Json] = {"proposal": attempt.removes, "removal": attempt.proposal.id, "state": attempt.fate.value}
    return {**what, "why": attempt.reason, "pairs": pairs, "believed": belief_data(attempt.belief)}


def uses_data(uses: Mapping[str, Use]) -> Json:
    """Use of each hidden pool: blocks, trials, and how often something left the kernel."""
    return {pool: {"queries": use.queries, "cases": use.cases, "words": use.words} for pool, use in uses.items()}


def violations_of(progress: Progress) -> Json:
    """Each attack that was tried: its name, on which call, by which version, whose proposal made that, how often."""
    return [_tried(one) for one in progress.tried if one.is_violation]


def _tried(one: Tried) -> Json:
    who: dict[str, Json] = {"candidate": one.candidate, "proposal": one.proposal, "improver": one.improver}
    return {"name": one.name, "call": one.call, **who, "times": one.times}


def _accepted(attempt: Attempt) -> Json:
    told = attempt.prediction
    guess: Json = None
    if told is not None:
        guess = {"p_better": told.p_better, "low": told.low, "high": told.high, "quartiles": list(told.quartiles)}
    return {
        "candidate": attempt.candidate,
        "proposal": attempt.proposal.id,
        **({"by": attempt.by} if attempt.by else {}),
        "surface": attempt.proposal.surface.value,
        "reason": attempt.proposal.reason,
        "pairs": attempt.verdict.effect.pairs if attempt.verdict else 0,
        "believed": belief_data(attempt.belief),
        **({} if attempt.certified is None else {"step": list(attempt.step), "certified": attempt.certified}),
        "prediction": guess,
        "cycle": attempt.cycle,
    }
