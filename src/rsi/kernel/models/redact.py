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
_SHAPES = tuple(
    (needle, re.compile(pattern))
    for needle, pattern in (
        ("sk-", r"sk-[A-Za-z0-9_-]{20,}"),  # OpenAI, Anthropic and many that followed them
        *((f"{name}_", rf"\b{name}_[A-Za-z0-9_-]{{20,}}") for name in ("gsk", "r8", "hf", "fw", "tgp_v1", "github_pat")),
        *((f"{name}-", rf"\b{name}-[A-Za-z0-9_-]{{20,}}") for name in ("xai", "pplx", "nvapi")),
        *((f"gh{kind}_", rf"\bgh{kind}_[A-Za-z0-9]{{30,}}") for kind in "pousr"),
        ("AIza", r"\bAIza[A-Za-z0-9_-]{30,}"),
        *((name, rf"\b{name}[A-Z0-9]{{16}}\b") for name in ("AKIA", "ASIA")),
        ("xox", r"\bxox[abprs]-[A-Za-z0-9-]{20,}"),
        (".eyJ", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
        ("earer ", r"(?<=[Bb]earer )[A-Za-z0-9._~+/-]{20,}=*"),
        ("://", r"(?<=://)[^\s/:@\"']{1,100}:[^\s/@\"']{1,200}(?=@)"),
    )
)
"""What every key of a kind has in it, which is quickly looked for, and what it looks like."""


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
        for needle, shape in _SHAPES:
            if needle in text:
                text = shape.sub(REDACTED, text)
        return text

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
