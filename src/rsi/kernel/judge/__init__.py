"""Decides whether a change is better, and what may be claimed of it: a library of its own that needs nothing but records and errors.

Many edits that combine: `Race`. Versions that do not: `Family`, then `ablation_race`. Two versions:
`PairedJudge`, `Comparison`. A release: `certify`. What could be seen at all: `calibration_of`, `power_table`.
Two frozen improvers: `ratio_of`; a line of them: `compounding`.
"""

from rsi.kernel.judge.ablation import ablated, ablation_race, e_bh, worth_keeping
from rsi.kernel.judge.calibration import Calibration, calibration_of, saturated_end
from rsi.kernel.judge.certificate import certify
from rsi.kernel.judge.claims import Claim, claim_of, joined
from rsi.kernel.judge.comparison import Comparison, Finding
from rsi.kernel.judge.credit import Credit, choose
from rsi.kernel.judge.entrants import Closed, Draw, Ending, Rule, Settings, Standing, State
from rsi.kernel.judge.eprocess import PairedEProcess
from rsi.kernel.judge.gain_power import GainPower, gain_power, pairs_at_best
from rsi.kernel.judge.interval import effect_of, interval, wilson
from rsi.kernel.judge.paired import Futility, PairedJudge
from rsi.kernel.judge.power import (
    Power,
    Prospect,
    power_table,
    race_visible_effect,
    residual_variance,
    resolution_floor,
    smallest_visible_effect,
)
from rsi.kernel.judge.predictions import Bin, Skill, TrackRecord
from rsi.kernel.judge.prior import Belief, Estimate, Prior, estimate_of, learn
from rsi.kernel.judge.race import Fits, Race, Row
from rsi.kernel.judge.ratio import Pair, Ratio, ratio_of
from rsi.kernel.judge.recursion import Compounding, Episode, Record, Step, area_under, compounding, pairs_of, record_of
from rsi.kernel.judge.rota import CaseRota
from rsi.kernel.judge.rounds import ABREAST, Round
from rsi.kernel.judge.safety import Safeguard, SafetyEvidence, fewest_pairs
from rsi.kernel.judge.spending import AlphaSpending
from rsi.kernel.judge.tree import Course, Family, FamilySettings, course_for

__all__ = [
    "ABREAST",
    "AlphaSpending",
    "Belief",
    "Bin",
    "Calibration",
    "CaseRota",
    "Claim",
    "Closed",
    "Comparison",
    "Compounding",
    "Course",
    "Credit",
    "Draw",
    "Ending",
    "Episode",
    "Estimate",
    "Family",
    "FamilySettings",
    "Finding",
    "Fits",
    "Futility",
    "GainPower",
    "Pair",
    "PairedEProcess",
    "PairedJudge",
    "Power",
    "Prior",
    "Prospect",
    "Race",
    "Ratio",
    "Record",
    "Round",
    "Row",
    "Rule",
    "Safeguard",
    "SafetyEvidence",
    "Settings",
    "Skill",
    "Standing",
    "State",
    "Step",
    "TrackRecord",
    "ablated",
    "ablation_race",
    "area_under",
    "calibration_of",
    "certify",
    "choose",
    "claim_of",
    "compounding",
    "course_for",
    "e_bh",
    "effect_of",
    "estimate_of",
    "fewest_pairs",
    "gain_power",
    "interval",
    "joined",
    "learn",
    "pairs_at_best",
    "pairs_of",
    "power_table",
    "race_visible_effect",
    "ratio_of",
    "record_of",
    "residual_variance",
    "resolution_floor",
    "saturated_end",
    "smallest_visible_effect",
    "wilson",
    "worth_keeping",
]
