"""What a log says of a run: capability of its versions, fates of its proposals, costs, and what it could have seen."""

from rsi.analytics.calibrated import Calibrated
from rsi.analytics.capability import Capability, capability_of
from rsi.analytics.growth import ENOUGH, Gain, Growth, Law, Point, Trend, growth_of, growth_of_gains
from rsi.analytics.ledger import NOTHING, Query, Use, ledger_of
from rsi.analytics.pace import pace_of
from rsi.analytics.progress import Attempt, Chosen, Costs, Failure, Fate, Incumbent, Models, Progress, Retreat, Share, Tried, retests_of
from rsi.analytics.safeguard import Harm, SafetyCertificate
from rsi.analytics.sight import Outcome, Sight, outcome_of, sight_of, tried_of
from rsi.analytics.tracker import BASELINE, Tracker, progress_of

__all__ = [
    "BASELINE",
    "ENOUGH",
    "NOTHING",
    "Attempt",
    "Calibrated",
    "Capability",
    "Chosen",
    "Costs",
    "Failure",
    "Fate",
    "Gain",
    "Growth",
    "Harm",
    "Incumbent",
    "Law",
    "Models",
    "Outcome",
    "Point",
    "Progress",
    "Query",
    "Retreat",
    "SafetyCertificate",
    "Share",
    "Sight",
    "Tracker",
    "Trend",
    "Tried",
    "Use",
    "capability_of",
    "growth_of",
    "growth_of_gains",
    "ledger_of",
    "outcome_of",
    "pace_of",
    "progress_of",
    "retests_of",
    "sight_of",
    "tried_of",
]
