"""Who speaks with an agent while its session lasts; the one here listens to a program that needs no words."""

from collections.abc import Mapping
from typing import Protocol

from rsi.core.records import Json, Outcome

__all__ = ["Carrier", "Listener", "last_line"]

_MOST_LINES = 2_000


class Carrier(Protocol):
    """Speaks with one agent: what was said goes in, what is to be said and done comes out."""

    def take(self, said: Mapping[str, Json]) -> dict[str, Json]:
        """One exchange: `{"lines": […], "did": […]}` in, `{"write": […], "do": […], "stop": bool}` out."""

    def ending(self, code: int | None, errors: str) -> tuple[Outcome, str]:
        """How the session ended: the exit code of the program, None if it was ended by us or never ran, and the end of its stderr."""

    def words(self) -> str:
        """What the agent said."""

    def usage(self) -> dict[str, Json]:
        """What it used, as far as it says."""

    def close(self) -> None:
        """End our side; calling twice is harmless."""


class Listener:
    """For a program that is started, works, and ends."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._lines: list[str] = []

    def take(self, said: Mapping[str, Json]) -> dict[str, Json]:
        """Keep the last lines."""
        lines = said["lines"]
        self._lines = [*self._lines, *map(str, lines if isinstance(lines, list) else [])][-_MOST_LINES:]
        return {"write": [], "do": [], "stop": False}

    def ending(self, code: int | None, errors: str) -> tuple[Outcome, str]:
        """Good if it ended with 0."""
        if code == 0:
            return Outcome.ANSWERED, ""
        why = last_line(errors) or last_line(self.words()) or "it said nothing"
        return Outcome.CRASHED, why if code is None else f"it ended with code {code}: {why}"

    def words(self) -> str:
        """What it printed."""
        return "\n".join(self._lines)

    def usage(self) -> dict[str, Json]:
        """Nothing is known."""
        return {}

    def close(self) -> None:
        """Nothing to end."""


def last_line(text: str) -> str:
    """The last line of a text that is not empty, bounded."""
    return next((line.strip()[:300] for line in reversed(text.splitlines()) if line.strip()), "")
