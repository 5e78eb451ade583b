"""What counts as left over from an attack, and what was there before."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from rsi.attacks.scene import Scene
from rsi.kernel.sandbox import TIERS, unreachable

SLEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(SLEEPER, stdin=subprocess.PIPE)
    yield process
    process.communicate()


def test_a_process_that_ran_before_is_none_of_the_attacks_and_one_that_came_since_is(sleeper: "subprocess.Popen[bytes]") -> None:
    tier = next(tier for tier in TIERS if unreachable(tier) is None)
    with Scene(tier) as scene:
        before = scene.look()
        assert scene.survivors() == [] and scene.damage(before) == []
        late = subprocess.Popen(SLEEPER, stdin=subprocess.PIPE)
        try:
            assert scene.survivors() == [late.pid]
        finally:
            late.communicate()
        assert scene.survivors() == []
