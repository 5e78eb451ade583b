"""What `rsi check` found out about a target, as plain records."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rsi.kernel.judge import Calibration, Prospect
from rsi.targets.load import Target

__all__ = ["Checked", "Cost", "Remark", "Weight"]


class Weight(StrEnum):
    """How bad it is: a run could not go well, might not, or it is only good to know."""

    PROBLEM = "problem"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that was found: where (a key of `rsi.toml`, or a file), what, and what to do about it."""

    weight: Weight
    at: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one case takes.

    Attributes:
        wall_s, cpu_s: of the start, on average; CPU seconds only as far as the jail can tell.
        first_s: of the very first case, with whatever had to be warmed up.
        trials: of a run with the budget in `rsi.toml`.
    """

    wall_s: float
    cpu_s: float
    first_s: float
    trials: int

    def run_s(self, workers: int) -> float:
        """Seconds that the trials of a run take with so many processes, without what agents take."""
        return self.trials * self.wall_s / workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """All of it.

    Attributes:
        tier: of the jail that the dry runs were in; empty where none could be opened.
        calibration: of the start; None where it could not be run.
        prospect: what a run could see with the trials that its budget leaves to judging.
        needed: trials for judging that would let a run see five points; None where none would.
    """

    target: Target
    tier: str
    calibration: Calibration | None
    cost: Cost | None
    prospect: Prospect | None
    needed: int | None
    remarks: Sequence[Remark]

    @property
    def ok(self) -> bool:
        """Whether a run may begin."""
        return self.calibration is not None and not any(remark.weight is Weight.PROBLEM for remark in self.remarks)
