"""What every test of the seed agent leaves behind: nothing in `sys.modules`, where other agents have modules of the same names."""

import sys
from collections.abc import Iterator

import pytest

from tests.seed_agent import SEED


@pytest.fixture(autouse=True)
def no_module_stays() -> Iterator[None]:
    """Modules that the agent shares with its copies are imported as its own: here they would be those of the next agent too."""
    yield
    for path in SEED.glob("*.py"):
        sys.modules.pop(path.stem, None)
