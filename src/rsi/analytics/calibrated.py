"""What step 0 of a run has found out, read from its log."""

from dataclasses import dataclass

from rsi.analytics.reading import seconds, take
from rsi.core.protocols import Entry
from rsi.kernel.judge import Calibration, Prospect, Safeguard

__all__ = ["Calibrated", "calibrated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The calibration of version 0, and what the run could detect.

    Attributes:
        calibration: None where the suite gave no cases, or the share of the budget paid for too few trials.
        refused: why the run was not begun; None if it was.
        programs: what it cost.
        trial_cpu_s: processor's seconds per trial; None where nothing ran.
        safeguard: what the run can show on its safety suite; None where it has none.
    """

    calibration: Calibration | None
    prospect: Prospect | None
    refused: str | None
    programs: int
    trial_cpu_s: float | None
    safeguard: Safeguard | None = None


def calibrated(entry: Entry) -> Calibrated:
    """What a `calibration.done` says.

    Raises:
        IntegrityError: a field is missing or of another type.
    """
    return Calibrated(
        calibration=take(entry, "calibration", Calibration | None),
        prospect=take(entry, "prospect", Prospect | None),
        refused=take(entry, "refused", str | None),
        programs=take(entry, "programs", int),
        trial_cpu_s=seconds(entry, "trial_cpu_s"),
        safeguard=take(entry, "safety", Safeguard) if isinstance(entry.body, dict) and "safety" in entry.body else None,
    )
