"""The exception tree of rsi: every error a person can meet is one of these.

    RsiError
    ├── UserError            what the user gave cannot be used; exit code 2, one line, names the next step
    ├── InfrastructureError  rsi's own machinery failed; retried, never scored
    │   └── JailError        a jail could not be started or broke its side of the protocol
    │       └── Stalled      its zygote missed a deadline (kernel.sandbox)
    ├── IntegrityError       a log, archive or verdict does not check; exit code 1
    ├── MessageError         a message from a jail is not acceptable data (recorded as an outcome, never scored)
    └── Halted               the run was stopped on purpose; exit code 3, resumable
        └── EndOfLog         a replay has reached the end of what was logged (loop)

A failing candidate is never an exception: it is a `Trial` with an `Outcome`.
"""

__all__ = [
    "Halted",
    "InfrastructureError",
    "IntegrityError",
    "JailError",
    "MessageError",
    "RsiError",
    "UserError",
]


class RsiError(Exception):
    """Base of every error that rsi raises on purpose."""


class UserError(RsiError):
    """The user's input cannot be used; the message names the thing, the reason and the next step."""


class InfrastructureError(RsiError):
    """Our own machinery failed (disk, process, git); the work is retried and never scored."""


class JailError(InfrastructureError):
    """A jail could not be started, or its trusted side broke the protocol."""


class IntegrityError(RsiError):
    """A log, an archive object or a verdict does not check against its evidence."""


class MessageError(RsiError):
    """Bytes that came out of a jail are not an acceptable message."""


class Halted(RsiError):
    """The run was stopped on purpose; the same command resumes it."""
