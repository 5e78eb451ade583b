"""Secrets taken out of everything that is logged, recorded or told.

Covers: the values of the variables that hold keys, whatever they look like; the usual shapes of keys and tokens, passwords in addresses.
Does not cover: a secret of another shape that is in no variable named in the configuration; one that was encoded or cut in pieces.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rsi.core.records import Json

__all__ = ["REDACTED", "Redactor", "one_line"]

REDACTED = "[redacted]"
"""What stands where a secret was."""

_SHORTEST = 6
"""Shorter values are no secrets: `none` or `EMPTY` must not vanish from every text."""
_SHAPES = re.compile(
    r"sk-[A-Za-z0-9_-]{20,}"  # OpenAI, Anthropic and many that followed them
    r"|\b(?:gsk|xai|pplx|nvapi|r8|hf|fw|tgp_v1)[_-][A-Za-z0-9_-]{20,}"
    r"|\bAIza[A-Za-z0-9_-]{30,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{20,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|(?<=[Bb]earer )[A-Za-z0-9._~+/-]{20,}=*"
    r"|(?<=://)[^\s/:@\"']{1,100}:[^\s/@\"']{1,200}(?=@)"
)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes known values and known shapes out of texts and plain data; the same input always gives the same output."""

    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Iterable[str]) -> "Redactor":
        """One that knows these values; the longest go first, so that no part of one is left."""
        return cls(tuple(sorted({value for value in values if len(value) >= _SHORTEST}, key=lambda value: (-len(value), value))))

    def text(self, text: str) -> str:
        """A text without secrets."""
        for value in self.values:
            text = text.replace(value, REDACTED)
        return _SHAPES.sub(REDACTED, text)

    def data(self, data: Json) -> Json:
        """Plain data without secrets, in keys too."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, list):
            return [self.data(item) for item in data]
        if isinstance(data, dict):
            return {self.text(key): self.data(value) for key, value in data.items()}
        return data


def one_line(text: str, most: int = 300) -> str:
    """A text as one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
