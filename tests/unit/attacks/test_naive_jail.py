"""Every attack gets through where nothing holds it: an attack that cannot succeed proves nothing."""

import sys

import pytest

from rsi.attacks import escape, resources
from rsi.attacks.model import Status
from rsi.attacks.prove import tried
from rsi.attacks.scene import Scene
from rsi.core.errors import InfrastructureError
from tests.unit.attacks.naive import NaiveScene

IN_ONE_PROCESS = ("A30", "A31", "A32", "A33", "A34", "A47", "A49")
IN_CHILDREN = ("A40", "A41", "A42", "A43", "A44", "A45", "A48", "A51")
PATIENT = ("A35", "A36", "A37")
LONG = {"A38": False, "A46": True}
"""Whether each is run in a child of its own."""
ELSEWHERE = {"A39": "in the tests of trials", "A50": "there is nothing yet that copies", "A36-agent": "as A36", "A37-agent": "as A37"}
TRIES = 4
"""It is enough that an attack gets through: on a busy machine it may come too late."""
MINE = {attack.id: attack for attack in (*resources.ATTACKS, *escape.ATTACKS)}


def test_every_attack_is_shown_to_get_through_somewhere() -> None:
    assert {*IN_ONE_PROCESS, *PATIENT, *IN_CHILDREN, *LONG, *ELSEWHERE} == set(MINE)


def through(name: str, *, fork: bool, patience_s: float) -> None:
    for _ in range(TRIES):
        with NaiveScene(fork=fork, patience_s=patience_s) as scene:
            result = tried(MINE[name], scene)
        if result.status is Status.THROUGH:
            break
    assert result.status is Status.THROUGH, result.seen


@pytest.mark.skipif(sys.platform != "linux", reason="the attacks use system calls of Linux")
@pytest.mark.parametrize("name", [*IN_ONE_PROCESS, *IN_CHILDREN])
def test_an_attack_gets_through_where_nothing_holds_it(name: str) -> None:
    through(name, fork=name in IN_CHILDREN, patience_s=0.3)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the attacks use system calls of Linux")
@pytest.mark.parametrize("name", LONG)
def test_an_attack_of_many_ways_gets_through_where_nothing_holds_it(name: str) -> None:
    through(name, fork=LONG[name], patience_s=0.3)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the attacks use system calls of Linux")
@pytest.mark.parametrize("name", PATIENT)
def test_an_attack_gets_through_where_nobody_ends_it_in_time(name: str) -> None:
    through(name, fork=False, patience_s=4.0)


@pytest.mark.parametrize("source", ["def f(x):\n    return not_there", "def f(x)\n    return x"])
def test_an_attack_that_does_not_run_is_a_fault_of_the_suite_and_never_held(source: str) -> None:
    with Scene("S1") as scene, pytest.raises(InfrastructureError, match="itself broken"):
        scene.ask(source)
