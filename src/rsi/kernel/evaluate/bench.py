"""The jails that one job may use: one at any rate, and a second one for work that needs two at once.

Covers: opening each at first need, closing both from any thread. Does not cover: replacing one that broke; whoever owns the bench takes
a fresh bench then (`rsi.schedule`).
"""

from collections.abc import Callable

from rsi.core.protocols import Jail

__all__ = ["Bench"]


class Bench:
    """A worker's jails, opened when they are first needed and kept for its later jobs."""

    def __init__(self, make_jail: Callable[[], Jail], make_spare: Callable[[], Jail] | None = None) -> None:
        """Nothing is opened yet.

        Args:
            make_jail: opens the worker's jail.
            make_spare: opens the second one; the same kind if None.
        """
        self._make_jail = make_jail
        self._make_spare = make_spare or make_jail
        self._jail: Jail | None = None
        self._spare: Jail | None = None

    @property
    def jail(self) -> Jail:
        """The jail of the worker.

        Raises:
            JailError: it could not be started.
        """
        if self._jail is None:
            self._jail = self._make_jail()
        return self._jail

    def spare(self) -> Jail:
        """A second jail, for what must go on while a call in the first one is under way.

        Raises:
            JailError: it could not be started.
        """
        if self._spare is None:
            self._spare = self._make_spare()
        return self._spare

    def close(self) -> None:
        """End what was opened; calling twice is harmless."""
        for jail in (self._jail, self._spare):
            if jail is not None:
                jail.close()
