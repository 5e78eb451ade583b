"""Settings that go together."""

from collections.abc import Mapping

__all__ = ["META"]

META: Mapping[str, object] = {
    "suite": "gym",
    "run.programs": 4_000_000,
    "practice.tasks": 6,
    "practice.programs": 960,
    "propose.count": 8,
    "propose.programs": 40_000,
    "judge.horizon": 24,
    "judge.block": 5,
    "judge.max_pairs": 600,
    "judge.programs": 96,
    "certificate.pairs": 60,
    "certificate.programs": 96,
    "recursion.cases": 40,
    "recursion.evaluations": 96,
    "jail.wall_s": 3_600.0,
}
"""`rsi run --meta`: the agent improves how it improves programs. A program is one evaluation here: one program run on one instance."""
