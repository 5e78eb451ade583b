"""Jails to attack: one of each tier that this machine reaches."""

from collections.abc import Iterator

import pytest

from rsi.kernel.sandbox import TIERS, ZygoteJail, unreachable
from rsi.testing.conformance.jail import ask


@pytest.fixture(scope="module", params=TIERS)
def jail(request: pytest.FixtureRequest) -> Iterator[ZygoteJail]:
    why = unreachable(request.param)
    if why is not None:
        pytest.skip(f"{request.param} cannot be had here: {why}")
    with ZygoteJail(tier=request.param) as jail:
        yield jail


@pytest.fixture
def strict(jail: ZygoteJail) -> ZygoteJail:
    """A jail of the tiers that enforce more than limits."""
    if jail.tier == "S1":
        pytest.skip("not enforced at S1")
    return jail


@pytest.fixture
def works_afterwards(jail: ZygoteJail) -> Iterator[None]:
    yield
    assert ask(jail, "def f(x):\n    return x", 7).value == 7
