"""`rsi doctor`: what this machine can enforce around code that nobody has vetted, and whether that holds when it is attacked."""

import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Protocol

from cyclopts import Parameter
from rich.console import Console

from rsi.attacks import ATTACKS, Result, Status, prove
from rsi.attacks.proof import Proofs, proof_of
from rsi.cli.machine import ALL_TIERS, Standing, known_proofs, standings
from rsi.cli.terminal import JsonFlag, print_json, say
from rsi.cli.view.attacks import LEGEND, AttackProgress, attack_lines, attack_table, tally
from rsi.cli.view.text import clean
from rsi.core.codec import encode
from rsi.core.errors import UserError
from rsi.core.records import JailProof, Json
from rsi.kernel.archive.repack import git_command
from rsi.kernel.sandbox import TIERS, capabilities, open_jail, unreachable
from rsi.reports.words import enforced, proof_words

__all__ = ["Prover", "attack_machine", "doctor"]


class Prover(Protocol):
    """Runs the attack suite at one tier: `rsi.attacks.prove`."""

    def __call__(
        self, tier: str, *, only: tuple[str, ...] = (), template: str | None = None, on_result: Callable[[Result], None]
    ) -> Sequence[Result]:
        """One result per attack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attacked:
    """What became of the suite.

    Attributes:
        found: results by tier.
        absent: tier → why it could not be attacked.
    """

    found: dict[str, Sequence[Result]]
    absent: dict[str, str]

    @property
    def held(self) -> bool:
        """Whether nothing got through that had to be held."""
        return not any(result.status is Status.THROUGH for results in self.found.values() for result in results)


def doctor(
    *,
    attack: Annotated[bool, Parameter(negative=(), help="Run the attack suite on a jail of this machine.")] = False,
    tier: Annotated[str | None, Parameter(help="Tier to attack: S4, S3, S2, S1 or all; by default the strongest.")] = None,
    only: Annotated[str, Parameter(help="Only these attacks: A05,A36.")] = "",
    template: Annotated[str | None, Parameter(help="Command that starts the container or virtual machine of S4 (docs/jail.md).")] = None,
    as_json: JsonFlag = False,
) -> int:
    """What this machine can enforce around code that nobody has vetted: proven by starting a jail, and with --attack by attacking it."""
    if attack:
        names = tuple(name for name in only.upper().replace(" ", "").split(",") if name)
        return attack_machine(_tiers(tier, template), names, as_json=as_json, prover=prove, proofs=known_proofs(template))
    if tier or only:
        raise UserError("--tier and --only choose what to attack: add --attack")
    found = standings(known_proofs(template))
    if as_json:
        print_json(_data(found, template))
    else:
        _show(found, template)
    return 0


def _tiers(wanted: str | None, template: str | None) -> tuple[str, ...]:
    """The tiers to attack: all, the strongest, or the one that is named, which then must be there."""
    if wanted == "all":
        return ALL_TIERS
    if wanted is None:
        return ("S4" if template else next((tier for tier in TIERS if unreachable(tier) is None), TIERS[-1]),)
    if wanted not in ALL_TIERS:
        raise UserError(f"--tier {wanted!r}: should be all or one of {', '.join(ALL_TIERS)}")
    open_jail((), wanted, template=template).close()
    return (wanted,)


def attack_machine(tiers: Sequence[str], only: tuple[str, ...], *, as_json: bool, prover: Prover, proofs: Proofs) -> int:
    """Attack jails of these tiers, show what was seen, and keep what it proves; 1 if something got through that must be held, else 0.

    A whole suite is kept as the proof of its tier. Of a part of it only a hole is kept: it counts more than what held before.

    Raises:
        UserError: an attack that does not exist, or the proof cannot be kept.
    """
    attacked = _attack(tiers, only, prover, proofs.template)
    kept = {tier: _proof(tier, results, only) for tier, results in attacked.found.items()}
    if as_json:
        print_json(_attack_data(attacked, kept))
    else:
        _show_attacks(attacked)
    for proof in kept.values():
        if proof.suite == "full" or proof.got_through:
            proofs.keep(proof)
    return 0 if attacked.held else 1


def _attack(tiers: Sequence[str], only: tuple[str, ...], prover: Prover, template: str | None) -> _Attacked:
    found: dict[str, Sequence[Result]] = {}
    absent = {tier: why for tier in tiers if (why := unreachable(tier, template=template)) is not None}
    for tier in tiers:
        if tier not in absent:
            with AttackProgress(Console(stderr=True), tier, len(only) or len(ATTACKS)) as progress:
                found[tier] = prover(tier, only=only, template=template, on_result=progress.seen)
    return _Attacked(found=found, absent=absent)


def _proof(tier: str, results: Sequence[Result], only: tuple[str, ...]) -> JailProof:
    return proof_of(results, tier=tier, suite="part" if only else "full", at=time.time())


def _attack_data(attacked: _Attacked, proofs: dict[str, JailProof]) -> Json:
    results: dict[str, Json] = {tier: [_plain(result) for result in found] for tier, found in attacked.found.items()}
    return {
        "ok": attacked.held,
        "proofs": {tier: _plain(proof) for tier, proof in proofs.items()},
        "not_reached": {**attacked.absent},
        "results": results,
    }


def _plain(record: object) -> Json:
    data = encode(record)
    return {key: value for key, value in data.items() if key != "is"} if isinstance(data, dict) else data


def _show_attacks(attacked: _Attacked) -> None:
    console = Console()
    if console.is_terminal:
        console.print(attack_table(attacked.found))
        console.print(LEGEND, style="dim")
    else:
        for line in attack_lines(attacked.found):
            say(line)
    for tier, results in attacked.found.items():
        say(tally(tier, results))
    for tier, why in attacked.absent.items():
        say(f"{tier}: not reached: {clean(why, 120)}")
    say("the jail holds" if attacked.held else "the jail does NOT hold")


def _show(found: Sequence[Standing], template: str | None) -> None:
    say(f"{_python()} · git {'found' if git_command() else 'not found (not needed)'}")
    best = next((standing.tier for standing in found if standing.missing is None), None)
    for standing in found:
        if standing.missing is None:
            mark = " (this is what runs use)" if standing.tier == best else ""
            say(f"\n{enforced(standing.tier)}{mark}\n  {_proven(standing.proof)}\n  {_for_programs(standing)}")
        else:
            say(f"\n{standing.tier} not reached: {clean(standing.missing, 120)}\n  for more: {standing.advice}")
    if best is not None:
        _show_capabilities(best, template)


def _show_capabilities(tier: str, template: str | None) -> None:
    say(f"\nWhat {tier} keeps a candidate from:")
    with open_jail((), tier, template=template) as jail:
        for capability in capabilities(jail):
            say(f"  {'enforced    ' if capability.enforced else 'NOT enforced'}  {capability.name}: {capability.how}")


def _for_programs(standing: Standing) -> str:
    if standing.programs is None:
        return "agent profile: reached, calls may start processes"
    return f"agent profile: not reached: {clean(standing.programs, 100)}"


def _proven(proof: JailProof | None) -> str:
    if proof is None:
        return "nobody has attacked it here yet: rsi doctor --attack"
    return f"{proof_words(proof)}, {datetime.fromtimestamp(proof.at, UTC):%Y-%m-%d %H:%M} UTC"


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()} on {sys.platform}"


def _data(found: Sequence[Standing], template: str | None) -> Json:
    best = next((standing.tier for standing in found if standing.missing is None), None)
    items: list[Json] = []
    if best is not None:
        with open_jail((), best, template=template) as jail:
            items = [encode(capability) for capability in capabilities(jail)]
    tiers: list[Json] = [_plain(standing) for standing in found]
    return {"tier": best, "python": _python(), "git": git_command(), "tiers": tiers, "capabilities": items}
