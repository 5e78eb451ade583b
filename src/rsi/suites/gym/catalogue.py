"""All problems of the gym, in three groups that share no family."""

from collections.abc import Mapping, Sequence

from rsi.core.records import Pool
from rsi.suites.gym.problem import Problem
from rsi.suites.gym.problems import (
    bandit,
    bin_packing,
    bit_predictor,
    cache,
    compression,
    controller,
    dilemma,
    hash_mixing,
    job_shop,
    knapsack,
    learning_rule,
    list_search,
    regression,
    spam_filter,
    tour,
    tracking,
)

__all__ = ["PROBLEMS", "problems_of"]

_MODULES = (
    *(bin_packing, cache, controller, bit_predictor, learning_rule, tour),
    *(job_shop, spam_filter, regression, bandit, knapsack),
    *(hash_mixing, dilemma, compression, list_search, tracking),
)
PROBLEMS: Mapping[str, Problem] = {module.PROBLEM.name: module.PROBLEM for module in _MODULES}
"""Every problem by its name."""


def problems_of(pool: Pool) -> Sequence[Problem]:
    """The problems that a pool's cases come from; those for calibration come from the judge's."""
    group = Pool.JUDGE if pool is Pool.CALIBRATION else pool
    return [problem for problem in PROBLEMS.values() if problem.group is group]
