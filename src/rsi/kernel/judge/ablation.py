"""Which edits of a version's lineage carry its gain: each is switched on and off at random, all at once, from the start of the lineage.

A long lineage has edits that do nothing and some that hurt; a tree search cannot tell them apart, one factorial race over all of them can.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from rsi.kernel.judge.entrants import Rule, Settings, Standing
from rsi.kernel.judge.prior import Prior, learn
from rsi.kernel.judge.race import Race

__all__ = ["ablated", "ablation_race", "e_bh", "worth_keeping"]

_PRIOR = Prior(better=0.3, worse=0.2)
_WINNERS = 0.5


def ablation_race(edits: Sequence[str], budget: int, rng: random.Random) -> Race:
    """A race over all edits of a lineage at once, in which nobody is accepted or dropped: draw and observe until the budget is spent."""
    size = max(len(edits), 1)
    race = Race(Settings(budget=budget, slots=size, horizon=size, rule=Rule.REPORT, prior=_PRIOR), rng)
    for edit in edits:
        race.open(edit)
    return race


def ablated(race: Race) -> tuple[Standing, ...]:
    """All edits of the lineage with what is believed of them under a prior that is learnt from the lineage itself; best first."""
    standings = race.state().open
    prior = learn(_PRIOR, [standing.estimate for standing in standings])
    return tuple(replace(standing, belief=prior.believe(standing.estimate)) for standing in standings)


def worth_keeping(race: Race) -> tuple[Standing, ...]:
    """Those of them with P(better) ≥ ½; best first."""
    return tuple(standing for standing in ablated(race) if standing.belief.p_better >= _WINNERS)


def e_bh(race: Race, alpha: float = 0.10) -> tuple[Standing, ...]:
    """The edits that may be certified with a false-discovery rate ≤ α under any dependence (e-BH, Wang and Ramdas 2022), best first."""
    ranked = sorted(race.state().open, key=lambda standing: (-standing.log_e, standing.edit))
    enough = [place for place, standing in enumerate(ranked, start=1) if standing.log_e >= math.log(len(ranked) / (alpha * place))]
    return tuple(ranked[: max(enough, default=0)])
