"""What the runs of `benchmarks.seed` show together: estimates over run seeds, paired where both arms of a seed are there."""

import random
from collections import Counter
from collections.abc import Callable, Sequence

from benchmarks.seed_stats import CurvePoint, Estimate, bootstrap_over_cases, mean_curve, t_estimate
from benchmarks.seed_trials import HARD, Result, Run, Version

__all__ = ["ARMS", "DIFFERENCE", "curve_of", "estimates", "kept_by_surface", "paired"]

ARMS = {False: "recursive", True: "frozen"}
"""Names of the arms by whether the improver is frozen."""

DIFFERENCE = "recursive − frozen"
"""Begins the names of all paired differences of the arms."""

_Measure = Callable[[Version], float]


def paired(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """(recursive, frozen) of every seed that has both arms, by seed."""
    by_arm = {frozen: {run.seed: run for run in runs if run.frozen is frozen} for frozen in ARMS}
    return [(by_arm[False][seed], by_arm[True][seed]) for seed in sorted(by_arm[False].keys() & by_arm[True].keys())]


def kept_by_surface(run: Run) -> Counter[str]:
    """How many changes of each surface became part of the release."""
    return Counter(version.surface for version in run.versions[1:])


def curve_of(runs: Sequence[Run], *, frozen: bool) -> list[CurvePoint]:
    """Mean over seeds of hard cases solved against programs spent, up to the whole budget; empty without runs of that arm."""
    chosen = [run for run in runs if run.frozen is frozen]
    if not chosen:
        return []
    end = max(float(run.progress.costs.budget or run.progress.costs.programs) for run in chosen)
    return mean_curve([[(float(v.programs), float(v.solved)) for v in run.versions] for run in chosen], end)


def estimates(runs: Sequence[Run]) -> dict[str, Estimate]:
    """All that is claimed, by name; in tasks, except the certificates, which are in score."""
    found: dict[str, Estimate] = {}
    for frozen, arm in ARMS.items():
        chosen = [run for run in runs if run.frozen is frozen]
        if chosen:
            found |= _of_arm(arm, chosen)
    if pairs := paired(runs):
        found |= _of_pairs(pairs)
    return found


def _of_arm(arm: str, runs: Sequence[Run]) -> dict[str, Estimate]:
    found = {
        f"{arm}: hard tasks, version 0": t_estimate([run.start.solved for run in runs]),
        f"{arm}: hard tasks, release": t_estimate([run.release.solved for run in runs]),
        f"{arm}: hard tasks, release − version 0": t_estimate([run.release.solved - run.start.solved for run in runs]),
    }
    for family in HARD:
        found[f"{arm}: {family}, release − version 0"] = t_estimate([_gain(run, _hard(family)) for run in runs])
    if all(run.release.outside is not None for run in runs):
        found[f"{arm}: outside tasks, version 0"] = t_estimate([_outside(run.start) for run in runs])
        found[f"{arm}: outside tasks, release"] = t_estimate([_outside(run.release) for run in runs])
        found[f"{arm}: outside tasks, release − version 0"] = t_estimate([_gain(run, _outside) for run in runs])
    gains = [run.progress.certificate.gain if run.progress.certificate else 0.0 for run in runs]
    return {**found, f"{arm}: certified gain in score (0 without a change)": t_estimate(gains)}


def _of_pairs(pairs: Sequence[tuple[Run, Run]]) -> dict[str, Estimate]:
    found = {
        f"{DIFFERENCE}: hard tasks, over seeds": t_estimate([one.release.solved - other.release.solved for one, other in pairs]),
        f"{DIFFERENCE}: hard tasks, over cases": bootstrap_over_cases(
            [_differences(one.release.hard, other.release.hard) for one, other in pairs], random.Random(0)
        ),
    }
    for family in HARD:
        measure = _hard(family)
        found[f"{DIFFERENCE}: {family}, over seeds"] = t_estimate([measure(a.release) - measure(b.release) for a, b in pairs])
    if all(run.release.outside is not None for pair in pairs for run in pair):
        outside = [_outside(one.release) - _outside(other.release) for one, other in pairs]
        found[f"{DIFFERENCE}: outside tasks, over seeds"] = t_estimate(outside)
    return found


def _gain(run: Run, measure: _Measure) -> float:
    return measure(run.release) - measure(run.start)


def _hard(family: str) -> _Measure:
    return lambda version: float(sum(result.solved for result in version.hard if result.family == family))


def _outside(version: Version) -> float:
    return float(sum(result.solved for result in version.outside or ()))


def _differences(one: Sequence[Result], other: Sequence[Result]) -> list[float]:
    """Per case, since both arms of a seed were asked the same cases in the same order.

    Raises:
        ValueError: they were not.
    """
    if [result.case for result in one] != [result.case for result in other]:
        raise ValueError("the arms were not measured on the same cases")
    return [float(a.solved) - float(b.solved) for a, b in zip(one, other, strict=True)]
