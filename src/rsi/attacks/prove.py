"""Running the suite at one tier."""

import time
from collections.abc import Callable

from rsi.attacks import answers, channel, controls, escape, grader, resources
from rsi.attacks.model import Attack, Finding, Result, Status
from rsi.attacks.scene import Scene
from rsi.core.errors import JailError, UserError
from rsi.kernel.sandbox import unreachable

__all__ = ["ATTACKS", "prove", "tried"]

ATTACKS: tuple[Attack, ...] = (
    *answers.ATTACKS,
    *grader.ATTACKS,
    *channel.ATTACKS,
    *resources.ATTACKS,
    *escape.ATTACKS,
    *controls.ATTACKS,
)
"""All attacks in the order of their numbers, then the controls."""


def prove(
    tier: str,
    *,
    only: tuple[str, ...] = (),
    quick: bool = False,
    template: str | None = None,
    on_result: Callable[[Result], None] = lambda _: None,
) -> tuple[Result, ...]:
    """Run the attacks (all, those named, or the quick ones) on a jail of this tier (S4: behind `template`); one result each, in order.

    Raises:
        UserError: a name that no attack has, or a tier that this machine cannot enforce.
    """
    chosen = _chosen(only, quick)
    why = unreachable(tier, template=template)
    if why is not None:
        raise UserError(f"this machine cannot enforce jail tier {tier}: {why}")
    results = []
    with Scene(tier, template) as scene:
        for attack in chosen:
            results.append(tried(attack, scene))
            on_result(results[-1])
    return tuple(results)


def _chosen(only: tuple[str, ...], quick: bool) -> list[Attack]:
    known = {attack.id for attack in ATTACKS}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise UserError(f"there is no attack {unknown[0]}; they are called A01 to A51, N1 to N7, P1 and P2")
    return [attack for attack in ATTACKS if (attack.id in only if only else attack.quick or not quick)]


def tried(attack: Attack, scene: Scene) -> Result:
    """Run one attack on a scene."""
    began = time.monotonic()
    status, seen = _judged(attack, scene)
    return Result(
        attack=attack.id,
        name=attack.name,
        family=attack.family,
        must=attack.must,
        tier=scene.tier,
        status=status,
        seen=seen,
        seconds=round(time.monotonic() - began, 3),
    )


def _spared(attack: Attack, scene: Scene) -> str | None:
    """Why this machine is spared an attack: at S1 nothing stands between it and the machine's files."""
    if scene.tier != "S1":
        return None
    if scene.jail().enforced.get("uid") == 0:
        return "the jail is root here and could harm this machine"
    return None if scene.tier in attack.tiers else "S1 does not promise to hold it, and it could harm this machine"


def _judged(attack: Attack, scene: Scene) -> tuple[Status, str]:
    """The attack's own finding, unless the host as a whole was touched: that counts whatever the attack found.

    Other programs of this machine touch it too, now and then; so an attack that was held and yet seems to have touched something is tried
    once more. What it really does, it does again.
    """
    why = scene.missing(attack.profile) or _spared(attack, scene)
    if why is not None:
        return Status.NOT_RUN, why
    finding, touched = _once(attack, scene)
    if finding.held and touched:
        finding, touched = _once(attack, scene)
    if finding.held and not touched:
        return Status.HELD, finding.seen
    seen = "; ".join(([] if finding.held else [finding.seen]) + touched)
    return (Status.THROUGH if scene.tier in attack.tiers else Status.REPORTED), seen


def _once(attack: Attack, scene: Scene) -> tuple[Finding, list[str]]:
    """What the attack found, and what of the host was touched."""
    scene.calm()
    before = scene.look()
    try:
        finding = attack.run(scene)
    except JailError as error:
        finding = Finding(held=False, seen=f"the jail broke: {error}")
    return finding, scene.damage(before)
