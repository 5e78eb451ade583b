"""Cases and their scores: list functions, the gym of improvement problems, tasks from outside, and the secret seeds behind them."""

from rsi.suites.guarded import Guarded
from rsi.suites.gym import Gym
from rsi.suites.list_functions import ListFunctions
from rsi.suites.outside import outside_cases
from rsi.suites.registry import suite
from rsi.suites.scoring import score_by_probes
from rsi.suites.seasons import Seasonal
from rsi.suites.seeds import commitment, season_seed, secret_seeds

__all__ = [
    "Guarded",
    "Gym",
    "ListFunctions",
    "Seasonal",
    "commitment",
    "outside_cases",
    "score_by_probes",
    "season_seed",
    "secret_seeds",
    "suite",
]
