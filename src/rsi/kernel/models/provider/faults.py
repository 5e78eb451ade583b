"""What went wrong at a provider, as plain data: the type, one line, whether to try again, and whether it may have cost something."""

from typing import Any

from pydantic_ai.exceptions import (
    AgentRunError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelRequestTimeout,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
)

from rsi.core.records import Json
from rsi.kernel.models.redact import one_line

__all__ = ["fault", "refused", "unforeseen"]

# The first that fits: type, words, whether the same may work later, whether the provider may have charged for it.
_KINDS: tuple[tuple[type[AgentRunError], str, str, bool, bool], ...] = (
    (ModelAuthenticationError, "auth", "the key was refused", False, False),
    (ModelQuotaExceededError, "budget", "the account at the provider has no credit left", False, False),
    (ModelRateLimitError, "rate", "rate limit", True, False),
    (ModelNotFoundError, "no_model", "there is no such model, or not at this address", False, False),
    (ModelContextWindowExceededError, "bad_request", "the request is longer than the model can read", False, False),
    (ModelRequestRejectedError, "bad_request", "the request was refused", False, False),
    (ModelRequestTimeout, "timeout", "no answer in time", True, True),
    (ModelTimeoutError, "timeout", "no answer in time", True, True),
    (ModelUnavailableError, "network", "the provider is overloaded or down", True, False),
    (ModelServerError, "network", "the provider failed", True, False),
    (ModelConnectionError, "network", "the endpoint cannot be reached", True, True),
    (UnexpectedModelBehavior, "network", "malformed reply", True, True),
    (ModelAPIError, "network", "malformed reply", True, True),
    (AgentRunError, "network", "the call failed", False, True),
)
_UNSENT = ("connect", "pool")


def fault(name: str, address: str, error: AgentRunError) -> Json:
    """What an error of a provider means.

    Args:
        name: of the model.
        address: of its server.
        error: what the library raised.
    """
    word, words, again, charged = next(entry[1:] for entry in _KINDS if isinstance(error, entry[0]))
    if isinstance(error, ModelConnectionError):
        words = words.replace("the endpoint", address)
    status = f" ({error.status_code})" if isinstance(error, ModelHTTPError) else ""
    if isinstance(error, ModelConnectionError) and error.phase in _UNSENT:
        charged = False
        if isinstance(error, ModelTimeoutError):
            word, words = "network", f"{address} cannot be reached in time"
    retry_after = error.retry_after if isinstance(error, ModelAPIError) else None
    return {
        "type": word,
        "message": one_line(f"{name}: {words}{status}: {_said(error)}"),
        "again": again,
        "retry_after": retry_after,
        "charged": charged,
    }


def refused(name: str, message: str) -> Json:
    """A request that the library refuses before it is sent."""
    return {"type": "bad_request", "message": one_line(f"{name}: {message}"), "again": False, "retry_after": None, "charged": False}


def unforeseen(name: str, error: BaseException) -> Json:
    """What the libraries let through: nearly always a reply of a shape that they did not expect."""
    message = one_line(f"{name}: malformed reply: {type(error).__name__}: {error}")
    return {"type": "network", "message": message, "again": True, "retry_after": None, "charged": True}


def _said(error: AgentRunError) -> str:
    """The provider's own words, from wherever they stand."""
    found: Any = error.body if isinstance(error, ModelAPIError) else None
    for _ in range(3):
        if isinstance(found, dict):
            found = found.get("error") or found.get("message") or found.get("detail") or found.get("title")
    if isinstance(found, str) and found.strip():
        return found
    if isinstance(error, ModelHTTPError):
        return error.provider_error_code or error.provider_error_type or "no reason given"
    cause = error.__cause__.__cause__ if error.__cause__ is not None and error.__cause__.__cause__ is not None else error.__cause__
    return f"{error.message} ({cause})" if cause is not None and str(cause) not in error.message else error.message
