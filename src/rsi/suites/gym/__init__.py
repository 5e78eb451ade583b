"""A gym for improvers: sixteen small programs with head-room, in three groups of families that share none."""

from rsi.suites.gym.problem import Problem
from rsi.suites.gym.rehearsal import Rehearsal
from rsi.suites.gym.suite import EVALUATOR, Gym, guest_files

__all__ = ["EVALUATOR", "Gym", "Problem", "Rehearsal", "guest_files"]
