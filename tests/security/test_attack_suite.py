"""The attack suite on this machine: every attack at every tier that can be had here, judged from the host by its effect."""

from collections.abc import Iterator

import pytest

from rsi.attacks.model import Attack, Status
from rsi.attacks.prove import ATTACKS, tried
from rsi.attacks.scene import Scene
from rsi.kernel.sandbox import TIERS, unreachable


@pytest.fixture(scope="module", params=TIERS)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    why = unreachable(request.param)
    if why is not None:
        pytest.skip(f"{request.param} cannot be had here: {why}")
    with Scene(request.param) as scene:
        yield scene


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.id for attack in ATTACKS])
def test_an_attack_is_held_where_the_tier_promises_it(scene: Scene, attack: Attack) -> None:
    result = tried(attack, scene)
    if result.status is Status.NOT_RUN:
        pytest.skip(result.seen)
    assert result.status is Status.HELD or (result.status is Status.REPORTED and scene.tier not in attack.tiers), result


def test_names_are_unique_and_every_number_of_the_list_is_there_in_its_order() -> None:
    names = [attack.id for attack in ATTACKS]
    numbers = list(dict.fromkeys(name.partition("-")[0] for name in names))
    assert len(set(names)) == len(names)
    assert numbers == [f"A{n:02}" for n in range(1, 52)] + [f"N{n}" for n in range(1, 8)] + ["P1", "P2"]
