"""What all tests share: hypothesis profiles, and how often a statistical test repeats."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from rsi.kernel.sandbox import unreachable

CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

_QUIET = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile("ci", max_examples=25, deadline=None, derandomize=True, suppress_health_check=_QUIET)
settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("dev", max_examples=60, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("thorough", max_examples=2000, deadline=None, suppress_health_check=_QUIET)


def pytest_configure(config: pytest.Config) -> None:
    """Before any test is read: as many examples as were asked for."""
    usual = "ci" if CI else "dev" if is_full(config) else "quick"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or usual)


def is_full(config: pytest.Config) -> bool:
    """Whether simulations and searches for counter-examples go to their full length: where slow tests are asked for too."""
    return not CI and config.getoption("markexpr") != "not slow"


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where rsi keeps what it learns of this machine while tests run: not where the user keeps it."""
    folder = tmp_path_factory.getbasetemp() / "state"
    os.environ["RSI_STATE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def jail_require() -> str:
    """What runs of tests set as `jail.require`: what the suite asks for, or S1 where this machine offers no more."""
    return "suite" if any(unreachable(tier) is None for tier in ("S3", "S2")) else "S1"


@pytest.fixture(scope="session")
def repetitions(pytestconfig: pytest.Config) -> Callable[..., int]:
    """`repetitions(2000, least=400)`: how often to simulate.

    The full count where slow tests are asked for too (`make test-all`), a fifth (but at least `least`) without them and when CI=true.
    State the tolerance of the claim for the count that is returned, so that the test is honest at both.
    """
    is_whole = is_full(pytestconfig)

    def count(full: int, *, least: int = 1) -> int:
        return full if is_whole else max(least, full // 5)

    return count
