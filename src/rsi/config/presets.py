"""Settings that go together."""

from collections.abc import Mapping

__all__ = ["META", "target_preset"]

META: Mapping[str, object] = {
    "suite": "gym",
    "run.programs": 4_000_000,
    "practice.tasks": 6,
    "practice.programs": 960,
    "propose.count": 8,
    "propose.programs": 40_000,
    "judge.horizon": 24,
    "judge.block": 5,
    "judge.fewest": 120,
    "judge.hopeless": 0.35,
    "judge.max_pairs": 600,
    "judge.programs": 96,
    "certificate.pairs": 60,
    "certificate.programs": 96,
    "recursion.cases": 40,
    "recursion.evaluations": 96,
    "jail.wall_s": 3_600.0,
}
"""`rsi run --meta`: the agent improves how it improves programs. A program is one evaluation here: one program run on one instance."""


def target_preset(trials: int) -> Mapping[str, object]:
    """Settings of a run on a target with a budget of so many trials; a program is one trial there: one case that is run once.

    About a tenth goes to the certificate and a twentieth to step 0; one change may cost a tenth. A pass practises and lets its agent try as
    often as it takes to learn something, and no more than a fortieth of the budget in all.
    """
    practised, tried = _between(trials // 100, 4, 32), _between(trials // 40, 8, 400)
    return {
        "run.programs": trials,
        "run.cycles": 1_000,
        "calibrate.share": 0.05,
        "practice.batches": 1,
        "practice.tasks": practised,
        "practice.programs": practised,
        "propose.programs": tried,
        "judge.block": 4 if trials < 1_000 else 8,
        "judge.max_pairs": _between(trials // 10, 8, 2_000),
        "judge.programs": 1,
        "certificate.pairs": _between(trials // 20, 8, 500),
        "certificate.programs": 1,
    }


def _between(number: int, low: int, high: int) -> int:
    return max(low, min(high, number))
