"""An attack that cannot get through is no attack: where a jail or a judge is careless, the suite must say so."""

import sys
from functools import partial

import pytest

from rsi.attacks import answers, channel, controls, grader
from rsi.attacks.channel import flood
from rsi.attacks.model import Attack, Status
from rsi.attacks.prove import tried
from tests.unit.attacks.careless import CarelessScene

ATTACKS = {attack.id: attack for module in (answers, grader, channel, controls) for attack in module.ATTACKS}
WARM = "A01 A02 A03 A04 A05 A06 A07 A08 A09 A12 A13 A15 A17 A18 A20 A22 A23 A24 A26 A28".split()
GENEROUS = "A10 A11 A14 A16 A25 A27 N1 N2 N3 N4 N5 N6 N7".split()
STINGY = "A21 P1 P2".split()
NOT_OF_THE_JAIL = {"A19"}


TRIES = 6
"""A careless jail hears what comes within a hundredth of a second: on a busy machine an attack may come too late for it."""


def seen(kind: str, attack: Attack) -> str:
    for _ in range(TRIES):
        with CarelessScene(kind) as scene:
            result = tried(attack, scene)
        if result.status is Status.REPORTED:
            break
    assert result.status is Status.REPORTED, result
    return result.seen


def test_every_attack_is_shown_to_get_through_somewhere() -> None:
    assert {*WARM, *GENEROUS, *STINGY, *NOT_OF_THE_JAIL, "A29"} == set(ATTACKS)


@pytest.mark.skipif(sys.platform != "linux", reason="these attacks are those of Linux")
@pytest.mark.parametrize("name", WARM)
def test_a_jail_that_is_a_mere_process_is_broken(name: str) -> None:
    assert seen("warm", ATTACKS[name])


@pytest.mark.parametrize("name", GENEROUS)
def test_a_judge_that_gives_points_to_everybody_is_noticed(name: str) -> None:
    assert "1.00" in seen("generous", ATTACKS[name])


@pytest.mark.parametrize("name", STINGY)
def test_a_judge_that_gives_points_to_nobody_is_noticed(name: str) -> None:
    assert seen("stingy", ATTACKS[name])


@pytest.mark.skipif(sys.platform != "linux", reason="only there the greatest use of memory can be measured anew")
def test_a_host_that_keeps_all_output_is_noticed() -> None:
    attack = Attack(id="A29", name="flood", family="", must="", run=partial(flood, megabytes=200))
    assert "memory grew" in seen("warm", attack)


def test_the_judge_rarely_vetoes_an_honest_improvement_but_not_never() -> None:
    assert 0 < controls.false_vetoes(100) < 0.2
