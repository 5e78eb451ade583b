"""Settings that go together."""

from collections.abc import Mapping

__all__ = ["META", "target_preset"]

META: Mapping[str, object] = {
    "suite": "gym",
    "run.programs": 1_000_000,
    "practice.tasks": 6,
    "practice.programs": 480,
    "practice.batches": 4,
    "propose.count": 8,
    "propose.when_open_below": 1,
    "propose.programs": 30_000,
    "propose.patience": 10,
    "judge.horizon": 24,
    "judge.block": 5,
    "judge.fewest": 60,
    "judge.hopeless": 0.35,
    "judge.max_pairs": 200,
    "judge.programs": 96,
    "certificate.pairs": 60,
    "certificate.programs": 96,
    "recursion.cases": 40,
    "recursion.evaluations": 96,
    "jail.wall_s": 3_600.0,
}
"""`rsi run --meta`: the agent improves how it improves programs. A program is one evaluation here: one program run on one instance."""


_LEARNT = 100
"""Trials in which an agent learns something of a target: so many, tuning eight numbers takes the built-in one most of the way."""


def target_preset(trials: int) -> Mapping[str, object]:
    """Settings of a run on a target with a budget of so many trials; a program is one trial there: one case that is run once.

    About a tenth goes to the certificate and a twentieth to step 0; one change may cost a tenth. A pass practises and lets its agent try a
    fortieth of the budget, or what it takes to learn something, if that is less than half of it. A small budget opens few tests, since
    all of them share one bound on false acceptances, and asks for few changes; its certificate has the pairs below which none could show
    a gain of half of the scale.
    """
    practised, tried = _between(trials // 100, 4, 32), max(trials // 40, min(_LEARNT, trials // 2 - 10))
    return {
        "run.programs": trials,
        "run.cycles": 1_000,
        "calibrate.share": 0.05,
        "practice.batches": 1,
        "practice.tasks": practised,
        "practice.programs": practised,
        "propose.count": _between(trials // 250, 1, 4),
        "propose.programs": _between(tried, 8, 400),
        "judge.horizon": _between(trials // 75, 2, 40),
        "judge.block": 2 if trials < 500 else 4 if trials < 1_000 else 8,
        "judge.max_pairs": _between(max(trials // 10, min(24, trials // 8)), 8, 2_000),
        "judge.programs": 1,
        "certificate.pairs": _between(max(trials // 20, min(18, trials // 11)), 8, 500),
        "certificate.programs": 1,
    }


def _between(number: int, low: int, high: int) -> int:
    return max(low, min(high, number))
