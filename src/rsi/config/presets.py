"""Settings that go together."""

from collections.abc import Mapping

__all__ = ["META"]

META: Mapping[str, object] = {
    "suite": "gym",
    "run.programs": 4_000_000,
    "practice.tasks": 6,
    "practice.programs": 960,
    "propose.programs": 30_000,
    "judge.horizon": 20,
    "judge.block": 6,
    "judge.max_pairs": 400,
    "judge.programs": 160,
    "certificate.pairs": 60,
    "certificate.programs": 160,
    "jail.wall_s": 3_600.0,
}
"""`rsi run --meta`: the agent improves how it improves programs. A program is one evaluation here: one program run on one instance."""
