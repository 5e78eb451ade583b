"""May this run begin in the jails of this machine? Only if they are as strong as its cases ask for, and were attacked and held."""

from collections.abc import Mapping

from rsi.config import RunConfig
from rsi.core.codec import encode
from rsi.core.errors import UserError
from rsi.core.records import JailProof, Json
from rsi.kernel.sandbox import unreachable
from rsi.loop.parts import Parts

__all__ = ["admit"]


def admit(config: RunConfig, parts: Parts, tier: str) -> Mapping[str, Json]:
    """What the clock part of `run.started` and `run.resumed` says of the jails: `jail` (the proof or null), `asked` (the suite's tier).

    Covers: a jail weaker than what the suite asks for (or `jail.require`, a person's own choice), one in which an attack got through
    that its tier promises to hold, and one that nobody attacked although hidden cases stand behind it.
    Does not cover: what the attack suite does not try.

    Raises:
        UserError: the run may not begin; says why and what to do.
    """
    asked = parts.suite.required_tier
    required = asked if config.jail.require == "suite" else config.jail.require
    if tier < required:
        raise UserError(_too_weak(config, parts.suite.name, tier, required))
    proof = parts.prove(tier)
    if proof is not None and proof.got_through:
        raise UserError(_broken(proof))
    if required > "S0" and (proof is None or proof.tier < required):
        raise UserError(f"nobody has attacked the jail of tier {tier} here, and {_who(config, parts.suite.name)} asks for one that held")
    return {"jail": encode(proof), "asked": asked}


def _who(config: RunConfig, suite: str) -> str:
    return f"the suite {suite}" if config.jail.require == "suite" else f"jail.require = {config.jail.require!r}"


def _too_weak(config: RunConfig, suite: str, tier: str, required: str) -> str:
    chosen = None if config.jail.tier == "auto" else f"jail.tier = {config.jail.tier!r} chooses it"
    why = chosen or unreachable(required, template=config.jail.template or None) or "it was opened so"
    anyway = f"; --jail-require {tier} runs anyway, and the report says which guarantee is lost" if tier > "S0" else ""
    return f"{_who(config, suite)} asks for a jail of tier {required}, and this one is {tier}: {why}; see `rsi doctor`{anyway}"


def _broken(proof: JailProof) -> str:
    names = ", ".join(proof.got_through)
    see = f"rsi doctor --attack --tier {proof.tier}"
    return (
        f"the jail of tier {proof.tier} does not hold on this machine: {names} got through; `{see} --only {','.join(proof.got_through)}` "
        f"shows how; once it is repaired, `{see}` proves it anew"
    )
