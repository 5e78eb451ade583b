"""rsi: an AI system that improves itself, and keeps only what a judge it cannot reach has shown to be better.

What stands here are the records, the protocols between the parts and the errors: all that code around rsi needs to read a run
or to bring a part of its own. Importing it costs nothing but the standard library. To start a run, see `rsi.cli`.
"""

from rsi.core.errors import Halted, InfrastructureError, IntegrityError, JailError, MessageError, RsiError, UserError
from rsi.core.protocols import Archive, ChangeJudge, EventLog, Jail, Suite
from rsi.core.records import (
    Accepted,
    Candidate,
    Case,
    Certificate,
    Cycle,
    Effect,
    FileEdit,
    Limitation,
    Manifest,
    Outcome,
    Pool,
    Prediction,
    Proposal,
    Rejected,
    Surface,
    Target,
    Trial,
    Undecided,
    Verdict,
)

__all__ = [
    "Accepted",
    "Archive",
    "Candidate",
    "Case",
    "Certificate",
    "ChangeJudge",
    "Cycle",
    "Effect",
    "EventLog",
    "FileEdit",
    "Halted",
    "InfrastructureError",
    "IntegrityError",
    "Jail",
    "JailError",
    "Limitation",
    "Manifest",
    "MessageError",
    "Outcome",
    "Pool",
    "Prediction",
    "Proposal",
    "Rejected",
    "RsiError",
    "Suite",
    "Surface",
    "Target",
    "Trial",
    "Undecided",
    "UserError",
    "Verdict",
    "__version__",
]

__version__ = "0.1.0"
