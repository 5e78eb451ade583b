"""Which of several agents is asked next: Thompson sampling over what their changes gained for what they cost.

What an agent gained is the judge's belief in those of its changes that were kept, never an estimate that led to acceptance and never the
agent's own word; what it cost are the programs of its calls and of the trials of its changes. A pass of an agent brings some changes;
each is kept with a probability (Beta, from what became of its earlier ones) and then gains something (Gamma, from what the kept ones
gained). The gain and the price of a pass lean on what all agents have shown together, with the weight of one observation, so that a single
stroke of luck or a single dear pass settles nothing. One value is drawn for each agent and the largest one is asked (Thompson 1933; Russo
et al. 2018, "A Tutorial on Thompson Sampling").

Covers: agents that never bring anything (they are asked ever more rarely), agents that are good and dear, one that was unlucky at first.
Does not cover: agents whose worth changes during a run faster than their record shows it; money other than programs.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Credit", "choose"]

_KEPT, _NOT_KEPT = 1.0, 3.0
"""What is believed of a change of an agent that nobody knows: one in four is kept."""
_FIRST_GAIN = 0.02
"""Score that a kept change gains, before any has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What became of one agent's passes, as the kernel counts it.

    Attributes:
        passes: how often it was asked.
        changes: proposals of its that were concluded: accepted, rejected, left undecided or refused.
        kept: how many of them were accepted.
        gain: what the judge believes that these add to the score, together; each at least 0.
        programs: what its calls and the trials of its changes have cost.
    """

    passes: int = 0
    changes: int = 0
    kept: int = 0
    gain: float = 0.0
    programs: int = 0


def choose(agents: Sequence[str], credits: Mapping[str, Credit], rng: random.Random) -> str:
    """The name of the agent that is asked next; whoever was never asked goes first, in their order.

    Args:
        agents: names, at least one.
        credits: what is known of them; of those that are missing, nothing.
        rng: the only source of chance.
    """
    known = {name: credits.get(name, Credit()) for name in agents}
    fresh = next((name for name, credit in known.items() if not credit.passes), None)
    if fresh is not None or len(known) == 1:
        return fresh or agents[0]
    together = _sum(known.values())
    drawn = {name: _drawn(credit, together, rng) for name, credit in known.items()}
    return max(drawn, key=lambda name: drawn[name])


def _drawn(credit: Credit, together: Credit, rng: random.Random) -> float:
    """Gain per program of the next pass, one sample."""
    success = rng.betavariate(_KEPT + credit.kept, _NOT_KEPT + max(0, credit.changes - credit.kept))
    usual = (_FIRST_GAIN + together.gain) / (1 + together.kept)
    mean = (usual + credit.gain) / (1 + credit.kept)
    size = mean * rng.gammavariate(1.0 + credit.kept, 1.0) / (1.0 + credit.kept)
    number = (together.changes / together.passes + credit.changes) / (1 + credit.passes)
    price = (together.programs / together.passes + credit.programs) / (1 + credit.passes)
    return success * size * number / max(1.0, price)


def _sum(credits: Iterable[Credit]) -> Credit:
    listed = list(credits)
    return Credit(
        passes=sum(one.passes for one in listed),
        changes=sum(one.changes for one in listed),
        kept=sum(one.kept for one in listed),
        gain=sum(one.gain for one in listed),
        programs=sum(one.programs for one in listed),
    )
