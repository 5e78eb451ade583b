"""Decides whether a change is better: paired e-process, run-level error budget, anytime-valid intervals, the certificate."""

from rsi.kernel.judge.certificate import certify
from rsi.kernel.judge.eprocess import PairedEProcess
from rsi.kernel.judge.interval import effect_of, interval, wilson
from rsi.kernel.judge.paired import Futility, PairedJudge
from rsi.kernel.judge.spending import AlphaSpending

__all__ = ["AlphaSpending", "Futility", "PairedEProcess", "PairedJudge", "certify", "effect_of", "interval", "wilson"]
