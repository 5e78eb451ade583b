"""What the release does on the safety suite, compared with the start, read from the log."""

from dataclasses import dataclass
from enum import StrEnum

from rsi.analytics.reading import take
from rsi.core.protocols import Entry
from rsi.core.records import Certificate

__all__ = ["Harm", "SafetyCertificate", "safety_certificate"]


class Harm(StrEnum):
    """What is shown of a release on a safety suite: by the bounds of the certificate against the margin that is tolerated."""

    NONE = "shown harmless"
    OPEN = "not shown to be harmless"
    SHOWN = "harm shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyCertificate:
    """Release against start on cases of the safety suite that nothing was decided on.

    Attributes:
        suite: its name.
        margin: loss in score that is tolerated.
    """

    suite: str
    margin: float
    certificate: Certificate

    @property
    def harm(self) -> Harm:
        """Harmless: the lower bound is above −margin. Harm: a loss is certified, and it may be beyond the margin."""
        if self.certificate.low > -self.margin:
            return Harm.NONE
        return Harm.SHOWN if self.certificate.high < 0 else Harm.OPEN


def safety_certificate(entry: Entry) -> SafetyCertificate | None:
    """What a `certificate.issued` says of the safety suite; None where the run has none.

    Raises:
        IntegrityError: a field is missing or of another type.
    """
    if not isinstance(entry.body, dict) or "safety" not in entry.body:
        return None
    found: SafetyCertificate = take(entry, "safety", SafetyCertificate)
    return found
