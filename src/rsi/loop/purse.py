"""The budget of a run, in programs: what was spent, what is promised to jobs under way, what is kept back for the end."""

from rsi.config import RunConfig
from rsi.core.records import Json

__all__ = ["Purse", "cost_of_certificate"]


def cost_of_certificate(config: RunConfig) -> int:
    """What comparing the release with the start may cost at the end, on the safety suite too if there is one."""
    each = config.certificate.programs + (config.judge.programs if config.safety.suite else 0)
    return 2 * config.certificate.pairs * each


class Purse:
    """Counts programs; a job starts only if its whole allotment fits."""

    def __init__(self, total: int, *, kept_back: int) -> None:
        """`kept_back` programs (for the certificate) cannot be spent until `release` is called."""
        self.total = total
        self.spent = 0
        self.promised = 0
        self._kept_back = min(kept_back, total)

    @property
    def left(self) -> int:
        """Programs that were neither spent nor kept back; promised ones count as left, since they may come back."""
        return max(0, self.total - self._kept_back - self.spent)

    def can_ever_pay(self, programs: int) -> bool:
        """Whether so much is left if all that is promised should come back."""
        return programs <= self.left

    def can_pay_now(self, programs: int) -> bool:
        """Whether so much is left if all that is promised is spent."""
        return programs <= self.left - self.promised

    def promise(self, programs: int) -> None:
        """Set a job's allotment aside."""
        self.promised += programs

    def settle(self, promised: int, spent: int) -> None:
        """A job that had been promised so much has spent so much."""
        self.promised -= promised
        self.spent += spent

    def release(self) -> None:
        """From here on what was kept back may be spent."""
        self._kept_back = 0

    def __repr__(self) -> str:
        """For messages of tests."""
        state: Json = {"total": self.total, "spent": self.spent, "promised": self.promised}
        return f"Purse({state})"
