"""One error budget for all tests of a run.

e-LOND (Xu and Ramdas 2024, "Online multiple testing with e-values", with γ = 1/T): the j-th test gets the level
α · (accepted before it + 1) / T, fixed when it opens. Accepting at e ≥ 1/level keeps the expected share of false
acceptances among all acceptances ≤ α under any dependence between the tests, and so the chance of *any* acceptance ≤ α
in a run in which nothing can help.
"""

__all__ = ["AlphaSpending"]


class AlphaSpending:
    """Hands out the level of each test of a run; after `horizon` tests there is none left.

    Args:
        alpha: false-discovery rate of the whole run, in (0, 1).
        horizon: number of tests that the run may open (T), declared before the first.
    """

    __slots__ = ("_accepted", "_alpha", "_horizon", "_opened")

    def __init__(self, alpha: float, horizon: int) -> None:
        if not 0 < alpha < 1 or horizon < 1:
            raise ValueError(f"alpha {alpha!r} must lie in (0, 1) and horizon {horizon!r} be at least 1")
        self._alpha = alpha
        self._horizon = horizon
        self._opened = 0
        self._accepted = 0

    @property
    def remaining(self) -> int:
        """Tests that may still be opened."""
        return self._horizon - self._opened

    @property
    def opened(self) -> int:
        """Tests opened so far."""
        return self._opened

    def open_test(self) -> float | None:
        """The level of the next test, which is thereby spent; None if the horizon is reached and no test may be opened."""
        if self._opened >= self._horizon:
            return None
        self._opened += 1
        return self._alpha * (self._accepted + 1) / self._horizon

    def accepted(self) -> None:
        """Count one acceptance: every test that opens from now on gets a higher level.

        Raises:
            ValueError: more acceptances than tests.
        """
        if self._accepted >= self._opened:
            raise ValueError("more acceptances than opened tests")
        self._accepted += 1
